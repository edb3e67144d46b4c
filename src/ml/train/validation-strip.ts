import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { encodeMask } from '#files/mask-png';
import type { ClassInfo, Sample, StripImage } from '#shared/training/messages';
import type { Prediction } from './predict.ts';

const identity = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };
const longest = 6;

/** A few validation images, spread over the split, whose predictions are written anew each epoch. */
export class ValidationStrip {
  private readonly chosen: Map<string, number>;
  private readonly folder: string;
  private readonly palette: [number, number, number][];

  constructor(samples: readonly Sample[], outDir: string, classes: readonly ClassInfo[]) {
    const count = Math.min(longest, samples.length);
    const spread = Array.from({ length: count }, (_, index) => samples[Math.floor(((index + 0.5) * samples.length) / count)]);
    this.chosen = new Map(spread.map(({ id }, index) => [id, index]));
    this.folder = path.join(outDir, 'strip');
    this.palette = classes.map(({ color }) => color);
  }

  /** Writes the prediction if the image is one of the strip. */
  take({ id }: Sample, { source, ids }: Prediction): void {
    const index = this.chosen.get(id);
    if (index === undefined) return;
    writeAtomic(path.join(this.folder, `${index}.png`), encodeMask({ width: source.width, height: source.height, ids }, identity, { palette: this.palette }));
  }

  /** Records which images they are and of which epoch. */
  finish(epoch: number): void {
    writeAtomic(path.join(this.folder, 'strip.json'), JSON.stringify({ epoch, images: this.images }));
  }

  get images(): StripImage[] {
    return [...this.chosen].map(([imageId, index]) => ({ imageId, file: `${index}.png` }));
  }
}
