import writeExcelFile from 'write-excel-file/node';
import type { RunDetail } from '#shared/contract/runs';
import type { ClassInfo } from '#shared/training/messages';

type Value = string | number | null;

interface Table {
  header: string[];
  rows: Value[][];
}

/** The reference's columns (epoch, loss, train_acc, test_acc, time) first, in its order; then what it did not record. */
function epochTable(run: RunDetail, classes: readonly ClassInfo[]): Table {
  return {
    header: ['epoch', 'loss', 'train_acc', 'test_acc', 'time', 'miou', 'learning_rate', 'epoch_seconds', ...classes.map(({ name }) => `iou_${name}`)],
    rows: run.epochs.map((row) => [row.epoch, row.loss, row.trainAccuracy, row.validationAccuracy, row.timeSeconds, row.miou, row.learningRate, row.epochSeconds, ...row.perClassIou]),
  };
}

const quote = (value: Value): string => (/[",\n]/.test(String(value ?? '')) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ''));

/** One line an epoch, comma separated. */
export function runCsv(run: RunDetail, classes: readonly ClassInfo[]): string {
  const { header, rows } = epochTable(run, classes);
  return [header, ...rows].map((row) => row.map(quote).join(',')).join('\n') + '\n';
}

/** The same table as a workbook. */
export async function runXlsx(run: RunDetail, classes: readonly ClassInfo[]): Promise<Uint8Array> {
  const { header, rows } = epochTable(run, classes);
  const data = [
    header.map((value) => ({ value, fontWeight: 'bold' as const })),
    ...rows.map((row) => row.map((value) => (value === null ? null : { value, type: typeof value === 'number' ? Number : String }))),
  ];
  const file = await writeExcelFile(data as never, { sheet: 'epochs', stickyRowsCount: 1 } as never).toBuffer();
  return new Uint8Array(file);
}
