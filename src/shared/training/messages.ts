// What main and the trainer process say to each other.
import type { Reliability } from '../metrics/calibration.ts';
import type { ShapeCounts } from '../metrics/shape-scores.ts';
import type { ErrorCode } from '../errors.ts';
import type { ClassInfo, MaskFormat } from '../classes/class-info.ts';
import type { ReadLimits } from '../data/read-limits.ts';
import type { Sample } from '../data/sample.ts';
import type { Precision, PrecisionChoice, PrecisionSetting } from './precision.ts';
import type { EvaluationConfig, RunConfig } from './run-config.ts';
import type { JobOrigin } from './run-origin.ts';
import type { WeightFit } from './weight-fit.ts';

/** Images that a person can watch at once. */
export const mostWatched = 12;

export interface TrainJob {
  kind: 'train';
  config: RunConfig;
  classes: ClassInfo[];
  maskFormat: MaskFormat;
  train: Sample[];
  validation: Sample[];
  /** Folder that takes config.json, metrics.csv and the checkpoints. */
  outDir: string;
  /** Checkpoint to go on from, or null. */
  resumeFrom: string | null;
  /** Weight file (.pth, .safetensors, .ckpt) to start from, as far as its tensors fit; null starts from random weights. */
  initialWeights: string | null;
  /** Keeps a copy of every mask in the run's folder and trains on these: for runs outside a workbench, which has a store of revisions. */
  keepMasks?: boolean;
  /** Validation images whose predictions a person wants to watch, besides a few that are spread over the split. */
  watched?: string[];
  origin: JobOrigin;
}

export interface PredictJob {
  kind: 'predict';
  checkpoint: string;
  /** What the checkpoint says its tensors are, where predictions are kept by that; another file in its place is refused. */
  sha256: string | null;
  samples: Sample[];
  /** Folder for one indexed PNG of class ids an image, or null to score only. */
  outDir: string | null;
  /** Format of the labels to score against; null predicts without scoring. */
  maskFormat: MaskFormat | null;
  /** How to look at the images; null as the checkpoint's settings say. */
  evaluation: EvaluationConfig | null;
  /** What to reckon in; null as the checkpoint's settings say. */
  precision: PrecisionSetting | null;
  /** What `auto` comes to where that is no loss here: what its run reckoned in. */
  preferred?: Precision | null;
  /** Class set of the data set; must have the checkpoint's classes, in whatever order. */
  classes: ClassInfo[] | null;
  /** What the masks hold: the checkpoint's class ids, or the stored values of its classes. */
  write: 'ids' | 'values';
  /** Names of the masks' files, one a sample; null names them by their images, all of them in one folder. */
  names: string[] | null;
  /** Whether how sure the network is is written too, beside each mask. */
  writeSureness: boolean;
}

/** Finds the temperature at which a network is as sure as it is right. */
export interface CalibrateJob {
  kind: 'calibrate';
  checkpoint: string;
  samples: Sample[];
  maskFormat: MaskFormat;
  /** As a prediction's. */
  classes: ClassInfo[];
  precision: PrecisionSetting | null;
  /** Model that is written with the temperature, or null. */
  outFile: string | null;
}

/** Raises the learning rate step by step from very small to where the loss explodes, on a network that is thrown away. */
export interface FindRateJob {
  kind: 'find-rate';
  config: RunConfig;
  classes: ClassInfo[];
  maskFormat: MaskFormat;
  train: Sample[];
  steps: number;
  /** Weights that a run of the recipe would start with, as a training job's; null for random ones. */
  initialWeights: string | null;
}

/** Writes a checkpoint's network in another format. */
export interface ExportJob {
  kind: 'export';
  checkpoint: string;
  outFile: string;
  /** `pth` is a state dict as `torch.save` writes it. */
  format: 'safetensors' | 'onnx' | 'pth';
  /** Half precision (not of ONNX). */
  half: boolean;
  /** [height, width] of an ONNX model's images; null takes the evaluation size. */
  size: [number, number] | null;
  /** Further metadata of the file. */
  notes: Record<string, string>;
}

/** Looks how far a weight file fits a recipe's network; trains nothing. */
export interface WeightsJob {
  kind: 'look-at-weights';
  file: string;
  config: RunConfig;
  /** Of the data set. */
  classes: ClassInfo[];
}

export type TrainerJob = TrainJob | PredictJob | CalibrateJob | ExportJob | FindRateJob | WeightsJob;

export type TrainerCommand =
  | { type: 'job'; job: TrainerJob; limits: ReadLimits }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'stop' }
  | { type: 'stop-after-epoch' }
  /** Takes that back. */
  | { type: 'keep-going' }
  /** Other images are watched from the next validation on. */
  | { type: 'watch'; imageIds: string[] };

