// Labels spoilt on purpose in known places, as tired hands spoil them: outlines that slipped, things of another class, poles left out.
import { connectedParts, type Part } from '../../src/shared/mask/connected.ts';
import type { Random } from '../../src/shared/random.ts';

export const faults = ['shifted', 'swapped', 'missing'] as const;
export type Fault = (typeof faults)[number];

export interface Mask {
  width: number;
  height: number;
  /** Class ids, row-major; 255 = void. */
  ids: Uint8Array;
}

export interface Spoilt {
  ids: Uint8Array;
  /** Where it is wrong now, by fault: 0 where it is not, else the fault's place in `faults` and 1. */
  faultOf: Uint8Array;
}

/** How far an outline slips, in pixels. */
const slip = { least: 5, most: 9 } as const;
/** Things of fewer cells are not worth a fault, and larger ones nobody gets wrong as a whole. */
const [least, most] = [150, 12_000];
const leastPole = 40;

interface Thing {
  part: Part;
  pixels: number[];
}

/** The connected parts of a mask whose class is one of some. */
function thingsOf({ width, height, ids }: Mask, classes: ReadonlySet<number>, [from, to]: readonly [number, number]): Thing[] {
  const { partOf, parts } = connectedParts(ids, { width, height }, 255);
  const things = parts.map((part): Thing => ({ part, pixels: [] }));
  partOf.forEach((part, pixel) => part >= 0 && things[part].pixels.push(pixel));
  return things.filter(({ part }) => classes.has(part.key) && part.cells >= from && part.cells <= to);
}

/** The class that lies beside a thing most often. */
function around({ width, ids }: Mask, { part, pixels }: Thing): number {
  const counts = new Map<number, number>();
  for (const pixel of pixels)
    for (const next of [pixel - 1, pixel + 1, pixel - width, pixel + width]) {
      const id = ids[next];
      if (id !== undefined && id !== 255 && id !== part.key) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 255;
}

export interface Confusable {
  /** Ids of classes that are poles: thin, and left out. */
  poles: ReadonlySet<number>;
  /** For a class, one that it is taken for. */
  takenFor: ReadonlyMap<number, number>;
}

/** Spoils up to `count` things of a mask, with each fault in its turn. */
export function spoil(mask: Mask, count: number, { poles, takenFor }: Confusable, random: Random): Spoilt {
  const { width, height } = mask;
  const ids = mask.ids.slice();
  const by = new Uint8Array(ids.length);
  const mark = (pixel: number, id: number, fault: Fault) => {
    if (pixel < 0 || pixel >= ids.length || mask.ids[pixel] === 255) return;
    [ids[pixel], by[pixel]] = [id, faults.indexOf(fault) + 1];
  };
  const solid = random.shuffled(thingsOf(mask, new Set(takenFor.keys()), [least, most]));
  const thin = random.shuffled(thingsOf(mask, poles, [leastPole, most]));
  for (let n = 0; n < count; n++) {
    const fault = faults[n % faults.length];
    const thing = (fault === 'missing' ? thin : solid).pop();
    if (!thing) continue;
    const beside = around(mask, thing);
    if (fault === 'missing') for (const pixel of thing.pixels) mark(pixel, beside, fault);
    if (fault === 'swapped') for (const pixel of thing.pixels) mark(pixel, takenFor.get(thing.part.key)!, fault);
    if (fault !== 'shifted') continue;
    const [dx, dy] = [0, 1].map(() => (random.integer(2) ? 1 : -1) * (slip.least + random.integer(slip.most - slip.least + 1)));
    for (const pixel of thing.pixels) mark(pixel, beside, fault);
    for (const pixel of thing.pixels) {
      const [x, y] = [(pixel % width) + dx, Math.floor(pixel / width) + dy];
      if (x >= 0 && y >= 0 && x < width && y < height) mark(y * width + x, thing.part.key, fault);
    }
  }
  // Where the slipped thing covers itself nothing is wrong.
  const faultOf = by.map((fault, pixel) => (ids[pixel] === mask.ids[pixel] ? 0 : fault));
  return { ids, faultOf };
}
