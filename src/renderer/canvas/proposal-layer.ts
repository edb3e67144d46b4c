import Konva from 'konva';
import type { Proposed } from '../editor/proposed.ts';
import { isBorder } from './is-border.ts';

/** Alpha of a region that the next press takes, and of contours. */
const [hoveredAlpha, contourAlpha] = [150, 255];
/** Length of a dash of a contour, in cells: white and the class's colour take turns. */
const dash = 3;

const withAlpha = (pixel: number, alpha: number): number => ((pixel & 0xffffff) | (alpha << 24)) >>> 0;

/** The contours of what is proposed where the mask holds something else, and the region that the next press takes. */
export class ProposalLayer {
  private readonly layer: Konva.Layer;
  private readonly image: Konva.Image;
  private readonly canvas = document.createElement('canvas');
  private proposed: Proposed | null = null;
  private open: Uint32Array = new Uint32Array(0);
  private colors: Uint32Array = new Uint32Array(0);
  private region: number | null = null;

  constructor(layer: Konva.Layer) {
    this.layer = layer;
    this.image = new Konva.Image({ image: undefined, listening: false });
    layer.add(this.image);
  }

  /** @param ids the mask as it is @param colors one pixel a class id */
  show(proposed: Proposed | null, ids: Uint8Array, colors: Uint32Array): void {
    const isShown = proposed !== null || this.proposed !== null;
    this.proposed = proposed;
    this.colors = colors;
    this.image.visible(proposed !== null);
    if (proposed) {
      const { width, height } = proposed.map;
      this.open = proposed.openCells(ids);
      if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
      this.image.setAttrs({ image: this.canvas, ...proposed.image });
      this.region = null;
      this.paint({ left: 0, top: 0, width, height });
    }
    if (isShown) this.layer.batchDraw();
  }

  /** The region that the next press takes; null for none. */
  hover(region: number | null): void {
    if (region === this.region || !this.proposed) return;
    const boxes = [this.region, region].flatMap((each) => (each === null ? [] : (this.proposed!.map.regions.at(each)?.box ?? [])));
    this.region = region;
    for (const box of boxes) this.paint(box);
    this.layer.batchDraw();
  }

  private paint({ left, top, width, height }: { left: number; top: number; width: number; height: number }): void {
    const { map } = this.proposed!;
    const pixels = new Uint32Array(width * height);
    for (let row = 0, i = 0; row < height; row++)
      for (let column = 0, cell = (top + row) * map.width + left; column < width; column++, i++, cell++) {
        const region = map.regionOf[cell];
        // Most cells show nothing: they lie within a region, or are as proposed.
        if (region >= 0 && this.open[region] > 0) pixels[i] = this.pixelAt(map, region, left + column, top + row);
      }
    this.canvas.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), left, top);
  }

  private pixelAt(map: Proposed['map'], region: number, x: number, y: number): number {
    const isEdge = isBorder(map.regionOf, map, x, y);
    if (!isEdge && region !== this.region) return 0;
    const color = this.colors[map.ids[y * map.width + x]];
    if (region === this.region) return isEdge ? 0xffffffff : withAlpha(color, hoveredAlpha);
    return Math.floor((x + y) / dash) % 2 === 0 ? 0xffffffff : withAlpha(color, contourAlpha);
  }
}