/** One epoch's results; fractions are 0 … 1, times in seconds. What has nothing to be measured on is null, never 0. */
export interface EpochMetrics {
  epoch: number;
  /** Mean of the losses of the steps that had a labelled pixel. */
  loss: number | null;
  trainAccuracy: number | null;
  validationAccuracy: number | null;
  /** Cross-entropy over the labelled pixels of validation, weighted and shifted as in training; null in runs of before it was measured. */
  validationLoss: number | null;
  miou: number | null;
  /** Empty of an epoch that was not scored, whose other validation figures are null. */
  perClassIou: (number | null)[];
  learningRate: number;
  /** Wall time of training since the start of the run, over all resumes. */
  timeSeconds: number;
  epochSeconds: number;
}

/** Terms of a loss before they are weighted; null one that a network or its recipe does not have, and all where nothing is labelled. */
export interface LossTerms {
  crossEntropy: number | null;
  /** Which classes the scene holds: the paper's SE-loss. */
  sceneLoss: number | null;
  auxiliaryLoss: number | null;
}

export interface StepMetrics extends LossTerms {
  epoch: number;
  step: number;
  stepsPerEpoch: number;
  globalStep: number;
  totalSteps: number;
  /** Null of a step without a labelled pixel, as its accuracy and the norm of its gradients. */
  loss: number | null;
  accuracy: number | null;
  learningRate: number;
  gradientNorm: number | null;
  /** Images of the step. */
  images: number;
  stepMs: number;
  waitMs: number;
}

/** A step as curves show it; null what was not measured, and what has nothing to be measured on. */
export interface StepPoint extends LossTerms {
  globalStep: number;
  /** Position in epochs, such as 2.25. */
  epoch: number;
  /** The sum of the terms by their weights. */
  loss: number | null;
  accuracy: number | null;
  learningRate: number;
  /** Euclidean norm of all gradients together, before it is limited. */
  gradientNorm: number | null;
  imagesPerSecond: number | null;
}

export interface ImageScore {
  id: string;
  /** null without a label. */
  confusion: number[] | null;
  /** Mean normalised entropy of the class probabilities, 0 … 1. */
  uncertainty: number;
  /** Mean cross-entropy of its labelled pixels; null without any. */
  loss: number | null;
  /** Labelled pixels that are predicted as another class with confidence; null without a label. */
  suspicious: number | null;
  /** Counts of boundaries and objects; null without a label. */
  shapes: ShapeCounts | null;
  file: string | null;
}

/** A validation image of the strip, and the name of its latest prediction. */
export interface StripImage {
  imageId: string;
  file: string;
}

/** One point of a learning-rate search. */
export interface RatePoint {
  learningRate: number;
  loss: number;
}

export type TrainerEvent =
  /** `whyNoGpu`: why it computes on the processor, in words; null on a GPU. */
  | { type: 'ready'; device: string; whyNoGpu: string | null; tensorflow: string }
  | { type: 'log'; text: string }
  /** What the job reckons in, from now on. */
  | ({ type: 'precision' } & PrecisionChoice)
  | { type: 'started'; epoch: number; step: number; history: EpochMetrics[]; parameters: number; steps: number }
  | { type: 'step'; metrics: StepMetrics; rssMb: number }
  /** Images looked at after an epoch: the first `fitted` are training images, which the classes' offsets are fitted on. */
  | { type: 'validating'; done: number; total: number; fitted: number }
  /** `confusion`: row-major; empty of an epoch that was not scored. */
  | { type: 'epoch'; metrics: EpochMetrics; confusion: number[]; best: boolean }
  | { type: 'checkpoint'; file: string; role: 'last' | 'best' | 'epoch'; epoch: number; sha256: string }
  | { type: 'strip'; epoch: number; images: StripImage[] }
  | { type: 'rate'; point: RatePoint; done: number; total: number }
  | { type: 'rate-found'; suggestion: number | null }
  | { type: 'looked-at'; done: number; total: number }
  /** @param before, after on images that the temperature was not fitted to */
  | { type: 'calibrated'; temperature: number; before: Reliability; after: Reliability; images: number }
  | { type: 'weights'; fit: WeightFit }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'skipped'; id: string; reason: string; done: number; total: number }
  | { type: 'scored'; score: ImageScore; done: number; total: number }
  | { type: 'done'; reason: 'finished' | 'stopped'; epoch: number }
  | { type: 'failed'; code: ErrorCode; message: string };
