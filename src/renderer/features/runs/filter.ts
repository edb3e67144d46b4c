import type { RunSummary } from '#shared/contract/runs';

/** Runs that have every word of the text in name, preset, status, tags or note, and the tag if one is given. */
export function filterRuns(runs: readonly RunSummary[], text: string, tag: string): RunSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    const content = `${run.name} ${run.preset} ${run.status} ${run.sweep ?? ''} ${run.tags.join(' ')} ${run.note}`.toLowerCase();
    return (tag === '' || run.tags.includes(tag)) && words.every((word) => content.includes(word));
  });
}

/** By what a table of runs is ordered. */
export type RunOrder =
  'name' | 'status' | 'miou' | 'gain' | 'lastMiou' | 'bestEpoch' | 'epochs' | 'loss' | 'preset' | 'sweep' | 'device' | 'duration' | 'date';

/** What a run was reckoned on, and in; null before that is known. */
export const deviceWords = ({ device, precision }: RunSummary): string | null => [device, precision].filter(Boolean).join(', ') || null;

const keys: Record<RunOrder, (run: RunSummary) => string | number | null> = {
  name: ({ name }) => name,
  status: ({ status }) => status,
  miou: ({ bestMiou }) => bestMiou,
  // All of them are held against one: the order is that of the scores themselves.
  gain: ({ bestMiou }) => bestMiou,
  lastMiou: ({ lastMiou }) => lastMiou,
  bestEpoch: ({ bestEpoch }) => bestEpoch,
  epochs: ({ epochsDone }) => epochsDone,
  loss: ({ lastLoss }) => lastLoss,
  preset: ({ preset }) => preset,
  sweep: ({ sweep }) => sweep,
  device: deviceWords,
  duration: ({ durationSeconds }) => durationSeconds,
  date: ({ createdAt }) => createdAt,
};

function compared(a: string | number, b: string | number): number {
  return typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b), undefined, { numeric: true }) : a - b;
}

/** Runs in the order of a column, those that are alike the newest first; what has no score comes last either way. */
export function sortRuns(runs: readonly RunSummary[], { by, descending }: { by: RunOrder; descending: boolean }): RunSummary[] {
  const key = keys[by];
  return runs.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return (descending ? compared(other, one) : compared(one, other)) || compared(b.createdAt, a.createdAt);
  });
}
