import { voidId } from '#shared/mask/void-id';
import { connectedParts } from './connected.ts';
import type { Region, Size } from './region.ts';
import type { Box, ImagePoint } from './units.ts';

/** What a label says, and what is predicted in its place. */
export interface Pair {
  label: number;
  predicted: number;
}

/** Connected pixels of one label that are predicted as one other class. */
export interface Patch extends Pair {
  box: Box;
  pixels: number;
  /** Its number in the disagreement that it is of. */
  part: number;
}

const none = 0xffff;
/** Patches of fewer pixels are not gone to: most are the edge of a label, a pixel wide. */
const smallest = 8;
/** A pixel at a patch's edge counts so much against one within: long edges a pixel wide come after what is wrong as a whole. */
const edgeShare = 0.25;

/** Where a label and a prediction of an image differ, patch by patch. Neither void nor what a person has kept is part of it. */
export class Disagreement {
  readonly size: Size;
  /** Those worth a look, the largest first. */
  readonly patches: readonly Patch[];
  private readonly all: readonly Patch[];
  private readonly partOf: Int32Array;

  /**
   * @param label class ids, row-major; void where nothing is labelled @param prediction likewise
   * @param pair the only one that counts, or null
   * @param kept pixels whose label a person has said to be right: not 0
   */
  constructor(label: Uint8Array, prediction: Uint8Array, size: Size, pair: Pair | null = null, kept: Uint8Array | null = null) {
    this.size = size;
    const keys = new Uint16Array(label.length).fill(none);
    for (let i = 0; i < label.length; i++) {
      const [own, other] = [label[i], prediction[i]];
      if (own === other || own === voidId || other === voidId || kept?.[i]) continue;
      if (!pair || (own === pair.label && other === pair.predicted)) keys[i] = own * 256 + other;
    }
    const { partOf, parts } = connectedParts(keys, size, none);
    this.partOf = partOf;
    this.all = parts.map(({ key, box, cells }, part) => ({ label: key >> 8, predicted: key & 255, box, pixels: cells, part }));
    const weights = this.weights();
    this.patches = this.all.filter(({ pixels }) => pixels >= smallest).sort((a, b) => weights[b.part] - weights[a.part]);
  }

  private weights(): Float64Array {
    const { partOf } = this;
    const { width } = this.size;
    const weights = new Float64Array(this.all.length);
    for (let i = 0; i < partOf.length; i++) {
      const part = partOf[i];
      if (part < 0) continue;
      const within =
        partOf[i - width] === part &&
        partOf[i + width] === part &&
        i % width > 0 &&
        partOf[i - 1] === part &&
        i % width < width - 1 &&
        partOf[i + 1] === part;
      weights[part] += within ? 1 : edgeShare;
    }
    return weights;
  }

  /** The patch at a point of the image; null where there is none. */
  at({ x, y }: ImagePoint): Patch | null {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column < 0 || row < 0 || column >= this.size.width || row >= this.size.height) return null;
    return this.all[this.partOf[row * this.size.width + column]] ?? null;
  }

  /** A patch's pixels. */
  region({ box, part }: Patch): Region {
    const selected = new Uint8Array(box.width * box.height);
    for (let row = 0, i = 0; row < box.height; row++) {
      let index = (box.top + row) * this.size.width + box.left;
      for (let column = 0; column < box.width; column++, i++, index++) if (this.partOf[index] === part) selected[i] = 1;
    }
    return { box, selected };
  }
}
