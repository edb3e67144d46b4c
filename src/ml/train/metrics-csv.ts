import type { ClassInfo, EpochMetrics } from '#shared/training/messages';

/** The run's history as CSV, the reference's columns first: epoch, loss, train_acc, test_acc, miou, time. */
export function metricsCsv(history: readonly EpochMetrics[], classes: readonly ClassInfo[]): string {
  const header = ['epoch', 'loss', 'train_acc', 'test_acc', 'miou', 'time', 'learning_rate', 'epoch_seconds', ...classes.map(({ name }) => `iou_${name}`)];
  const rows = history.map((row) => [row.epoch, row.loss, row.trainAccuracy, row.validationAccuracy, row.miou, row.timeSeconds, row.learningRate,
    row.epochSeconds, ...row.perClassIou.map((iou) => iou ?? '')]);
  return [header, ...rows].map((row) => row.map(quote).join(',')).join('\n') + '\n';
}

const quote = (value: string | number): string => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
