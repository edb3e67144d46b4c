// What can be done about images that cannot be used as they are.
import type { RepairKind } from '#shared/contract/edits';
import type { ProblemGroup } from '#shared/data/problem-groups';
import type { Progress } from '#shared/throttled-progress';
import type { Session } from './session.svelte.ts';
import { offerBack } from './way-back.ts';

export interface Fix {
  label: string;
  /** What it does, and what becomes of what was there. */
  hint: string;
  /** Never rejects: what goes wrong is told. */
  run: () => Promise<unknown>;
}

const repairs: Record<RepairKind, Omit<Fix, 'run'>> = {
  fit: {
    label: 'Fit to image',
    hint: 'Scales a mask to the size of its image; every pixel takes the nearest label, and none is mixed',
  },
  'as-photo': {
    label: 'Turn as the photo',
    hint: 'Turns or mirrors each mask as its photo is before it is shown, by the orientation that the photo says it has',
  },
  'turn-left': { label: 'Turn left', hint: 'Turns the mask by 90° against the clock' },
  'turn-right': { label: 'Turn right', hint: 'Turns the mask by 90° with the clock' },
  convert: { label: 'Convert to PNG', hint: 'Writes a TIFF or BMP mask as a PNG beside it; the file as it was is kept' },
  begin: { label: 'Begin anew', hint: 'Begins an empty mask; the file as it was is kept in the history of the mask' },
};

/** What helps with all images of a group. */
export function fixesFor(session: Session, group: ProblemGroup): Fix[] {
  const made = (hows: RepairKind[]): Fix[] => hows.map((how) => ({ ...repairs[how], run: () => repairMasks(session, group, how) }));
  const problems = group.imageIds.flatMap((id) => session.images.get(id)?.problems.filter(({ kind }) => kind === group.kind) ?? []);
  const turns = problems.every(({ is }) => is === 'on-its-side') ? (['turn-left', 'turn-right'] as const) : [];
  const accept = {
    label: group.imageIds.length === 1 ? 'Mask fits' : 'Masks fit',
    hint: 'Keeps the mask as it is, and uses it with the photo that is there now',
    run: () => session.attempt(() => session.client.datasets.acceptPhotos({ imageIds: group.imageIds })),
  };
  const isInDoubt = problems.every(({ is }) => is === 'in-doubt');
  // One that is right may be among those in doubt, and would be turned as well.
  const isCertain = !problems.some(({ is }) => is === 'in-doubt');
  if (group.kind === 'turned')
    return [
      ...made(['as-photo']),
      ...(isInDoubt ? [accept] : []),
      ...(isCertain ? made(['turn-left', 'turn-right']) : []),
      ...made(['begin']),
    ];
  if (group.kind === 'size') return made([...turns, 'fit', 'begin']);
  if (group.kind === 'mask') return made([...(problems.some(({ is }) => is === 'convertible') ? (['convert'] as const) : []), 'begin']);
  return group.kind === 'photo' ? [accept, ...made(['begin'])] : [];
}

/** Repairs the masks of a group; each is kept as it was in its own history. */
async function repairMasks(session: Session, { imageIds }: ProblemGroup, how: RepairKind): Promise<void> {
  const { dataset: of } = session;
  await session.attempt(async () => {
    const { done, failed } = await session.client.edits.repair({ imageIds, how });
    const left = imageIds.length - done.length - failed.length;
    if (done.length > 0) {
      const masks = done.length === 1 ? '1 mask' : `${done.length} masks`;
      const stopped = left > 0 ? `; ${left} were left as they are` : '';
      const text = `${repairs[how].label}: ${masks} done${stopped}. Each is kept as it was in its history.`;
      const afterwards = 'Each mask as it was is in the history of its image.';
      offerBack(session, { of, text, back: () => unrepair(session, done), afterwards });
    }
    tellFailed(session, failed, 'repaired');
  });
}

/** Puts back what a repair replaced. */
export async function unrepair(session: Session, imageIds: string[]): Promise<void> {
  const { failed } = await session.client.edits.unrepair({ imageIds });
  tellFailed(session, failed, 'put back');
}

function tellFailed({ toasts }: Session, failed: readonly string[], what: string): void {
  if (failed.length === 0) return;
  toasts.show('error', failed.length === 1 ? failed[0] : `${failed.length} masks could not be ${what}, the first: ${failed[0]}`);
}

/** Ends a repair of many masks after the one in hand. */
export const cancelRepair = (session: Session): Promise<boolean> => session.attempt(() => session.client.edits.cancelRepair());

/** @returns a function that ends it */
export const onRepairing = (session: Session, listener: (progress: Progress | null) => void): (() => void) =>
  session.on('edits.repairing', listener);
