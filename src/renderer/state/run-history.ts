import type { KeptMasksUse } from '#shared/contract/edits';
import type { DiskUse, RunDetail, RunSummary } from '#shared/contract/runs';
import { counted } from '#shared/counted';
import type { Session } from './session.svelte.ts';
import { offerBack } from './way-back.ts';

/** What runs take on the disk. */
export const diskUse = ({ client }: Session): Promise<DiskUse> => client.runs.diskUse();

/** The runs that were deleted and can be restored. */
export async function deletedRuns({ client }: Session): Promise<RunSummary[]> {
  return (await client.runs.list({ withDeleted: true })).filter((run) => run.deleted);
}

/** Runs with their epochs and settings, without their steps. */
export const runDetails = ({ client }: Session, ids: readonly string[]): Promise<RunDetail[]> =>
  Promise.all(ids.map((runId) => client.runs.get({ runId, stepsAfter: Number.MAX_SAFE_INTEGER })));

/** @returns whether it was restored; why not is told */
export const restoreRun = (session: Session, runId: string): Promise<boolean> =>
  session.attempt(() => session.client.runs.restore({ runId }));

/** Deletes a run, which can be undone. @returns whether it was deleted; why not is told */
export async function deleteRun(session: Session, runId: string): Promise<boolean> {
  const { dataset: of } = session;
  const name = session.runs.find(({ id }) => id === runId)?.name ?? runId;
  if (!(await session.attempt(() => session.client.runs.delete({ runId })))) return false;
  offerBack(session, { of, text: `Run "${name}" was deleted.`, back: () => session.client.runs.restore({ runId }) });
  return true;
}

/** Deletes several runs, which one click undoes. @returns those that were deleted; why others were not is told */
export async function deleteRuns(session: Session, runIds: readonly string[]): Promise<string[]> {
  const { dataset: of, client } = session;
  const deleted: string[] = [];
  for (const runId of runIds) if (await session.attempt(() => client.runs.delete({ runId }))) deleted.push(runId);
  const back = async () => {
    for (const runId of deleted) await client.runs.restore({ runId });
  };
  if (deleted.length > 0) offerBack(session, { of, text: `${counted(deleted.length, 'run', ['was', 'were'])} deleted.`, back });
  return deleted;
}

export function annotateRun(session: Session, runId: string, changes: { tags?: string[]; note?: string }): void {
  void session.attempt(() => session.client.runs.annotate({ runId, ...changes }));
}

/** @returns whether it has the name now; why not is told */
export const renameRun = (session: Session, runId: string, name: string): Promise<boolean> =>
  session.attempt(() => session.client.runs.rename({ runId, name }));

/** What kept masks take on the disk. */
export const keptMasks = ({ client }: Session): Promise<KeptMasksUse> => client.edits.keptMasks();

/** Removes the earlier masks that nothing needs. */
export const freeMasks = ({ client }: Session): Promise<KeptMasksUse> => client.edits.freeMasks();

/** Removes deleted runs for good. */
export const purgeDeletedRuns = ({ client }: Session): Promise<DiskUse> => client.runs.purgeDeleted();

/** The model that comes with the workbench; null where it does not predict the data set's classes. */
export const starterModel = ({ client }: Session): Promise<{ title: string; miou: number; protocol: string } | null> =>
  client.runs.starter();

/** Adds that model as a finished run. @returns the run's id */
export const addStarter = async ({ client }: Session): Promise<string> => (await client.runs.addStarter()).id;
