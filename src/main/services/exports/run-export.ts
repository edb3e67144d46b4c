import writeExcelFile from 'write-excel-file/node';
import type { RunDetail } from '#shared/contract/runs';
import type { ClassInfo } from '#shared/training/messages';
import { metricsTable, toCsv } from '#shared/training/metrics-table';

/** A run's epochs as CSV, the reference's columns first. */
export function runCsv(run: RunDetail, classes: readonly ClassInfo[]): string {
  return toCsv(metricsTable(run.epochs, classes, 'reference'));
}

/** The same table as a workbook. */
export async function runXlsx(run: RunDetail, classes: readonly ClassInfo[]): Promise<Uint8Array> {
  const { header, rows } = metricsTable(run.epochs, classes, 'reference');
  const data = [
    header.map((value) => ({ value, fontWeight: 'bold' as const })),
    ...rows.map((row) => row.map((value) => (value === null ? null : { value, type: typeof value === 'number' ? Number : String }))),
  ];
  const file = await writeExcelFile(data as never, { sheet: 'epochs', stickyRowsCount: 1 } as never).toBuffer();
  return new Uint8Array(file);
}
