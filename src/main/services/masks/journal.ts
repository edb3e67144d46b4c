import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { decodeMulti, encode } from '@msgpack/msgpack';
import { fnv1a } from '#shared/random';
import type { MaskPatch } from '#shared/mask/patch';
import type { WorkFolder } from '../datasets/work-folder.ts';

interface JournalEntry {
  base: string | null;
  patch: MaskPatch;
}

/** Strokes that are not yet in their mask file: a kill loses at most the stroke in hand. */
export class Journal {
  private readonly workFolder: WorkFolder;

  constructor(workFolder: WorkFolder) {
    this.workFolder = workFolder;
  }

  private file(imageId: string): string {
    const readable = imageId.replace(/[^\w.-]+/g, '-').slice(-80);
    return this.workFolder.at('journal', `${readable}-${fnv1a(imageId).toString(16)}.strokes`);
  }

  /** Adds a stroke made on the mask revision `base`. */
  append(imageId: string, base: string | null, patch: MaskPatch): void {
    mkdirSync(this.workFolder.at('journal'), { recursive: true });
    appendFileSync(this.file(imageId), encode({ base, patch } satisfies JournalEntry));
  }

  /** The strokes made on a revision, oldest first; a torn last one, from a kill while it was written, is left out. */
  strokes(imageId: string, base: string | null): MaskPatch[] {
    const file = this.file(imageId);
    if (!existsSync(file)) return [];
    const patches: MaskPatch[] = [];
    try {
      for (const entry of decodeMulti(readFileSync(file)) as Iterable<JournalEntry>) {
        if (entry.base === base) patches.push(entry.patch);
      }
    } catch {
      // What was decoded before the torn end is whole.
    }
    return patches;
  }

  /** Forgets an image's strokes, once its mask file holds them. */
  clear(imageId: string): void {
    rmSync(this.file(imageId), { force: true });
  }
}
