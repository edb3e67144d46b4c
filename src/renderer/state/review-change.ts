import { runDetails } from './run-history.ts';
import type { Session } from './session.svelte.ts';

/** What was done since a run: labels of its images that changed, and the seconds that somebody worked on these. */
export interface WorkSince {
  images: number;
  seconds: number;
}

/** What was done on the labels of a run's images since it read them. */
export async function workSince(session: Session, runId: string): Promise<WorkSince> {
  const [{ masks }] = await runDetails(session, [runId]);
  return { images: masks.changed.length, seconds: masks.changed.reduce((sum, id) => sum + session.work.secondsOf(id), 0) };
}
