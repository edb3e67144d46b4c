import type { GridMap } from '#shared/assist/grid-map';
import { cellsTouched, placesAmong, selectedIn } from './cells.ts';
import type { Region, Size } from './region.ts';
import type { Box, ImagePoint } from './units.ts';
import { colourDistance, type PhotoMap } from './vision.ts';

/** How far a pixel's colour may be from that under the stroke's middle, besides how much the colours vary there. */
const likeness = 6;
/** How much two neighbours may differ: more is an edge. */
const edge = 12;
/** How many times as far a pixel's colour may be where the same class is proposed as under the middle, and where another is. */
const [sameClass, otherClass] = [1.6, 0.6];
/** The same by how alike a network sees them: as unlike as can be, and the very same; between them a bell curve over their distance. */
const unlike = { times: 0.2, deviation: 0.2 } as const;
const alike = 3;
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
  /** What a network sees in it, in few numbers a cell, 1 apart on average; null where none has looked. */
  traits: GridMap | null;
}

interface Reference {
  l: number;
  a: number;
  b: number;
  /** How far from it belongs to it. */
  reach: number;
  proposed: number;
  /** float32 [channels]; null where no network has looked. */
  traits: Float32Array | null;
}

/**
 * Of the pixels that a brush covers, those that belong with its middle: of like colour, and seen alike by a network,
 * hanging together with it, not across an edge. Of a photo that is looked at coarser, cell by cell: a cell's pixels are all alike.
 * @param region what the brush covers on its way from one point to another
 */
export function guided(region: Region, from: ImagePoint, to: ImagePoint, options: GuideOptions): Region {
  const { photo, image } = options;
  if (photo.width === image.width && photo.height === image.height) return guidedCells(region, from, to, options);
  const [across, down] = [photo.width / image.width, photo.height / image.height];
  const [begin, end] = [from, to].map(({ x, y }) => ({ x: x * across, y: y * down }));
  const { proposedAt } = options;
  const proposedIn = proposedAt && ((x: number, y: number) => proposedAt(Math.floor((x + 0.5) / across), Math.floor((y + 0.5) / down)));
  const kept = guidedCells(cellsTouched(region, image, photo), begin, end, { ...options, image: photo, proposedAt: proposedIn });
  return { box: region.box, selected: selectedIn(region, kept, image, photo) };
}

