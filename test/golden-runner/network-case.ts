// Whole networks: compared in evaluation, in a training step and along trajectories.
import { Optimizer } from '#ml/optim/optimizer';
import {
  allowing,
  compareGradients,
  compareParameters,
  compareStatistics,
  type Noise,
  type ParameterRow,
  type StatisticsRow,
  type LargeTensor,
} from './compare.ts';
import { compareLosses, compareOutputs, NetworkCase, type Losses, type NetworkConfig, type Outputs } from './network-run.ts';
import { optimizerOf } from './optimizer-spec.ts';
import type { Report } from './report.ts';
import { trajectoryCase, type Trajectory } from './trajectory-case.ts';

export interface NetworkFile {
  config: NetworkConfig;
  eval_initial: Losses & Outputs;
  train_step: Losses &
    Outputs & {
      intermediates?: Record<string, LargeTensor>;
      parameters: Record<string, ParameterRow>;
      running_stats: Record<string, StatisticsRow>;
    };
  trajectories?: Record<string, Trajectory>;
  float32_noise?: Noise;
}

export function networkFile(
  report: Report,
  { config, eval_initial: initial, train_step: train, trajectories = {}, float32_noise: noise }: NetworkFile,
): void {
  const network = new NetworkCase(config);
  const evaluated = network.run(false);
  compareLosses(report, 'eval', evaluated.losses, initial, (key) => allowing(noise, `eval_initial/${key}`, 'rel', 1e-5));
  compareOutputs(report, 'eval', evaluated, initial, { values: 1e-4, norm: 1e-5, se: 3e-5 });
  const trained = network.run(true);
  compareLosses(report, 'first step', trained.losses, train, (key) => allowing(noise, `train_step/${key}`, 'rel', 1e-5));
  compareOutputs(report, 'train', trained, train, { values: 4e-4, norm: 1e-5, se: 3e-5 });
  for (const [name, expected] of Object.entries(train.intermediates ?? {})) {
    const actual = trained.intermediates.get(name);
    if (!actual) report.absolute(`intermediates that are not known: ${name}`, [1], [0], 0);
    else report.probe(`train, on the way: ${name}`, actual, expected, { values: 4e-4, norm: 1e-5 });
  }
  compareGradients(report, trained.gradients, train.parameters);
  const { parameters } = network.net;
  compareStatistics(report, 'running statistics', parameters, train.running_stats, 'after', { values: 2e-5, norm: 1e-5 });
  const plainRate = Object.keys(train.parameters['backbone.conv1.weight'] ?? {})
    .map((key) => /^after_sgd_lr_([\d.]+)$/.exec(key)?.[1])
    .find(Boolean);
  if (plainRate) {
    new Optimizer(optimizerOf({ name: 'sgd', lr: Number(plainRate) })).step(trained.gradients, Number(plainRate));
    compareParameters(report, 'parameters after a step: l2', parameters.trainable(), train.parameters, `after_sgd_lr_${plainRate}`, 3e-4);
  } else for (const gradient of trained.gradients.values()) gradient.dispose();
  network.dispose();
  twoPasses(report, config, train.running_stats);
  for (const [name, trajectory] of Object.entries(trajectories)) trajectoryCase(report, name, trajectory, config, noise);
}

/** The reference runs forward twice a step: its running statistics then. */
function twoPasses(report: Report, config: NetworkConfig, expected: Record<string, StatisticsRow>): void {
  if (!Object.values(expected).some((row) => row.after_two_forward_passes)) return;
  const network = new NetworkCase(config);
  for (let pass = 0; pass < 2; pass++) for (const gradient of network.run(true).gradients.values()) gradient.dispose();
  compareStatistics(report, 'running statistics after two passes', network.net.parameters, expected, 'after_two_forward_passes', {
    values: 2e-5,
    norm: 1e-5,
  });
  network.dispose();
}
