import writeExcelFile from 'write-excel-file/node';
import type { RunDetail } from '#shared/contract/runs';
import type { ClassInfo } from '#shared/classes/class-info';
import { toCsv, type CsvForm, type Table } from '#shared/csv';
import { metricsTable } from '#shared/training/metrics-table';

/** A run with the classes its scores are of. */
export interface ExportedRun {
  run: RunDetail;
  classes: readonly ClassInfo[];
}

/** A run's epochs as CSV, the reference's columns first. */
export function runCsv({ run, classes }: ExportedRun, form: CsvForm): string {
  return toCsv(metricsTable(run.epochs, classes, 'reference'), form);
}

/** Everything about a run: settings, epochs, steps, checkpoints. */
const toJson = ({ run, classes }: ExportedRun) => ({ ...run, classes });

export function runJson(exported: ExportedRun): string {
  return `${JSON.stringify(toJson(exported), null, 1)}\n`;
}

/** One row a run: what the Runs table shows, tags and notes included. */
function summaryTable(runs: readonly ExportedRun[]): Table {
  const header = [
    'id',
    'name',
    'status',
    'preset',
    'best_miou',
    'best_epoch',
    'epochs_done',
    'epochs',
    'last_loss',
    'duration_seconds',
    'device',
    'precision',
    'seed',
    'created_at',
    'tags',
    'note',
    'code_version',
    'dataset_fingerprint',
    'config',
    'sweep',
    'measured_on',
    'validation',
  ];
  return {
    header,
    rows: runs.map(({ run: { summary, seed, codeVersion, datasetFingerprint, config, ownProtocol } }) => [
      summary.id,
      summary.name,
      summary.status,
      summary.preset,
      summary.bestMiou,
      summary.bestEpoch,
      summary.epochsDone,
      summary.epochs,
      summary.lastLoss,
      summary.durationSeconds,
      summary.device,
      summary.precision,
      seed,
      summary.createdAt,
      summary.tags.join(' '),
      summary.note,
      codeVersion,
      datasetFingerprint,
      JSON.stringify(config),
      summary.sweep,
      ownProtocol ?? summary.measured,
      summary.validation,
    ]),
  };
}

/** Every epoch of every run in one table. */
function epochsTable(runs: readonly ExportedRun[]): Table {
  const tables = runs.map(({ run, classes }) => ({ id: run.summary.id, table: metricsTable(run.epochs, classes, 'reference') }));
  const header = [...new Set(tables.flatMap(({ table }) => table.header))];
  return {
    header: ['run', ...header],
    rows: tables.flatMap(({ id, table }) =>
      table.rows.map((row) => [id, ...header.map((name) => (table.header.includes(name) ? row[table.header.indexOf(name)] : null))]),
    ),
  };
}

/** Tables as a workbook, a sheet each with a bold, fixed header. */
async function toXlsx(sheets: readonly { name: string; table: Table }[]): Promise<Uint8Array> {
  const pages = sheets.map(({ name, table: { header, rows } }) => ({
    sheet: name,
    stickyRowsCount: 1,
    data: [
      header.map((value) => ({ value, fontWeight: 'bold' as const })),
      ...rows.map((row) => row.map((value) => (value === null ? null : { value, type: typeof value === 'number' ? Number : String }))),
    ],
  }));
  return new Uint8Array(await writeExcelFile(pages as never).toBuffer());
}

/** A run's epochs as a workbook. */
export function runXlsx({ run, classes }: ExportedRun): Promise<Uint8Array> {
  return toXlsx([{ name: 'epochs', table: metricsTable(run.epochs, classes, 'reference') }]);
}

/** Every run: a sheet of runs and a sheet of epochs. */
export function historyXlsx(runs: readonly ExportedRun[]): Promise<Uint8Array> {
  return toXlsx([
    { name: 'runs', table: summaryTable(runs) },
    { name: 'epochs', table: epochsTable(runs) },
  ]);
}

/** Every run, one row each. */
export function historyCsv(runs: readonly ExportedRun[], form: CsvForm): string {
  return toCsv(summaryTable(runs), form);
}

/** Everything about every run, one after the other: together they may be longer than a text can be. */
export async function* historyJson(runs: AsyncIterable<ExportedRun>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const run of runs) {
    yield `${separator}${JSON.stringify(toJson(run))}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}
