import type { RunDetail } from '#shared/contract/runs';
import { AppError, messageOf } from '#shared/errors';
import { fineTuned } from '#shared/training/fine-tune';
import { runDetails } from './run-history.ts';
import type { Session } from './session.svelte.ts';

/** What a resume is refused for that a new run is not: other classes, images or masks than the run's own. */
const refusals: ReadonlySet<string> = new Set(['invalid-argument', 'not-found']);

/** Leaves a run's settings where the Train place finds them. @param weights whether the new run starts from what this one learnt */
export function runAgain(session: Session, { config, summary }: Pick<RunDetail, 'config' | 'summary'>, weights: boolean): void {
  const startFrom = weights && summary.hasCheckpoint ? summary.id : null;
  const name = `${summary.name} again`.slice(0, 120);
  session.recipes.send({ presetName: config.preset, config, name, startFrom }, `The settings are those of "${summary.name}" now.`);
  session.go('train');
}

/** Leaves a finished run's settings, to be trained on from what it has learnt, with a schedule of its own. */
export function trainOn(session: Session, { config, summary }: Pick<RunDetail, 'config' | 'summary'>): void {
  const name = `${summary.name}, trained on`.slice(0, 120);
  const recipe = { presetName: config.preset, config: fineTuned(config), name, startFrom: summary.id };
  session.recipes.send(recipe, `The settings go on from "${summary.name}" now.`);
  session.go('train');
}

/** Goes on with a run. Where that is refused, its settings on today's data are offered. @returns whether it goes on */
export async function resumeRun(session: Session, runId: string): Promise<boolean> {
  try {
    await session.client.training.resumeRun({ runId });
    return true;
  } catch (error) {
    const again = () =>
      void session.attempt(async () => {
        const [run] = await runDetails(session, [runId]);
        runAgain(session, run, true);
      });
    const offered = error instanceof AppError && refusals.has(error.code) ? [{ label: "Run again on today's data", run: again }] : [];
    session.toasts.show('error', messageOf(error), ...offered);
    return false;
  }
}