/** The same of a photo as large as its image. */
function guidedCells(region: Region, from: ImagePoint, to: ImagePoint, options: GuideOptions): Region {
  const { box, selected } = region;
  const kept = new Uint8Array(selected.length);
  const references = [from, to].map((at) => referenceAt(at, options));
  const colours = coloursOf(region, options);
  const traits = options.traits && new TraitsIn(box, options.image, options.traits);
  const stack: number[] = [];
  const seen: Seen = { box, colours, traits, proposedAt: options.proposedAt };
  // Asked for each pixel at each move: nothing is made anew for it.
  const belongs = (i: number) => {
    for (const reference of references) if (isAlike(seen, i, reference)) return true;
    return false;
  };
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
function coloursOf({ box }: Region, { photo }: GuideOptions): Uint8Array {
  const colours = new Uint8Array(box.width * box.height * 3);
  for (let row = 0; row < box.height; row++) {
    const first = ((box.top + row) * photo.width + box.left) * 3;
    colours.set(photo.lab.subarray(first, first + box.width * 3), row * box.width * 3);
  }
  return colours;
}

const differs = (colours: Uint8Array, i: number, j: number): number =>
  colourDistance(colours[i * 3] - colours[j * 3], colours[i * 3 + 1] - colours[j * 3 + 1], colours[i * 3 + 2] - colours[j * 3 + 2]);

/** What is known of the pixels of a region's box. */
interface Seen {
  box: Box;
  /** Three bytes a pixel. */
  colours: Uint8Array;
  /** Null where no network has looked. */
  traits: TraitsIn | null;
  proposedAt: GuideOptions['proposedAt'];
}

function isAlike({ box, colours, traits, proposedAt }: Seen, i: number, reference: Reference): boolean {
  const { l, a, b, proposed } = reference;
  const far = colourDistance(colours[i * 3] - l, colours[i * 3 + 1] - a, colours[i * 3 + 2] - b);
  let { reach } = reference;
  if (proposedAt) {
    const isSame = proposedAt(box.left + (i % box.width), box.top + Math.floor(i / box.width)) === proposed;
    reach *= isSame ? sameClass : otherClass;
  }
  if (!traits || !reference.traits) return far <= reach;
  // Most pixels are told by their colours alone, and a hand does not wait for the others' sake.
  if (far <= reach * unlike.times) return true;
  return far <= reach * alike && far <= reach * reachOf(traits.apart(i, reference.traits));
}

/** Steps of the bell curve that are known, up to four deviations: it is asked for each pixel at each move. */
const bellSteps = 1024;
const bellEnd = (4 * unlike.deviation) ** 2;
const bell = Float32Array.from({ length: bellSteps }, (_, i) =>
  Math.exp(-(((i + 0.5) / bellSteps) * bellEnd) / (2 * unlike.deviation ** 2)),
);

/** How many times as far a pixel's colour may be whose traits are so far away, squared. */
const reachOf = (squared: number): number =>
  squared >= bellEnd ? unlike.times : unlike.times + (alike - unlike.times) * bell[Math.floor((squared / bellEnd) * bellSteps)];

/** What a network sees at the pixels of a box, in between bilinearly. */
class TraitsIn {
  private readonly width: number;
  private readonly map: GridMap;
  private readonly across: ReturnType<typeof placesAmong>;
  private readonly down: ReturnType<typeof placesAmong>;
  private readonly own: Float32Array;
  private ownOf = -1;

  constructor(box: Box, image: Size, map: GridMap) {
    [this.width, this.map] = [box.width, map];
    this.across = placesAmong(image.width, map.width, box.left, box.width);
    this.down = placesAmong(image.height, map.height, box.top, box.height);
    this.own = new Float32Array(map.channels);
  }

  /** Those of a pixel of the box: float32 [channels], until another's are asked for. */
  at(i: number): Float32Array {
    const { own, across, down } = this;
    if (this.ownOf === i) return own;
    this.ownOf = i;
    const { width, channels, values } = this.map;
    const [x, y] = [i % this.width, Math.floor(i / this.width)];
    const [above, below] = [down.low[y] * width, down.high[y] * width];
    const [left, right, dx, dy] = [across.low[x], across.high[x], across.share[x], down.share[y]];
    for (let k = 0; k < channels; k++) {
      const upper = values[(above + left) * channels + k] * (1 - dx) + values[(above + right) * channels + k] * dx;
      const lower = values[(below + left) * channels + k] * (1 - dx) + values[(below + right) * channels + k] * dx;
      own[k] = upper + dy * (lower - upper);
    }
    return own;
  }

  /** How far a pixel's are from others, squared. */
  apart(i: number, other: Float32Array): number {
    const own = this.at(i);
    let squared = 0;
    for (let k = 0; k < other.length; k++) squared += (own[k] - other[k]) * (own[k] - other[k]);
    return squared;
  }
}

/** The colour under a point, and how much it varies there. */
function referenceAt(at: ImagePoint, { photo, image, proposedAt, traits }: GuideOptions): Reference {
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
        const value = photo.lab[(v * photo.width + u) * 3 + c];
        sum[c] += value;
        squares[c] += value * value;
      }
  const [l, a, b] = sum.map((each) => each / count);
  const spread = [l, a, b].map((mean, c) => Math.sqrt(Math.max(0, squares[c] / count - mean * mean)));
  return {
    ...{ l, a, b },
    reach: likeness + colourDistance(spread[0], spread[1], spread[2]),
    proposed: proposedAt?.(x, y) ?? -1,
    traits: traits && new TraitsIn({ left: x, top: y, width: 1, height: 1 }, image, traits).at(0),
  };
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
