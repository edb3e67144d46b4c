import { runDetails } from './run-history.ts';
import type { Session } from './session.svelte.ts';

/** What was done between two runs. */
export interface WorkSince {
  /** Images of the first whose labels have changed since. */
  images: number;
  /** Seconds that people worked on images between the starts of the two; null where that was not kept, and of runs the other way round. */
  seconds: number | null;
}

/** What was done on the labels between a run and another one, which began after it. */
export async function workSince(session: Session, before: string, after: string): Promise<WorkSince> {
  const [first, second] = await runDetails(session, [before, after]);
  const [from, to] = [first.workSeconds, second.workSeconds];
  const inOrder = first.summary.createdAt <= second.summary.createdAt;
  return { images: first.masks.changed.length, seconds: from === null || to === null || !inOrder ? null : Math.max(0, to - from) };
}
