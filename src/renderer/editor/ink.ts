import { voidId } from '#shared/mask/void-id';

/** What a tool writes. */
export interface Ink {
  /** The id that pixels get. */
  id: number;
  /** Where told, only pixels of this id are changed. */
  only?: number;
}

export const classInk = (id: number): Ink => ({ id });
export const eraser: Ink = { id: voidId };
/** Takes a class away where it is. */
export const subtracting = (id: number): Ink => ({ id: voidId, only: id });

/** Where tools may write. */
export type WriteWhere = { on: 'all' } | { on: 'unlabelled' } | { on: 'classes'; ids: readonly number[] };

/**
 * Which ids may be painted over, one byte an id.
 * @param locked classes that stay whatever else is said
 */
export function writableIds(where: WriteWhere, locked: ReadonlySet<number>): Uint8Array {
  const writable = new Uint8Array(256).fill(where.on === 'all' ? 1 : 0);
  if (where.on === 'unlabelled') writable[voidId] = 1;
  if (where.on === 'classes') for (const id of where.ids) writable[id] = 1;
  for (const id of locked) writable[id] = 0;
  return writable;
}

/** Everything may be painted over. */
export const everyId = writableIds({ on: 'all' }, new Set());
