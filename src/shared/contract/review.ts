import { z } from 'zod';
import type { Protocol } from '../metrics/protocol.ts';
import type { ImageScore } from '../training/messages.ts';
import { event, method } from './define.ts';

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
  confusion: ImageScore['confusion'];
}

export interface ReviewResult {
  prediction: PredictionInfo;
  miou: number | null;
  pixelAccuracy: number | null;
  perClassIou: (number | null)[];
  confusion: number[][];
  /** Worst first. */
  images: ReviewImage[];
}

export const review = {
  methods: {
    predictions: method(z.undefined()).returns<PredictionInfo[]>(),
    predict: method(z.strictObject({ runId: z.string(), split: z.string() })).returns<PredictionProgress>(),
    cancel: method(z.undefined()).returns<void>(),
    progress: method(z.undefined()).returns<PredictionProgress | null>(),
    result: method(z.strictObject({ predictionId: z.string() })).returns<ReviewResult>(),
    mask: method(z.strictObject({ predictionId: z.string(), imageId: z.string() })).returns<{
      width: number;
      height: number;
      ids: Uint8Array;
    }>(),
  },
  events: {
    progress: event<PredictionProgress>(),
  },
};
