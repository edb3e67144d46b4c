import { AppError } from '#shared/errors';
import type { OptimizerConfig, ScheduleConfig } from '#shared/training/optimizer-config';

/** An optimiser as case files describe it, in PyTorch's terms. */
export interface OptimizerSpec {
  name?: string;
  lr: number;
  momentum?: number;
  dampening?: number;
  weight_decay?: number;
  nesterov?: boolean;
  betas?: [number, number];
  eps?: number;
  amsgrad?: boolean;
  clip_norm?: number;
  schedule?: string;
}

const unsupported = (what: string, value: unknown) =>
  new AppError('unsupported', `${what} has no counterpart here, received ${JSON.stringify(value)}`);

/** sgd, adamw, or adam, which without decay is AdamW. @throws AppError 'unsupported' */
function kindOf({ name = 'sgd', weight_decay: decay = 0 }: OptimizerSpec): OptimizerConfig['kind'] {
  const kind = /^(sgd|adamw|adam)/i.exec(name)?.[1].toLowerCase();
  if (kind === 'sgd' || kind === 'adamw') return kind;
  if (kind === 'adam' && decay === 0) return 'adamw';
  throw unsupported('optimizer.name', name);
}

/**
 * A case file's optimiser in our terms; every tensor is decayed, as PyTorch does with one group.
 * @throws AppError 'unsupported' on what we do not have
 */
export function optimizerOf(spec: OptimizerSpec): OptimizerConfig {
  if (spec.dampening) throw unsupported('optimizer.dampening', spec.dampening);
  if (spec.amsgrad) throw unsupported('optimizer.amsgrad', spec.amsgrad);
  return {
    kind: kindOf(spec),
    learningRate: spec.lr,
    headFactor: 1,
    weightDecay: spec.weight_decay ?? (/^adamw/i.test(spec.name ?? '') ? 0.01 : 0),
    decayNormAndBias: true,
    momentum: spec.momentum ?? 0,
    nesterov: spec.nesterov ?? false,
    beta1: spec.betas?.[0] ?? 0.9,
    beta2: spec.betas?.[1] ?? 0.999,
    epsilon: spec.eps ?? 1e-8,
    clipNorm: spec.clip_norm ?? 0,
  };
}

export interface ScheduleSpec {
  name: string;
  power?: number;
  max_iter?: number;
  step_size?: number;
  gamma?: number;
}

/** @throws AppError 'unsupported' on a schedule that is not known */
export function scheduleOf({ name: given, power = 0.9, step_size: size = 1, gamma = 0.1 }: ScheduleSpec): ScheduleConfig {
  const name = given.toLowerCase().replace(/_?lr$/, '');
  if (name === 'constant') return { kind: 'constant' };
  if (name === 'poly') return { kind: 'poly', power };
  if (name === 'step') return { kind: 'step', stepEpochs: size, gamma };
  if (name === 'cosine') return { kind: 'cosine', floor: 0 };
  throw unsupported('schedule.name', given);
}
