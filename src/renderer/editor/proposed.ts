import { voidId } from '#shared/mask/void-id';
import { cellAt, cellUnder, forEachCell, pixelsOfCells } from './cells.ts';
import { clipBox, type Region, type Size } from './region.ts';
import type { Box, ImagePoint } from './units.ts';

/** A connected part of a proposed mask that has one class. */
export interface ProposedRegion {
  id: number;
  /** In cells of the proposal. */
  box: Box;
  cells: number;
  /** How sure its class is over its cells, 0 to 1. */
  sureness: number;
}

/** A proposed mask, at the image's size or smaller. */
export interface ProposalMap extends Size {
  /** Class ids of the data set, row-major; void where nothing is proposed. */
  ids: Uint8Array;
  /** The region of each cell; -1 where nothing is proposed. */
  regionOf: Int32Array;
  regions: ProposedRegion[];
}

/** Pixels of an image, each with the id that is proposed for it. */
export type ProposedPixels = Required<Region>;

/** The labels of strokes that take from a model's proposal: nothing that a person has drawn. */
export const proposalLabels = { part: 'Proposal', all: 'Whole proposal' };
/** Those of strokes that take from another image's mask. */
export const copiedLabels = { part: 'From another image', all: 'All from another image' };

/** Regions of fewer cells are not gone to: a hand sees and takes them with what lies around. */
const smallest = 24;

/** A proposed mask over an image. It changes nothing: tools take parts of it. */
export class Proposed {
  readonly map: ProposalMap;
  readonly image: Size;
  /** The labels of strokes that take parts, and all, of it. */
  readonly labels: { part: string; all: string };
  private readonly fixed: Uint16Array | null;

  /** @param fixed cells that a person has painted are not 0: nothing of them is taken */
  constructor(map: ProposalMap, image: Size, fixed: Uint16Array | null = null, labels = proposalLabels) {
    this.labels = labels;
    this.map = map;
    this.image = image;
    this.fixed = fixed;
  }

  /** The region at a point of the image; null where nothing is proposed. */
  at(point: ImagePoint): number | null {
    const cell = cellUnder(point, this.image, this.map);
    return cell === null || this.map.regionOf[cell] < 0 ? null : this.map.regionOf[cell];
  }

  /** The class that is proposed for a pixel of the image; void for none. */
  idAt(x: number, y: number): number {
    return this.map.ids[cellAt(x, y, this.image, this.map)];
  }

  /** A point of the image that lies in a region. */
  pointIn(region: number): ImagePoint {
    const { box } = this.map.regions[region];
    const cells = Array.from({ length: box.width }, (_, column) => box.top * this.map.width + box.left + column);
    const column = cells.findIndex((cell) => this.map.regionOf[cell] === region);
    const [across, down] = [this.image.width / this.map.width, this.image.height / this.map.height];
    return { x: (box.left + column + 0.5) * across, y: (box.top + 0.5) * down };
  }

  /** The box of a region, in pixels of the image. */
  boxOf(region: number): Box {
    return pixelsOfCells(this.map.regions[region].box, this.image, this.map);
  }

  /** @param wanted which cells count */
  private within(box: Box, wanted: (cell: number) => boolean): ProposedPixels {
    const pixels: ProposedPixels = { box, selected: new Uint8Array(box.width * box.height), ids: new Uint8Array(box.width * box.height) };
    forEachCell(box, this.image, this.map, (i, cell) => {
      pixels.ids[i] = this.map.ids[cell];
      pixels.selected[i] = this.map.ids[cell] !== voidId && !this.fixed?.[cell] && wanted(cell) ? 1 : 0;
    });
    return pixels;
  }

  region(region: number): ProposedPixels {
    return this.within(this.boxOf(region), (cell) => this.map.regionOf[cell] === region);
  }

  ofClass(id: number): ProposedPixels {
    return this.within({ left: 0, top: 0, ...this.image }, (cell) => this.map.ids[cell] === id);
  }

  /** What is proposed in a box of the image; null where that lies outside. */
  inBox(box: Box): ProposedPixels | null {
    const inside = clipBox(box, this.image);
    return inside && this.within(inside, () => true);
  }

  /** Visits the cells whose middle is proposed to change. */
  private forEachOpen(ids: Uint8Array, visit: (cell: number) => void): void {
    const { width, height, regionOf, ids: proposed } = this.map;
    const [across, down] = [this.image.width / width, this.image.height / height];
    for (let row = 0, cell = 0; row < height; row++) {
      const from = Math.floor((row + 0.5) * down) * this.image.width;
      for (let column = 0; column < width; column++, cell++) {
        if (regionOf[cell] < 0 || this.fixed?.[cell]) continue;
        if (ids[from + Math.floor((column + 0.5) * across)] !== proposed[cell]) visit(cell);
      }
    }
  }

  /**
   * All that differs from a mask of the image's size; null where nothing does.
   * @param may whether a pixel may change that has an id now: cells may be larger, and hold what is labelled beside what is not
   */
  changes(ids: Uint8Array, may: (pixel: number, id: number) => boolean = () => true): ProposedPixels | null {
    const { map, image, fixed } = this;
    const { width } = image;
    const wanted = new Uint8Array(ids.length);
    let [left, top, right, bottom] = [width, -1, -1, -1];
    let [y, begin] = [0, 0];
    // Row by row, and millions of pixels: nothing is reckoned or made for one that stays.
    forEachCell({ left: 0, top: 0, ...image }, image, map, (pixel, cell) => {
      const id = map.ids[cell];
      if (id === voidId || id === ids[pixel] || fixed?.[cell] || !may(pixel, ids[pixel])) return;
      wanted[pixel] = 1;
      while (pixel >= begin + width) [y, begin] = [y + 1, begin + width];
      const x = pixel - begin;
      if (x < left) left = x;
      if (x > right) right = x;
      if (top < 0) top = y;
      bottom = y;
    });
    if (right < 0) return null;
    const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
    const pixels: ProposedPixels = { box, selected: new Uint8Array(box.width * box.height), ids: new Uint8Array(box.width * box.height) };
    forEachCell(box, image, map, (i, cell) => (pixels.ids[i] = map.ids[cell]));
    for (let row = 0; row < box.height; row++) {
      const from = (top + row) * width + left;
      pixels.selected.set(wanted.subarray(from, from + box.width), row * box.width);
    }
    return pixels;
  }

  /** How many cells of each region differ from a mask of the image's size. */
  openCells(ids: Uint8Array): Uint32Array {
    const open = new Uint32Array(this.map.regions.length);
    this.forEachOpen(ids, (cell) => open[this.map.regionOf[cell]]++);
    return open;
  }

  /** The regions that differ from a mask and are worth a look, the least sure first. */
  inDoubt(ids: Uint8Array): number[] {
    const open = this.openCells(ids);
    const worth = this.map.regions.flatMap((_, region) => (open[region] >= smallest ? [region] : []));
    return worth.sort((a, b) => (this.isSurer(a, b) ? 1 : -1));
  }

  /** Whether a region comes after another in the order of doubt. */
  isSurer(region: number, than: number): boolean {
    const [a, b] = [this.map.regions[region].sureness, this.map.regions[than].sureness];
    return a > b || (a === b && region > than);
  }
}
