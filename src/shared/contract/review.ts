import { z } from 'zod';
import type { ClassInfo } from '../classes/class-info.ts';
import type { Protocol } from '../metrics/protocol.ts';
import type { Sureness } from '../metrics/sureness.ts';
import type { SplitScores } from '../metrics/split-scores.ts';
import type { ImageScore } from '../training/messages.ts';
import type { Precision } from '../training/precision.ts';
import { evaluationConfigSchema } from '../training/run-config.ts';
import { latest, method } from './define.ts';
import { imageId, predictionId, runId } from './ids.ts';

export interface PredictionInfo {
  id: string;
  runId: string;
  runName: string;
  split: string;
  protocol: Protocol;
  createdAt: string;
  images: number;
  /** sha256 of the checkpoint's tensors. */
  checkpointSha256: string;
  /** The classes that it was made for: its ids and scores are of these. */
  classes: ClassInfo[];
  /** Which weights of its run it was made with; null in predictions of before that was kept. */
  weights: UsedWeights | null;
  /** What it was reckoned in; null likewise, and until that is known. */
  precision: Precision | null;
}

/** The weights that a run predicts with. */
export interface UsedWeights {
  role: 'best' | 'last';
  /** Epochs that they have seen; null where nothing tells it. */
  epoch: number | null;
}

/** A prediction whose row in the history cannot be read: it can only be removed. */
export interface BrokenPrediction {
  id: string;
  createdAt: string;
}

export interface PredictionProgress {
  predictionId: string;
  runId: string;
  split: string;
  done: number;
  total: number;
  secondsLeft: number | null;
  state: 'running' | 'finished' | 'cancelled' | 'failed';
  message: string | null;
}

/** One image of a review: how well prediction and label agree. */
export interface ReviewImage {
  id: string;
  miou: number | null;
  pixelAccuracy: number | null;
  perClassIou: (number | null)[];
  wrongPixels: number;
  uncertainty: number;
  /** Mean cross-entropy of its labelled pixels; null without any, and where it was not measured. */
  loss: number | null;
  /** Labelled pixels that are predicted as another class with 95 % confidence; null likewise. */
  suspicious: number | null;
  confusion: ImageScore['confusion'];
}

/** What of a prediction is not as it would be now. */
export interface Renewal {
  /** Images whose label, photo or class set is another one than it was scored with; none where its run cannot predict them anew. */
  changed: string[];
  /** Images of the split that it does not hold: new ones, and those that were not come to. */
  missing: string[];
  /** Whether the run has other weights by now. */
  newWeights: boolean;
  /** Why its run cannot predict for the classes of now, with both lists; null where it can. */
  otherClasses: string | null;
}

export interface ReviewResult extends SplitScores {
  prediction: PredictionInfo;
  /** Why it cannot be taken as a label, with both class lists; null where it can. */
  foreign: string | null;
  /** Worst first. */
  images: ReviewImage[];
  /** Of how many of these images the run has learnt; null where that was not kept. */
  learntFrom: number | null;
  renewal: Renewal;
}

/** The prediction of an image and its label, both in the prediction's class ids, 255 = void. */
export interface ReviewMasks {
  width: number;
  height: number;
  prediction: Uint8Array;
  /** null where the image has no label; classes that the prediction does not know are void. */
  label: Uint8Array | null;
  /** null in predictions of before it was kept. */
  sureness: Sureness | null;
}

/** Pixels whose label a person has said to be right. */
export interface KeptLabel {
  id: number;
  left: number;
  top: number;
  width: number;
  height: number;
  /** One bit a pixel of the box, row-major, lowest bit first. */
  pixels: Uint8Array;
  /** The class that they had, and its stored value: with another label it is asked again. */
  name: string;
  value: number | null;
}

const side = z.int().min(0).max(200_000);
const keptSchema = z.strictObject({
  left: side,
  top: side,
  width: side.min(1),
  height: side.min(1),
  pixels: z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes'),
  name: z.string().max(200),
  value: z.int().min(0).max(255).nullable(),
});

/** How to look at images, as the run validates unless told: whole or by windows, as the run has it in any case. */
const lookSchema = evaluationConfigSchema.omit({ sliding: true });
export type ImageLook = z.infer<typeof lookSchema>;

export const review = {
  methods: {
    predictions: method(z.undefined()).returns<{ predictions: PredictionInfo[]; broken: BrokenPrediction[] }>(),
    /** Removes a damaged prediction with its masks. */
    removeBroken: method(z.strictObject({ id: z.string().min(1).max(200) })).returns<void>(),
    /**
     * Predicts a split with a run's best weights. What was predicted by the same weights in the same way is not predicted again, unless
     * photo, mask or class set are others.
     * @returns how far it is: finished at once where everything is as it was predicted
     */
    predict: method(
      z.strictObject({
        runId,
        split: z.string(),
        look: lookSchema.nullish(),
      }),
    ).returns<PredictionProgress>(),
    cancel: method(z.undefined()).returns<void>(),
    progress: method(z.undefined()).returns<PredictionProgress | null>(),
    result: method(z.strictObject({ predictionId })).returns<ReviewResult>(),
    masks: method(z.strictObject({ predictionId, imageId })).returns<ReviewMasks>(),
    /** A prediction with its run, and against another run's, as a page that needs nothing besides itself, and the name of its file. */
    report: method(z.strictObject({ predictionId, against: predictionId.nullable() })).returns<{ name: string; html: string }>(),
    /** Remembers that a label is right where a prediction differs. @returns the decision's number */
    keep: method(z.strictObject({ imageId, label: keptSchema })).returns<number>(),
    kept: method(z.strictObject({ imageId })).returns<KeptLabel[]>(),
    /** Takes such a decision back. */
    forgetKept: method(z.strictObject({ id: z.int().positive() })).returns<void>(),
  },
  events: {
    progress: latest<PredictionProgress>(),
  },
};
