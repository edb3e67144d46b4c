import type { Sureness } from '#shared/metrics/sureness';
import { voidId } from '#shared/mask/void-id';
import { connectedParts } from '#shared/mask/connected';
import { cellsOf } from './cells.ts';
import type { Region, Size } from './region.ts';
import { unionBox, type Box, type ImagePoint } from './units.ts';

/** What a label says, and what is predicted in its place. */
export interface Pair {
  label: number;
  predicted: number;
}

/** Connected pixels of one label that are predicted as one other class. */
export interface Patch extends Pair {
  box: Box;
  pixels: number;
  /** How sure the network is of it, the mean of its pixels, 0 to 1; null where that is not known. */
  confidence: number | null;
  /** Its number in the disagreement that it is of. */
  part: number;
}

/** What decides which pixels are looked at, besides label and prediction. */
export interface DisagreementOptions {
  /** The only pair that counts, or null. */
  pair: Pair | null;
  /** Pixels whose label a person has said to be right: not 0. */
  kept: Uint8Array | null;
  /** Patches of fewer pixels are not gone to. */
  smallest: number;
  /** Nor are patches that the network is less sure of, 0 to 1; those of which that is not known are. */
  sureFrom: number;
  /** How sure the network is of each pixel or of cells over them; null where that is not known. */
  sureness: Pick<Sureness, 'width' | 'height' | 'confidence'> | null;
}

const none = 0xffff;
/** Patches of fewer pixels are not gone to unless asked for: most are the edge of a label, a pixel wide. */
export const usualSmallest = 8;
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
   */
  constructor(label: Uint8Array, prediction: Uint8Array, size: Size, options: Partial<DisagreementOptions> = {}) {
    const { pair = null, kept = null, sureness = null, smallest = usualSmallest, sureFrom = 0 } = options;
    this.size = size;
    const keys = new Uint16Array(label.length).fill(none);
    for (let i = 0; i < label.length; i++) {
      const [own, other] = [label[i], prediction[i]];
      if (own === other || own === voidId || other === voidId || kept?.[i]) continue;
      if (!pair || (own === pair.label && other === pair.predicted)) keys[i] = own * 256 + other;
    }
    const { partOf, parts } = connectedParts(keys, size, none);
    this.partOf = partOf;
    const sure = sureness && this.confidences(sureness, parts.length);
    this.all = parts.map(({ key, box, cells }, part) => {
      const confidence = sure && sure[part] / cells / 255;
      return { label: key >> 8, predicted: key & 255, box, pixels: cells, confidence, part };
    });
    const weights = this.weights();
    const isAsked = ({ pixels, confidence }: Patch) => pixels >= smallest && (confidence ?? 1) >= sureFrom;
    this.patches = this.all.filter(isAsked).sort((a, b) => weights[b.part] - weights[a.part]);
  }

  /** The sum of the bytes of each part's pixels. */
  private confidences(sureness: NonNullable<DisagreementOptions['sureness']>, parts: number): Float64Array {
    const sums = new Float64Array(parts);
    const cellOf = cellsOf(this.size, sureness);
    this.partOf.forEach((part, i) => part >= 0 && (sums[part] += sureness.confidence[cellOf(i)]));
    return sums;
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

  /** The pixels of patches together, each with what is predicted there as its id; null for none. */
  together(patches: readonly Patch[]): Required<Region> | null {
    const box = patches.reduce<Box | null>((sum, patch) => unionBox(sum, patch.box), null);
    if (!box) return null;
    const [selected, ids] = [new Uint8Array(box.width * box.height), new Uint8Array(box.width * box.height)];
    const predicted = new Map(patches.map((patch) => [patch.part, patch.predicted]));
    for (let row = 0, i = 0; row < box.height; row++)
      for (let column = 0; column < box.width; column++, i++) {
        const id = predicted.get(this.partOf[(box.top + row) * this.size.width + box.left + column]);
        if (id !== undefined) [selected[i], ids[i]] = [1, id];
      }
    return { box, selected, ids };
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
