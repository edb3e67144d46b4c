import type { MasksSince, RunDetail } from '#shared/contract/runs';
import type { OriginWeights } from '#shared/training/run-origin';
import { megabytes } from '../../ui/format.ts';
import type { CompareRow } from './compare.ts';

const unknown = 'not recorded';

function weightsText(weights: OriginWeights | null): string {
  if (!weights) return 'at random';
  const { run, epoch, taken, tensors, file } = weights;
  const whose = run ? `of the run "${run.name}"` : `of ${file}`;
  return `${whose}${epoch === null ? '' : `, epoch ${epoch}`}: ${taken} of ${tensors} tensors`;
}

/** Where a run comes from, fact by fact. */
function factsOf({ origin, codeVersion, datasetFingerprint, seed }: RunDetail): [name: string, value: string][] {
  const first = origin?.sessions[0];
  const later = origin?.sessions.slice(1) ?? [];
  return [
    ['Weights at the start', origin ? weightsText(origin.weights) : unknown],
    ['sha256 of their file', origin ? (origin.weights?.sha256.slice(0, 16) ?? '–') : unknown],
    ['Images', origin ? `${origin.data.train} to train on, ${origin.data.validation} to validate` : unknown],
    ['Fingerprint of images and masks', origin?.data.fingerprint ?? (datasetFingerprint || unknown)],
    ['Folder', origin?.data.folder ?? unknown],
    ['Seed', String(seed)],
    ['Started', first ? (first.command === null ? 'in a window' : first.command) : unknown],
    ['Code', first?.codeVersion ?? codeVersion],
    ['Processor', first ? `${first.machine.processor}, ${first.machine.cores} cores, ${megabytes(first.machine.memoryMb)}` : unknown],
    ['System', first ? `${first.machine.system}, ${first.machine.device}, ${first.machine.library}` : unknown],
    [
      'Went on',
      later.length === 0 ? 'never' : later.map(({ startedAt, epoch }) => `${startedAt.slice(0, 16)} after epoch ${epoch}`).join('; '),
    ],
  ];
}

/** Where runs come from: every fact of one, and of several those in which they differ. */
export function originRows(runs: readonly RunDetail[]): CompareRow[] {
  const facts = runs.map(factsOf);
  const rows = (facts[0] ?? []).map(([name], i) => ({ name, values: facts.map((of) => of[i][1]) }));
  return runs.length > 1 ? rows.filter(({ values }) => new Set(values).size > 1) : rows;
}

const masksOf = (count: number) => (count === 1 ? 'mask' : 'masks');

/** What is known of the masks that a run read, held against today's. */
export function masksText({ read, changed, gone, unsure }: MasksSince): string {
  if (read === 0) return 'which masks it read is not recorded';
  const parts = [
    changed.length > 0 ? `${changed.length} of its ${read} masks changed since` : '',
    gone.length > 0 ? `${gone.length} of its ${read} images ${gone.length === 1 ? 'is' : 'are'} not in the data set any more` : '',
  ].filter(Boolean);
  const found = parts.join(', ') || (unsure === 0 ? `all ${read} masks are as it saw them` : '');
  return [found, unsure > 0 ? `${unsure} ${masksOf(unsure)} not looked at yet` : ''].filter(Boolean).join(', ');
}
