import { z } from 'zod';
import { method } from './define.ts';

export interface LoadedMask {
  width: number;
  height: number;
  /** Class ids, row-major, 255 = void; all void where no mask file exists yet. */
  ids: Uint8Array;
  /** null where no mask file exists yet. */
  revision: string | null;
  /** Strokes that were in the journal but not in the file, and are in `ids` now. */
  recoveredStrokes: number;
  /** Why the mask cannot be edited; null where it can. */
  readOnlyReason: string | null;
}

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const patchSchema = z.strictObject({
  left: z.int().min(0),
  top: z.int().min(0),
  width: z.int().min(1),
  height: z.int().min(1),
  changed: bytes,
  values: bytes,
});
/** `datasetId`, where given, must be the open one's: a late call never reaches another data set. */
const image = { imageId: z.string().min(1).max(1024), datasetId: z.string().optional() };

export const masks = {
  methods: {
    load: method(z.strictObject(image)).returns<LoadedMask>(),
    /** `baseRevision` is the one that was loaded: a mask changed by another program is never overwritten unseen. */
    save: method(
      z.strictObject({ ...image, width: z.int().min(1), height: z.int().min(1), ids: bytes, baseRevision: z.string().nullable() }),
    ).returns<{ revision: string; savedAt: string }>(),
    journal: method(z.strictObject({ ...image, baseRevision: z.string().nullable(), patch: patchSchema })).returns<void>(),
    /** Takes a mask file away, as undo of the save that made it; a copy is kept beside the originals. */
    remove: method(z.strictObject({ ...image, baseRevision: z.string() })).returns<void>(),
    /** Puts back the mask as it was before its first edit. */
    restoreOriginal: method(z.strictObject(image)).returns<LoadedMask>(),
  },
  events: {},
};
