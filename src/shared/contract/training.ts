import { z } from 'zod';
import type { StepMetrics, StripImage } from '../training/messages.ts';
import type { Preset } from '../training/presets.ts';
import { runConfigSchema } from '../training/run-config.ts';
import { event, method } from './define.ts';
import type { RunSummary } from './runs.ts';

export type TrainingPhase = 'starting' | 'training' | 'validating' | 'pausing' | 'paused' | 'stopping';

/** The run under way, or the last one of this session. */
export interface TrainingStatus {
  run: RunSummary;
  active: boolean;
  phase: TrainingPhase | 'ended';
  device: string | null;
  rssMb: number | null;
  step: StepMetrics | null;
  /** Images validated of those to validate, while that goes on. */
  validation: { done: number; total: number } | null;
  secondsLeft: number | null;
}

export interface StepPoint {
  globalStep: number;
  /** Position in epochs, such as 2.25. */
  epoch: number;
  loss: number;
  accuracy: number;
  learningRate: number;
}

export interface PresetInfo extends Preset {
  /** Seconds an epoch took here at last, null before the first run. */
  measuredEpochSeconds: number | null;
}

export const training = {
  methods: {
    presets: method(z.undefined()).returns<PresetInfo[]>(),
    start: method(z.strictObject({ config: runConfigSchema, name: z.string().max(120) })).returns<RunSummary>(),
    resumeRun: method(z.strictObject({ runId: z.string() })).returns<RunSummary>(),
    pause: method(z.undefined()).returns<void>(),
    resume: method(z.undefined()).returns<void>(),
    stop: method(z.undefined()).returns<void>(),
    stopAfterEpoch: method(z.undefined()).returns<void>(),
    status: method(z.undefined()).returns<TrainingStatus | null>(),
    log: method(z.strictObject({ runId: z.string() })).returns<string[]>(),
  },
  events: {
    status: event<TrainingStatus>(),
    step: event<{ runId: string; point: StepPoint }>(),
    epoch: event<{ runId: string }>(),
    /** The run has gone on from a checkpoint: its curve is to be read anew, since steps may be done again. */
    resumed: event<{ runId: string }>(),
    log: event<{ runId: string; line: string }>(),
    /** The predictions of a few validation images have been renewed. */
    strip: event<{ runId: string; epoch: number; images: StripImage[] }>(),
  },
};
