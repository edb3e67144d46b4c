// How a data set is read: looked at before it is opened, and changed while it is.
import { counted } from '#shared/counted';
import type { DatasetInfo, ImportLook } from '#shared/contract/datasets';
import type { ArrangementChange, KnownClassSet } from '#shared/data/advice';
import type { Arrangement, OpenArrangement } from '#shared/data/arrangement';
import { AppError, messageOf } from '#shared/errors';
import type { Session } from './session.svelte.ts';
import { offerBack } from './way-back.ts';

/** What a folder holds. @param arrangement how it would be read; null has it recognised */
export const lookAtFolder = ({ client }: Session, path: string, arrangement: OpenArrangement | null): Promise<ImportLook> =>
  client.datasets.look({ path, arrangement });

/** Opens a folder as a person says, which is kept in it. */
export const openAs = (session: Session, path: string, arrangement: Arrangement): Promise<DatasetInfo> =>
  session.open(() => session.client.datasets.openAs({ path, arrangement }));

export const knownClassSets = ({ client }: Session): Promise<KnownClassSet[]> => client.datasets.classSets();

/**
 * Gives the open data set other classes, and offers to take that back.
 * @param rewritten what of masks is written as it is read from now on
 * @throws AppError 'busy' while it is trained or predicted, and as opening a data set
 */
export async function changeClasses(session: Session, change: ArrangementChange, rewritten: readonly string[]): Promise<void> {
  const { client, dataset } = session;
  if (!dataset) return;
  const before = dataset.isArranged ? dataset.arrangement : null;
  await session.open(() => client.datasets.arrange({ arrangement: { ...dataset.arrangement, ...change } }));
  const left = session.dataset!.arrangement;
  const imageIds = [...session.images.values()].filter(({ hasMask }) => hasMask).map(({ id }) => id);
  // The classes have changed by now: what keeps masks from being rewritten is told beside that, and is taken back with it.
  const report = rewritten.length > 0 && imageIds.length > 0 ? await rewriteMasks(session, imageIds, rewritten) : { done: [], failed: [] };
  const files = report.done.length > 0 ? `${report.done.length} masks were rewritten, each is kept as it was` : 'Files keep what they hold';
  offerBack(session, {
    of: dataset,
    text: `The classes are changed. ${files}.`,
    back: () => takeClassesBack(session, { before, left }, report.done),
    ...(report.done.length > 0
      ? { afterwards: 'Each mask as it was is in the history of its image, and classes can be changed again.' }
      : {}),
  });
  if (report.failed.length > 0)
    session.toasts.show('error', `Not every mask was rewritten (${report.failed.length}), the first: ${report.failed[0]}`);
}

async function rewriteMasks({ client }: Session, imageIds: string[], of: readonly string[]): Promise<{ done: string[]; failed: string[] }> {
  try {
    return await client.edits.rewrite({ imageIds, of: [...of] });
  } catch (error) {
    return { done: [], failed: [messageOf(error)] };
  }
}

/** @throws AppError 'conflict' if a rewritten mask cannot be put back: it needs the classes that it is read by */
async function takeClassesBack(session: Session, { before, left }: Readings, rewritten: readonly string[]): Promise<void> {
  const { client } = session;
  assertAsLeft(session, left);
  if (rewritten.length > 0) {
    const { done, failed } = await client.edits.unrepair({ imageIds: [...rewritten] });
    const left = rewritten.length - done.length;
    if (left > 0)
      throw new AppError(
        'conflict',
        `${left} masks could not be put back, so the classes stay as they are: ${failed[0] ?? 'it was stopped'}`,
      );
  }
  await session.open(() => client.datasets.arrange({ arrangement: before }));
}

/** How a data set was read before a change and after it; null where nothing was kept of that. */
interface Readings {
  before: Arrangement | null;
  left: Arrangement;
}

/** @throws AppError 'conflict' if how a data set is read was changed again: what goes back to before would take that along */
function assertAsLeft({ dataset }: Session, left: Arrangement): void {
  if (dataset && JSON.stringify(dataset.arrangement) !== JSON.stringify(left))
    throw new AppError('conflict', 'How the data set is read was changed again since: take that back first');
}

async function takeReadingBack(session: Session, { before, left }: Readings): Promise<void> {
  assertAsLeft(session, left);
  await session.open(() => session.client.datasets.arrange({ arrangement: before }));
}

/**
 * Reads the open data set in another way, and offers to take that back.
 * @param done what has happened, in words
 * @throws AppError 'busy' while it is trained or predicted, and as opening a data set
 */
export async function readOtherwise(
  session: Session,
  change: ArrangementChange & Partial<Pick<Arrangement, 'splits'>>,
  done: string,
): Promise<void> {
  const { dataset, client } = session;
  if (!dataset) return;
  const before = dataset.isArranged ? dataset.arrangement : null;
  await session.open(() => client.datasets.arrange({ arrangement: { ...dataset.arrangement, ...change } }));
  const left = session.dataset!.arrangement;
  offerBack(session, { of: dataset, text: done, back: () => takeReadingBack(session, { before, left }), again: true });
}

/** Reads the open folder again, and says what is another than before. */
export async function refreshDataset(session: Session): Promise<void> {
  const before = new Set(session.images.keys());
  await session.attempt(async () => {
    await session.open(() => session.client.datasets.refresh());
    const added = [...session.images.keys()].filter((id) => !before.has(id)).length;
    const gone = [...before].filter((id) => !session.images.has(id)).length;
    const told = [...(added > 0 ? [`${added} new`] : []), ...(gone > 0 ? [`${gone} gone`] : [])].join(', ');
    session.toasts.show('info', `The folder was read again: ${counted(session.images.size, 'image')}${told ? `, ${told}` : ''}.`);
  });
}
