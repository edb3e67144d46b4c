import { Optimizer } from '#ml/optim/optimizer';
import { scheduleFactor } from '#ml/optim/schedule';
import {
  allowing,
  compareParameters,
  compareStatistics,
  type LargeTensor,
  type Noise,
  type ParameterRow,
  type StatisticsRow,
} from './compare.ts';
import { compareLosses, compareOutputs, NetworkCase, type Losses, type NetworkConfig } from './network-run.ts';
import { optimizerOf, scheduleOf, type OptimizerSpec, type ScheduleSpec } from './optimizer-spec.ts';
import type { FullTensor, Report } from './report.ts';

export interface Trajectory {
  optimizer: OptimizerSpec;
  schedule?: ScheduleSpec;
  steps: (Losses & { lr?: number })[];
  eval_after?: Partial<Losses> & { logits?: LargeTensor; se_logits?: FullTensor };
  running_stats?: Record<string, StatisticsRow>;
  parameters?: Record<string, ParameterRow>;
}

const atSlowRate = [1e-5, 5e-5, 4e-4, 1e-3, 2e-3];
const atFastRate = [1e-5, 1e-3, 5e-2, 8e-2, 0.2];
const slowRate = 1e-3;

/**
 * How many times faster than the slow rate weights move: AdamW's steps have the rate's size whatever the gradient's, so it
 * counts as fast.
 */
const pace = ({ name, lr, momentum = 0 }: OptimizerSpec): number =>
  /^adam/i.test(name ?? '') ? 100 : Math.max(1, lr / (1 - momentum) / slowRate);

/** Tolerances of the totals of steps 1 to 5: rounding grows with the pace, between the two rates that were measured. */
const growth = (spec: OptimizerSpec): number[] =>
  atSlowRate.map((tolerance, step) => Math.min(atFastRate[step], step === 0 ? tolerance : tolerance * pace(spec)));

/** Trains on one batch from the fill on, and compares every step's losses and what is there in the end. */
export function trajectoryCase(
  report: Report,
  name: string,
  trajectory: Trajectory,
  config: NetworkConfig,
  noise: Noise | undefined,
): void {
  const { optimizer: spec, schedule, steps, eval_after: after, running_stats: statistics, parameters } = trajectory;
  const network = new NetworkCase(config);
  const optimizer = new Optimizer(optimizerOf(spec));
  const tolerances = growth(spec);
  const at = `trajectories/${name}`;
  steps.forEach((expected, index) => {
    const { losses, gradients } = network.run(true);
    const usual = tolerances[Math.min(index, tolerances.length - 1)];
    compareLosses(report, `trajectory ${name}, step ${index + 1}`, losses, expected, (key) =>
      allowing(noise, `${at}/steps/${index}/${key}`, 'rel', key.startsWith('se') ? 4 * usual : usual),
    );
    const factor = schedule
      ? scheduleFactor(scheduleOf(schedule), { step: index, stepsPerEpoch: 1, totalSteps: schedule.max_iter ?? steps.length })
      : 1;
    optimizer.step(gradients, expected.lr ?? spec.lr * factor);
  });
  const late = tolerances.at(-1)!;
  const spread = Math.sqrt(pace(spec));
  if (statistics)
    compareStatistics(report, `trajectory ${name}: running statistics after`, network.net.parameters, statistics, 'after', {
      values: allowing(noise, `${at}/running_stats/*/after/mean`, 'max_over_rms', 20 * late),
      norm: allowing(noise, `${at}/running_stats/*/after/mean`, 'norm_rel', 2 * late),
    });
  if (parameters)
    compareParameters(
      report,
      `trajectory ${name}: parameters after, l2`,
      network.net.parameters.trainable(),
      parameters,
      'after',
      allowing(noise, `${at}/parameters/*/after`, 'norm_rel', 3e-4),
    );
  if (after) {
    const evaluated = network.run(false);
    compareLosses(report, `trajectory ${name}: eval after`, evaluated.losses, after, (key) =>
      allowing(noise, `${at}/eval_after/${key}`, 'rel', key.startsWith('se') ? 4 * late : late),
    );
    compareOutputs(report, `trajectory ${name}: eval after,`, evaluated, after, {
      values: allowing(noise, `${at}/eval_after/logits`, 'max_over_rms', Math.min(0.5, 0.1 * spread)),
      norm: allowing(noise, `${at}/eval_after/logits`, 'norm_rel', Math.min(0.05, 4e-3 * spread)),
      se: allowing(noise, `${at}/eval_after/se_logits`, 'max_over_rms', Math.min(0.5, 0.1 * spread)),
    });
  }
  optimizer.dispose();
  network.dispose();
}
