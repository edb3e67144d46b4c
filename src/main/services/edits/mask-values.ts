import { forEachChangedInTurns, type PatchBox } from '#shared/mask/patch';
import { breathe } from '../turns.ts';
import type { EditStep } from '#shared/mask/edit-history';

const pixelsATurn = 1_000_000;

/** A box that holds both; either may be null. */
export function union(a: PatchBox | null, b: PatchBox | null): PatchBox | null {
  if (!a || !b) return a ?? b;
  const left = Math.min(a.left, b.left);
  const top = Math.min(a.top, b.top);
  const width = Math.max(a.left + a.width, b.left + b.width) - left;
  const height = Math.max(a.top + a.height, b.top + b.height) - top;
  return { left, top, width, height };
}

/** Writes a step's values into a mask, in turns. @param side which of them */
export async function applyStep(values: Uint8Array, maskWidth: number, step: EditStep, side: 'before' | 'after'): Promise<void> {
  const from = step[side];
  await forEachChangedInTurns(step, maskWidth, (index, position) => (values[index] = from[position]), breathe);
}

/** What a mask holds where a step will change it. */
export async function valuesAt(
  values: Uint8Array,
  maskWidth: number,
  step: PatchBox & { changed: Uint8Array },
  count: number,
): Promise<Uint8Array> {
  const held = new Uint8Array(count);
  await forEachChangedInTurns(step, maskWidth, (index, position) => (held[position] = values[index]), breathe);
  return held;
}

/** The step from one mask to another, in turns. @returns null if they are the same */
export async function stepBetween(
  before: Uint8Array,
  after: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Pick<EditStep, 'left' | 'top' | 'width' | 'height' | 'changed' | 'before' | 'after'> | null> {
  const changed = new Uint8Array(Math.ceil((width * height) / 8));
  let count = 0;
  for (let index = 0; index < before.length; index++) {
    if (index > 0 && index % pixelsATurn === 0) await breathe();
    if (before[index] === after[index]) continue;
    changed[index >> 3] |= 1 << (index & 7);
    count++;
  }
  if (count === 0) return null;
  const whole = { left: 0, top: 0, width, height, changed };
  return { ...whole, before: await valuesAt(before, width, whole, count), after: await valuesAt(after, width, whole, count) };
}

/** Copies the rows of a box from one mask to another of the same width. */
export function copyRows(from: Uint8Array, to: Uint8Array, maskWidth: number, { top, height }: PatchBox): void {
  to.set(from.subarray(top * maskWidth, (top + height) * maskWidth), top * maskWidth);
}

/**
 * Values through a table, in turns.
 * @param table what each value becomes; -1 for one that there is not
 * @returns the mapped values, or the first that there is not
 */
export async function mapValues(values: Uint8Array, table: readonly number[]): Promise<Uint8Array | { unknown: number }> {
  const mapped = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    if (index > 0 && index % pixelsATurn === 0) await breathe();
    const value = table[values[index]] ?? -1;
    if (value < 0) return { unknown: values[index] };
    mapped[index] = value;
  }
  return mapped;
}
