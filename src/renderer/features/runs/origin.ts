import type { MasksSince, RunDetail } from '#shared/contract/runs';
import { originFacts } from '#shared/training/origin-facts';
import type { CompareRow } from '#shared/training/compare-settings';

/** Where runs come from: every fact of one, and of several those in which they differ. */
export function originRows(runs: readonly RunDetail[]): CompareRow[] {
  const facts = runs.map(originFacts);
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
