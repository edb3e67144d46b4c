import { z } from 'zod';
import { mostWatched } from '../training/messages.ts';
import type { RatePoint, StepMetrics, StepPoint, StripImage } from '../training/messages.ts';
import type { PrecisionChoice } from '../training/precision.ts';
import type { Preset } from '../training/presets.ts';
import { runConfigSchema, type RunConfig } from '../training/run-config.ts';
import type { WeightFit } from '../training/weight-fit.ts';
import { startFromSchema } from '../training/start-weights.ts';
import { sweepSchema } from '../training/sweep.ts';
import { event, latest, method } from './define.ts';
import { imageId, runId } from './ids.ts';
import type { RunSummary } from './runs.ts';

export type TrainingPhase = 'starting' | 'training' | 'validating' | 'pausing' | 'paused' | 'stopping';

/** The run under way, or the last one of this session. */
export interface TrainingStatus {
  run: RunSummary;
  active: boolean;
  phase: TrainingPhase | 'ended';
  device: string | null;
  /** Why it computes on the processor, in words; null on a GPU, and while that is not known. */
  whyNoGpu: string | null;
  /** What it reckons in, and why; null while that is not known. */
  precision: PrecisionChoice | null;
  rssMb: number | null;
  step: StepMetrics | null;
  /** Training images that the classes' offsets are fitted on, or validation images that are scored; null outside of both. */
  validation: { of: 'fitting' | 'scoring'; done: number; total: number } | null;
  secondsLeft: number | null;
  /** Whether it is to stop when the epoch under way is over. */
  stopsAfterEpoch: boolean;
}

/** What waits for every image to be read before it starts: a run, or a learning-rate search. */
export type TrainingStart = 'run' | 'rate-search';

export interface PresetInfo extends Preset {
  /** Seconds that an epoch of today's images takes here, validation included, by the newest run; null before the first. */
  measuredEpochSeconds: number | null;
}

/** What a run will take on this machine. */
export interface RunEstimate {
  epochSeconds: number;
  /** Whether the time follows from runs measured here, or from what processors usually do. */
  measured: boolean;
  memoryMb: number;
  /** Memory of the machine, in megabytes. */
  machineMb: number;
  parameters: number;
  stepsPerEpoch: number;
  /** What is wrong with it and what to change; empty if nothing is. */
  warnings: string[];
}

const queuedRunSchema = z.strictObject({
  id: z.string().min(1).max(80),
  name: z.string().min(1).max(120),
  config: runConfigSchema,
  /** What it starts from, as `start-weights` names it. */
  startFrom: startFromSchema,
  sweep: z.string().max(80).nullable(),
  /** Higher ones go first; equal ones in the order they came. */
  priority: z.int().min(-100).max(100),
  createdAt: z.string().max(40),
});
/** A run that waits in line. */
export type QueuedRun = z.infer<typeof queuedRunSchema>;

export interface QueueState {
  waiting: QueuedRun[];
  /** Rows that cannot be read any more: they can only be removed. */
  broken: { id: string; name: string; reason: string }[];
  /** Whether the next one is not started by itself: after a stop or a restart. */
  held: boolean;
}

/** A learning-rate search under way, or the last one. */
export interface RateSearch {
  /** What it was asked for: it tells nothing of other settings. */
  config: RunConfig;
  startFrom: string | null;
  points: RatePoint[];
  done: number;
  total: number;
  suggestion: number | null;
  /** What it reckons in, and why; null until that is chosen. */
  precision: PrecisionChoice | null;
  state: 'running' | 'finished' | 'stopped' | 'failed';
  message: string | null;
}

const start = z.strictObject({
  config: runConfigSchema,
  name: z.string().max(120),
  /** What it starts from, as far as that fits: a run's best weights or a file's, as `start-weights` names them; null starts at random. */
  startFrom: startFromSchema.default(null),
});
const queued = z.strictObject({ id: z.string() });

export const training = {
  methods: {
    presets: method(z.undefined()).returns<PresetInfo[]>(),
    start: method(start).returns<RunSummary>(),
    /** What is being started now, by whatever window. */
    starting: method(z.undefined()).returns<TrainingStart | null>(),
    /** Gives up a start that waits until every image is read: it answers 'cancelled'. Later it is a run, and stopped as one. */
    cancelStart: method(z.undefined()).returns<void>(),
    /** Checks a configuration that came as JSON and fills in standard values. */
    parseRecipe: method(z.strictObject({ text: z.string().max(100_000) })).returns<RunConfig>(),
    estimate: method(z.strictObject({ config: runConfigSchema })).returns<RunEstimate>(),
    enqueue: method(start).returns<QueueState>(),
    sweep: method(sweepSchema).returns<QueueState>(),
    queue: method(z.undefined()).returns<QueueState>(),
    /** @returns the run, to be put back; null for one that could not be read */
    removeQueued: method(queued).returns<QueuedRun | null>(),
    /** Puts a removed run back in its place. */
    restoreQueued: method(z.strictObject({ run: queuedRunSchema })).returns<QueueState>(),
    prioritise: method(queued.extend({ priority: z.int().min(-100).max(100) })).returns<QueueState>(),
    startQueue: method(z.undefined()).returns<QueueState>(),
    holdQueue: method(z.undefined()).returns<QueueState>(),
    /** How far a weight file fits a recipe; a new look ends the one before. @param file its whole path */
    lookAtWeights: method(z.strictObject({ file: z.string().min(1).max(4096), config: runConfigSchema })).returns<WeightFit>(),
    cancelLook: method(z.undefined()).returns<void>(),
    findRate: method(z.strictObject({ config: runConfigSchema, startFrom: startFromSchema.default(null) })).returns<RateSearch>(),
    cancelFindRate: method(z.undefined()).returns<void>(),
    rateSearch: method(z.undefined()).returns<RateSearch | null>(),
    resumeRun: method(z.strictObject({ runId })).returns<RunSummary>(),
    pause: method(z.undefined()).returns<void>(),
    resume: method(z.undefined()).returns<void>(),
    stop: method(z.undefined()).returns<void>(),
    /** Ends a trainer that does not stop: what was learned since its last checkpoint is lost. @throws AppError 'conflict' before `stop` */
    endAtOnce: method(z.undefined()).returns<void>(),
    stopAfterEpoch: method(z.undefined()).returns<void>(),
    /** Takes that back. */
    keepGoing: method(z.undefined()).returns<void>(),
    status: method(z.undefined()).returns<TrainingStatus | null>(),
    log: method(z.strictObject({ runId })).returns<string[]>(),
    /** Names the validation images whose predictions are kept each epoch, from the next validation on, besides a few others. */
    watch: method(z.strictObject({ imageIds: z.array(imageId).max(mostWatched) })).returns<void>(),
  },
  events: {
    status: latest<TrainingStatus>(),
    starting: latest<TrainingStart | null>(),
    step: event<{ runId: string; point: StepPoint }>(),
    epoch: event<{ runId: string }>(),
    /** The run has gone on from a checkpoint: its curve is to be read anew, since steps may be done again. */
    resumed: event<{ runId: string }>(),
    log: event<{ runId: string; line: string }>(),
    queue: latest<QueueState>(),
    rate: latest<RateSearch>(),
    /** The predictions of a few validation images have been renewed. */
    strip: event<{ runId: string; epoch: number; images: StripImage[] }>(),
  },
};
