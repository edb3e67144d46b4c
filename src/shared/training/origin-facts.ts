import { localTime } from '../local-time.ts';
import { memoryText } from './memory-text.ts';
import { precisionText } from './precision.ts';
import type { OriginWeights, RunOrigin } from './run-origin.ts';

/** What of a run its origin is told with. */
export interface OfRun {
  origin: RunOrigin | null;
  codeVersion: string;
  datasetFingerprint: string;
  seed: number;
}

const unknown = 'not recorded';

function weightsText(weights: OriginWeights | null): string {
  if (!weights) return 'at random';
  const { run, epoch, taken, tensors, file } = weights;
  const whose = run ? `of the run "${run.name}"` : `of ${file}`;
  return `${whose}${epoch === null ? '' : `, epoch ${epoch}`}: ${taken} of ${tensors} tensors`;
}

/** Where a run comes from, fact by fact, in words. */
export function originFacts({ origin, codeVersion, datasetFingerprint, seed }: OfRun): [name: string, value: string][] {
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
    ['Processor', first ? `${first.machine.processor}, ${first.machine.cores} cores, ${memoryText(first.machine.memoryMb)}` : unknown],
    ['System', first ? `${first.machine.system}, ${first.machine.device}, ${first.machine.library}` : unknown],
    ['Reckoned in', first?.precision ? precisionText(first.precision) : first ? 'float32' : unknown],
    [
      'Went on',
      later.length === 0
        ? 'never'
        : later.map(({ startedAt, epoch }) => `${localTime(startedAt).slice(0, 16)} after epoch ${epoch}`).join('; '),
    ],
  ];
}
