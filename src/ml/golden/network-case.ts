// Whole networks: built from the case's configuration, filled, compared in evaluation, in a training step and along trajectories.
import { voidId } from '#shared/mask/void-id';
import { referenceModel, type ModelConfig } from '#shared/training/model-config';
import { takeGradients } from '../layers/leaf.ts';
import type { Parameter } from '../layers/parameters.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { classPresence, seLoss } from '../losses/se-loss.ts';
import { EncNet } from '../models/encnet.ts';
import { Optimizer } from '../optim/optimizer.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape } from '../tensor/tape.ts';
import { backboneConfig, type BackboneSpec } from './backbone-case.ts';
import {
  allowing,
  compareGradients,
  compareParameters,
  compareStatistics,
  filledInput,
  nchw,
  type Four,
  type LargeTensor,
  type Noise,
  type ParameterRow,
  type StatisticsRow,
} from './compare.ts';
import { boardLabels, filledStateDict } from './fill.ts';
import { IntermediateValues } from './intermediates.ts';
import { optimizerOf } from './optimizer-spec.ts';
import type { FullTensor, Report } from './report.ts';
import { trajectoryCase, type Trajectory } from './trajectory-case.ts';

/** Losses of a case: the SE loss in the form that the file names. */
export type Losses = { ce: number; total: number } & Partial<Record<'se_mse' | 'se_bce', number>>;

export interface NetworkConfig extends BackboneSpec {
  num_classes: number;
  num_codes: number;
  lateral: boolean;
  input_shape: Four;
  seed: number;
  ignore_index?: number;
  use_se_loss?: boolean;
  se_weight?: number;
}

interface Outputs {
  logits?: LargeTensor;
  se_logits?: FullTensor;
}

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

export interface NetworkResult {
  losses: Losses;
  logits: Float32Array;
  seLogits: Float32Array;
  intermediates: IntermediateValues;
  /** Of each parameter; owned by the caller. Empty in evaluation. */
  gradients: Map<Parameter, Tensor>;
}

/** A network of a case file with its batch, ready to be run. */
export class NetworkCase {
  readonly net: EncNet;
  private readonly images: Tensor;
  private readonly labels: Uint8Array;
  private readonly config: NetworkConfig;

  constructor(config: NetworkConfig) {
    const model: ModelConfig = { ...referenceModel, ...backboneConfig(config), numCodes: config.num_codes, addLateral: config.lateral };
    this.config = config;
    this.net = new EncNet(model, config.num_classes, 0);
    this.net.parameters.load(filledStateDict(this.net.parameters.all(), config.seed));
    this.images = filledInput(config.input_shape, config.seed);
    const [batch, , height, width] = config.input_shape;
    this.labels = boardLabels(config.seed, batch, height, width, config.num_classes);
  }

  /** Runs forward, and backward in training. */
  run(training: boolean): NetworkResult {
    const intermediates = new IntermediateValues(this.net);
    const tape = new Tape({ training, recording: training, trace: (step) => intermediates.take(step, tape) });
    const output = this.net.forward(tape, tape.constant(this.images));
    const ce = crossEntropy(output.logits.value, this.labels, this.config.ignore_index ?? voidId);
    const presence = classPresence(this.labels, this.config.input_shape[0], this.config.num_classes);
    const [mse, bce] = (['mse', 'bce'] as const).map((form) => seLoss(output.seLogits.value, presence, form));
    const weight = this.config.use_se_loss === false ? 0 : (this.config.se_weight ?? 0.2);
    const result: NetworkResult = {
      losses: { ce: ce.loss, se_mse: mse.loss, se_bce: bce.loss, total: ce.loss + weight * mse.loss },
      logits: nchw(output.logits.value),
      seLogits: nchw(output.seLogits.value),
      intermediates,
      gradients: new Map<Parameter, Tensor>(),
    };
    if (training) {
      tape.backward([
        [output.logits, ce.gradient],
        [output.seLogits, tf.mul(mse.gradient, weight)],
      ]);
      result.gradients = takeGradients(tape);
    } else ce.gradient.dispose();
    for (const { gradient } of [mse, bce]) gradient.dispose();
    tape.dispose();
    return result;
  }

  dispose(): void {
    this.net.dispose();
    this.images.dispose();
  }
}

/** The losses that the file states. */
export function compareLosses(
  report: Report,
  quantity: string,
  actual: Losses,
  expected: Partial<Losses>,
  tolerance: (key: keyof Losses) => number,
): void {
  for (const key of ['ce', 'se_mse', 'se_bce', 'total'] as const) {
    if (typeof expected[key] === 'number') report.relative(`${quantity}: ${key}`, actual[key]!, expected[key], tolerance(key));
  }
}

export function compareOutputs(
  report: Report,
  quantity: string,
  actual: NetworkResult,
  expected: Outputs,
  tolerances: { values: number; norm: number; se: number },
): void {
  if (expected.logits) report.probe(`${quantity} logits`, actual.logits, expected.logits, tolerances);
  if (expected.se_logits) report.rms(`${quantity} SE logits`, actual.seLogits, expected.se_logits, tolerances.se);
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
