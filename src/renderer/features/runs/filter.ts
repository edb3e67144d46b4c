import type { RunSummary } from '#shared/contract/runs';

/** Runs that have every word of the text in name, preset, status, tags or note, and the tag if one is given. */
export function filterRuns(runs: readonly RunSummary[], text: string, tag: string): RunSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    const content = `${run.name} ${run.preset} ${run.status} ${run.sweep ?? ''} ${run.tags.join(' ')} ${run.note}`.toLowerCase();
    return (tag === '' || run.tags.includes(tag)) && words.every((word) => content.includes(word));
  });
}
