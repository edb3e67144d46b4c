// A network of a case file: built from its configuration, filled, run, and its losses and outputs compared.
import { voidId } from '#shared/mask/void-id';
import type { Precision } from '#shared/training/precision';
import { referenceModel, type ModelConfig } from '#shared/training/model-config';
import { takeGradients } from '#ml/layers/leaf';
import type { Parameter } from '#ml/layers/parameters';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { classPresence, seLoss } from '#ml/losses/se-loss';
import { EncNet } from '#ml/models/encnet';
import { tf, type Tensor } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import { backboneConfig, type BackboneSpec } from './backbone-case.ts';
import { filledInput, nchw, type Four, type LargeTensor } from './compare.ts';
import { boardLabels, filledStateDict } from './fill.ts';
import { IntermediateValues } from './intermediates.ts';
import type { FullTensor, Report } from './report.ts';

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

export interface Outputs {
  logits?: LargeTensor;
  se_logits?: FullTensor;
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

  constructor(config: NetworkConfig, precision: Precision = 'float32') {
    const model: ModelConfig = { ...referenceModel, ...backboneConfig(config), numCodes: config.num_codes, addLateral: config.lateral };
    this.config = config;
    this.net = new EncNet(model, config.num_classes, 0, precision);
    this.net.parameters.load(filledStateDict(this.net.parameters.all(), config.seed));
    this.images = filledInput(config.input_shape, config.seed);
    const [batch, , height, width] = config.input_shape;
    this.labels = boardLabels(config.seed, batch, height, width, config.num_classes);
  }

  /** Runs forward, and backward in training. */
  run(training: boolean): NetworkResult {
    const intermediates = new IntermediateValues(this.net);
    const { precision } = this.net;
    const tape = new Tape({ training, recording: training, precision, trace: (step) => intermediates.take(step, tape) });
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
