import type { ClassInfo } from '../classes/class-info.ts';
import type { Cell, Table } from '../csv.ts';
import type { EpochMetrics } from './messages.ts';

type Column = [name: string, value: (row: EpochMetrics) => Cell];

const reference: Column[] = [
  ['epoch', (row) => row.epoch],
  ['loss', (row) => row.loss],
  ['train_acc', (row) => row.trainAccuracy],
  ['test_acc', (row) => row.validationAccuracy],
  ['time', (row) => row.timeSeconds],
];
const miou: Column = ['miou', (row) => row.miou];

/**
 * A run's epochs as a table; times in seconds, fractions 0 … 1.
 * @param form 'reference' has the reference's five columns first; 'command-line' the order of metrics.csv, with miou before time
 */
export function metricsTable(history: readonly EpochMetrics[], classes: readonly ClassInfo[], form: 'reference' | 'command-line'): Table {
  const first = form === 'reference' ? [...reference, miou] : [...reference.slice(0, 4), miou, reference[4]];
  const columns: Column[] = [
    ...first,
    ['learning_rate', (row) => row.learningRate],
    ['epoch_seconds', (row) => row.epochSeconds],
    ['validation_loss', (row) => row.validationLoss],
    ...classes.map(({ name }, id): Column => [`iou_${name}`, (row) => row.perClassIou[id] ?? null]),
  ];
  return { header: columns.map(([name]) => name), rows: history.map((row) => columns.map(([, value]) => value(row))) };
}
