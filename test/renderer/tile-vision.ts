import type { Region } from '../../src/renderer/editor/region.ts';
import type { Box, ImagePoint } from '../../src/renderer/editor/units.ts';
import type { Superpixels, Vision } from '../../src/renderer/editor/vision.ts';

const colours = [
  [200, 128, 128],
  [60, 128, 128],
  [120, 170, 128],
  [120, 90, 150],
];

/** What is seen in a photo of four tiles, each a colour and a superpixel of its own. What is asked for is answered when it is told to. */
export class TileVision implements Vision {
  readonly photo;
  superpixels: Superpixels | null;
  isLooking = false;
  private readonly waiting: (() => void)[] = [];

  constructor({ width, height }: { width: number; height: number }) {
    const [w, h] = [Math.floor(width / 2), Math.floor(height / 2)];
    const tiles = Int32Array.from({ length: width * height }, (_, i) => Number(i % width >= w) + 2 * Number(Math.floor(i / width) >= h));
    const boxes = [0, 1, 2, 3].flatMap((k) => {
      const [left, top] = [w * (k % 2), h * Math.floor(k / 2)];
      return [left, top, k % 2 ? width - 1 : w - 1, k > 1 ? height - 1 : h - 1];
    });
    this.photo = { width, height, lab: Uint8Array.from([...tiles].flatMap((tile) => colours[tile])) };
    this.superpixels = { width, height, labels: tiles, boxes: Int32Array.from(boxes) };
  }

  trace(from: ImagePoint, to: ImagePoint): Promise<ImagePoint[]> {
    // Ways go round the corner: across first, then down.
    return this.wait([{ x: to.x, y: from.y }, to]);
  }

  cutOut(box: Box): Promise<Region | null> {
    const inner = { left: Math.max(0, box.left + 2), top: Math.max(0, box.top + 2), width: 0, height: 0 };
    inner.width = Math.min(box.left + box.width - 2, this.photo.width) - inner.left;
    inner.height = Math.min(box.top + box.height - 2, this.photo.height) - inner.top;
    const stands = inner.width > 1 && inner.height > 1;
    return this.wait(stands ? { box: inner, selected: new Uint8Array(inner.width * inner.height).fill(1) } : null);
  }

  private wait<T>(answer: T): Promise<T> {
    return new Promise((resolve) => this.waiting.push(() => resolve(answer)));
  }

  /** Answers everything, also what is asked upon an answer. */
  async answer(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      for (const resolve of this.waiting.splice(0)) resolve();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}
