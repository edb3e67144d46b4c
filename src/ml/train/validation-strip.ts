import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { encodeIds } from '#files/mask-png';
import type { ClassInfo } from '#shared/classes/class-info';
import type { Sample } from '#shared/data/sample';
import { mostWatched, type StripImage } from '#shared/training/messages';
import type { Prediction } from './predict.ts';

/** Images of a strip; more only where a person watches more. */
const longest = 6;

/** A few validation images, those that are watched and others spread over the split, whose predictions are written anew each epoch. */
export class ValidationStrip {
  private readonly samples: readonly Sample[];
  private chosen = new Map<string, number>();
  private readonly folder: string;
  private readonly palette: [number, number, number][];
  /** Predictions of the validation under way; they take the place of the last ones together. */
  private readonly fresh = new Map<number, Uint8Array>();

  constructor(samples: readonly Sample[], outDir: string, classes: readonly ClassInfo[], watched: readonly string[] = []) {
    this.samples = samples;
    this.folder = path.join(outDir, 'strip');
    this.palette = classes.map(({ color }) => color);
    this.watch(watched);
  }

  /** Chooses the images of the next validation. @param watched those that a person asks for come first, as far as they are validated */
  watch(watched: readonly string[]): void {
    const { samples } = this;
    const known = new Set(samples.map(({ id }) => id));
    const pinned = [...new Set(watched)].filter((id) => known.has(id)).slice(0, mostWatched);
    const others = samples.filter(({ id }) => !pinned.includes(id));
    const count = Math.min(Math.max(0, longest - pinned.length), others.length);
    const spread = Array.from({ length: count }, (_, index) => others[Math.floor(((index + 0.5) * others.length) / count)].id);
    this.chosen = new Map([...pinned, ...spread].map((id, index) => [id, index]));
    this.fresh.clear();
  }

  /** Keeps the prediction if the image is one of the strip. */
  take({ id }: Sample, { source, ids }: Prediction): void {
    const index = this.chosen.get(id);
    if (index === undefined) return;
    this.fresh.set(index, encodeIds({ width: source.width, height: source.height, ids }, this.palette));
  }

  /** Writes the predictions, and which images and epoch they are of. */
  finish(epoch: number): void {
    for (const [index, png] of this.fresh) writeAtomic(path.join(this.folder, `${index}.png`), png);
    this.fresh.clear();
    writeAtomic(path.join(this.folder, 'strip.json'), JSON.stringify({ epoch, images: this.images }));
  }

  get images(): StripImage[] {
    return [...this.chosen].map(([imageId, index]) => ({ imageId, file: `${index}.png` }));
  }
}
