import { z } from 'zod';
import { latest, method } from './define.ts';
import { runId } from './ids.ts';

/** An image that is looked at with a run and is not part of the data set. */
export interface TrialImage {
  id: string;
  name: string;
  state: 'waiting' | 'predicted' | 'failed';
  /** Why it could not be predicted; null otherwise. */
  reason: string | null;
}

export interface TrialState {
  images: TrialImage[];
  /** The run whose predictions they have; null while none is asked for. */
  runId: string | null;
  /** Whether that has other weights by now. */
  newWeights: boolean;
  running: boolean;
  done: number;
  total: number;
  secondsLeft: number | null;
}

/** An image of a trial and its prediction as pictures. */
export interface TrialPictures {
  /** JPEG. */
  image: Uint8Array;
  /** PNG in the classes' colours, of the image's own size. */
  prediction: Uint8Array | null;
}

const ids = z.array(z.string().min(1).max(40)).min(1).max(500);
const content = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

export const trials = {
  methods: {
    state: method(z.undefined()).returns<TrialState>(),
    /** Takes an image that was dropped. */
    add: method(z.strictObject({ name: z.string().min(1).max(200), content })).returns<TrialState>(),
    /** Takes an image, or the images of a folder, of this machine: they stay where they are. */
    addFrom: method(z.strictObject({ path: z.string().min(1).max(4096) })).returns<TrialState>(),
    /** Predicts what this run has not predicted yet. */
    predict: method(z.strictObject({ runId })).returns<TrialState>(),
    cancel: method(z.undefined()).returns<void>(),
    pictures: method(z.strictObject({ id: ids.element })).returns<TrialPictures>(),
    /** Copies images into a split of the data set. @returns the files that were made */
    keep: method(z.strictObject({ ids, split: z.string().min(1).max(200) })).returns<{ files: string[]; split: string }>(),
    /** Forgets images; those of this machine stay where they are. */
    remove: method(z.strictObject({ ids })).returns<TrialState>(),
  },
  events: {
    changed: latest<TrialState>(),
  },
};
