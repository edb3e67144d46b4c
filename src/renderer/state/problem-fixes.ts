// What can be done about masks that cannot be used as they are.
import type { ImageEntry } from '#shared/contract/datasets';
import type { RepairKind } from '#shared/contract/edits';
import type { ProblemGroup } from '#shared/data/problem-groups';
import type { Session } from './session.svelte.ts';

export interface Repair {
  how: RepairKind;
  label: string;
  hint: string;
}

const all: Record<RepairKind, Omit<Repair, 'how'>> = {
  fit: {
    label: 'Fit to images',
    hint: 'Scales each mask to the size of its image; every pixel takes the nearest label, and none is mixed',
  },
  'turn-left': { label: 'Turn left', hint: 'Turns each mask by 90° against the clock' },
  'turn-right': { label: 'Turn right', hint: 'Turns each mask by 90° with the clock' },
  convert: { label: 'Convert to PNG', hint: 'Writes a TIFF mask as a PNG beside it; the file as it was is kept' },
  begin: { label: 'Begin anew', hint: 'Begins an empty mask; the file as it was is kept in the history of the mask' },
};

const made = (hows: RepairKind[]): Repair[] => hows.map((how) => ({ how, ...all[how] }));

/** What helps with all images of a group. */
export function repairsFor({ kind, imageIds }: ProblemGroup, images: ReadonlyMap<string, ImageEntry>): Repair[] {
  const problems = imageIds.flatMap((id) => images.get(id)?.problems.filter((problem) => problem.kind === kind) ?? []);
  const turns = problems.every(({ is }) => is === 'on-its-side') ? (['turn-left', 'turn-right'] as const) : [];
  if (kind === 'size') return made([...turns, 'fit']);
  if (kind === 'mask') return made([...(problems.some(({ is }) => is === 'tiff') ? (['convert'] as const) : []), 'begin']);
  return [];
}

/** Repairs the masks of a group; each is kept as it was in its own history. */
export async function repairMasks(session: Session, group: ProblemGroup, { how, label }: Repair): Promise<void> {
  await session.attempt(async () => {
    const { done, failed } = await session.client.edits.repair({ imageIds: group.imageIds, how });
    if (done.length > 0) {
      const masks = done.length === 1 ? '1 mask' : `${done.length} masks`;
      session.toasts.show('info', `${label}: ${masks} done. Each is kept as it was in its history.`, {
        label: 'Undo',
        run: () => void session.attempt(() => session.client.edits.unrepair({ imageIds: done })),
      });
    }
    if (failed.length > 0)
      session.toasts.show(
        'error',
        failed.length === 1 ? failed[0] : `${failed.length} masks could not be repaired, the first: ${failed[0]}`,
      );
  });
}
