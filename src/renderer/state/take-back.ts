import { AppError } from '#shared/errors';
import type { Session } from './session.svelte.ts';

/**
 * Takes back what was done to a whole mask, and saves it.
 * @param step what undo said it would take back when that was done
 * @throws AppError 'conflict' if the mask has been painted on since: another step than that one would go
 */
export async function takeBack({ client }: Session, imageId: string, step: string | null): Promise<void> {
  const { edits } = client;
  const { undo } = await edits.save({ imageId });
  if (undo !== step) throw new AppError('conflict', `${imageId} has been painted on since: undo it in the editor`);
  await edits.undo({ imageId });
  await edits.save({ imageId });
}
