/** Added to the class id of a pixel at a border. */
export const atBorder = 256;
/** How far a border reaches into either class, in pixels. */
const reach = 2;

/**
 * Marks the pixels of a line around a border.
 * @param at the first pixel of the other class @param place of it in the line @param step to the next pixel of the line
 */
function mark(ids: Int32Array, at: number, place: number, length: number, step: number): void {
  const last = Math.min(reach - 1, length - 1 - place);
  for (let k = -Math.min(reach, place); k <= last; k++) ids[at + k * step] |= atBorder;
}

/**
 * Class ids, with `atBorder` added where another class is within 2 pixels along a row or a column. Of what is thin, as of a pole, that is
 * all there is; of a road it is next to nothing.
 * @param labels class ids, row-major [batch, height, width]
 * @param isClass what is no class makes no border: nobody has said what is there
 */
export function idsWithBorders(
  labels: Uint8Array,
  [height, width]: readonly [number, number],
  isClass: (id: number) => boolean,
): Int32Array {
  const ids = new Int32Array(labels);
  const known = Uint8Array.from({ length: 256 }, (_, id) => Number(isClass(id)));
  const differs = (at: number, before: number) => labels[at] !== labels[before] && known[labels[at]] === 1 && known[labels[before]] === 1;
  for (let at = 0, x = 0, y = 0; at < labels.length; at++) {
    if (x > 0 && differs(at, at - 1)) mark(ids, at, x, width, 1);
    if (y > 0 && differs(at, at - width)) mark(ids, at, y, height, width);
    if (++x < width) continue;
    x = 0;
    if (++y === height) y = 0;
  }
  return ids;
}
