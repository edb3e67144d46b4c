import { cellAt, forEachCell } from './cells.ts';
import type { Region, Size } from './region.ts';
import type { ImagePoint } from './units.ts';
import { colourDistance, type PhotoMap } from './vision.ts';

/** How far a pixel's colour may be from that under the stroke's middle, besides how much the colours vary there. */
const likeness = 6;
/** How much two neighbours may differ: more is an edge. */
const edge = 12;
/** How many times as far a pixel's colour may be where the same class is proposed as under the middle, and where another is. */
const [sameClass, otherClass] = [1.6, 0.6];
/** Pixels around the middle whose colours count. */
const around = 2;
/** Of a pixel's eight neighbours, how many carry it along: noise leaves no holes. */
const carried = 5;

/** What a guided stroke goes by. */
export interface GuideOptions {
  photo: PhotoMap;
  image: Size;
  /** The class that is proposed for a pixel; nothing is, where it is null. */
  proposedAt: ((x: number, y: number) => number) | null;
}

interface Reference {
  l: number;
  a: number;
  b: number;
  /** How far from it belongs to it. */
  reach: number;
  proposed: number;
}

/**
 * Of the pixels that a brush covers, those that belong with its middle: of like colour, hanging together with it, not across an edge.
 * @param region what the brush covers on its way from one point to another
 */
export function guided(region: Region, from: ImagePoint, to: ImagePoint, options: GuideOptions): Region {
  const { box, selected } = region;
  const kept = new Uint8Array(selected.length);
  const references = [from, to].map((at) => referenceAt(at, options));
  const colours = coloursOf(region, options);
  const stack: number[] = [];
  const belongs = (i: number) => references.some((reference) => isAlike(colours, i, reference, box, options));
  const visit = (i: number, before: number) => {
    if (kept[i] || !selected[i] || differs(colours, i, before) > edge || !belongs(i)) return;
    kept[i] = 1;
    stack.push(i);
  };
  for (const i of middle(region, from, to)) {
    if (selected[i] && !kept[i] && belongs(i)) {
      kept[i] = 1;
      stack.push(i);
    }
  }
  while (stack.length > 0) {
    const i = stack.pop()!;
    const x = i % box.width;
    if (x > 0) visit(i - 1, i);
    if (x < box.width - 1) visit(i + 1, i);
    if (i >= box.width) visit(i - box.width, i);
    if (i < selected.length - box.width) visit(i + box.width, i);
  }
  return { box, selected: withoutHoles(kept, selected, box.width) };
}

/** The colours of a region's box, three bytes a pixel. */
function coloursOf({ box }: Region, { photo, image }: GuideOptions): Uint8Array {
  const colours = new Uint8Array(box.width * box.height * 3);
  forEachCell(box, image, photo, (i, cell) => {
    for (let c = 0; c < 3; c++) colours[i * 3 + c] = photo.lab[cell * 3 + c];
  });
  return colours;
}

const differs = (colours: Uint8Array, i: number, j: number): number =>
  colourDistance(colours[i * 3] - colours[j * 3], colours[i * 3 + 1] - colours[j * 3 + 1], colours[i * 3 + 2] - colours[j * 3 + 2]);

function isAlike(colours: Uint8Array, i: number, reference: Reference, box: Region['box'], { proposedAt }: GuideOptions): boolean {
  const { l, a, b, reach, proposed } = reference;
  const far = colourDistance(colours[i * 3] - l, colours[i * 3 + 1] - a, colours[i * 3 + 2] - b);
  if (!proposedAt || far > reach * sameClass) return far <= reach;
  const isSame = proposedAt(box.left + (i % box.width), box.top + Math.floor(i / box.width)) === proposed;
  return far <= reach * (isSame ? sameClass : otherClass);
}

/** The colour under a point, and how much it varies there. */
function referenceAt(at: ImagePoint, { photo, image, proposedAt }: GuideOptions): Reference {
  const x = Math.min(image.width - 1, Math.max(0, Math.floor(at.x)));
  const y = Math.min(image.height - 1, Math.max(0, Math.floor(at.y)));
  const [sum, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  let count = 0;
  for (let v = Math.max(0, y - around); v <= Math.min(image.height - 1, y + around); v++)
    for (let u = Math.max(0, x - around); u <= Math.min(image.width - 1, x + around); u++, count++)
      for (let c = 0; c < 3; c++) {
        const value = photo.lab[cellAt(u, v, image, photo) * 3 + c];
        sum[c] += value;
        squares[c] += value * value;
      }
  const [l, a, b] = sum.map((each) => each / count);
  const spread = [l, a, b].map((mean, c) => Math.sqrt(Math.max(0, squares[c] / count - mean * mean)));
  return { l, a, b, reach: likeness + colourDistance(spread[0], spread[1], spread[2]), proposed: proposedAt?.(x, y) ?? -1 };
}

/** The pixels of a region's box that the middle of the brush goes over. */
function middle({ box }: Region, from: ImagePoint, to: ImagePoint): number[] {
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const x = Math.floor(from.x + ((to.x - from.x) * step) / steps) - box.left;
    const y = Math.floor(from.y + ((to.y - from.y) * step) / steps) - box.top;
    return x < 0 || y < 0 || x >= box.width || y >= box.height ? -1 : y * box.width + x;
  }).filter((i) => i >= 0);
}

function withoutHoles(kept: Uint8Array, selected: Uint8Array, width: number): Uint8Array {
  const whole = kept.slice();
  for (let i = width + 1; i < kept.length - width - 1; i++) {
    if (kept[i] || !selected[i]) continue;
    const beside = kept[i - 1] + kept[i + 1] + kept[i - width] + kept[i + width];
    const across = kept[i - width - 1] + kept[i - width + 1] + kept[i + width - 1] + kept[i + width + 1];
    if (beside + across >= carried) whole[i] = 1;
  }
  return whole;
}
