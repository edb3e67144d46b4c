// Backbones and whole networks: built from the case's configuration, filled, compared by probes.
import { voidId } from '#shared/mask/void-id';
import { Random } from '#shared/random';
import { referenceModel, type BackboneName, type ModelConfig } from '#shared/training/model-config';
import { takeGradients } from '../layers/leaf.ts';
import { Parameters, type Parameter } from '../layers/parameters.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { classPresence, seLoss } from '../losses/se-loss.ts';
import { EncNet } from '../models/encnet.ts';
import { ResNet } from '../models/resnet.ts';
import { Optimizer } from '../optim/optimizer.ts';
import { scheduleFactor } from '../optim/schedule.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape } from '../tensor/tape.ts';
import { toTorchLayout } from '../weights/layout.ts';
import { boardLabels, filledStateDict, streamValues, toNchw, toNhwc } from './fill.ts';
import { optimizerOf } from './number-cases.ts';
import { norm, type FullTensor, type Probe, type Report } from './report.ts';

type Four = [number, number, number, number];
type State = Pick<Probe, 'l2' | 'values'>;

interface ParameterRow {
  shape: number[];
  indices: number[];
  grad?: State | null;
  [state: string]: unknown;
}

interface StatisticsRow {
  indices: number[];
  after: { mean: State; var: State };
}

type LargeTensor = { shape: number[]; mean: number; std: number } & Probe;

const size = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);
const nchw = (tensor: Tensor): Float32Array => toNchw(tensor.dataSync<'float32'>(), tensor.shape);

function filledInput(shape: readonly number[], seed: number): Tensor {
  const [n, c, h, w] = shape;
  return tf.tensor(toNhwc(streamValues('input', seed, size(shape), (u) => 2 * (2 * u - 1)), shape), [n, h, w, c], 'float32');
}

/** Gradients of a whole network stray by ReLUs near zero: norms within 1e-2, their median within 1e-3, 19 in 20 values within 0.05 rms. */
function compareGradients(report: Report, gradients: Map<Parameter, Tensor>, expected: Record<string, ParameterRow>): void {
  const norms: number[] = [];
  const values: number[] = [];
  const seen = new Set<string>();
  for (const [parameter, gradient] of gradients) {
    const row = expected[parameter.name];
    const state = row?.grad;
    const data = toTorchLayout(gradient, parameter.torchShape);
    seen.add(parameter.name);
    if (!state) continue;
    if (parameter.name.endsWith('cls_seg.0.bias')) report.absolute('gradient that is zero: cls_seg.0.bias', data, new Float32Array(data.length), 1e-6);
    else {
      report.relative('gradients: l2', norm(data), state.l2, 1e-2);
      norms.push(Math.abs(norm(data) - state.l2) / state.l2);
      const rms = state.l2 / Math.sqrt(data.length);
      row.indices.forEach((index, i) => values.push(Math.abs(data[index] - state.values[i]) / rms));
    }
  }
  const missing = Object.entries(expected).filter(([name, row]) => row.grad && !seen.has(name));
  report.absolute('parameters without a gradient', [missing.length], [0], 0);
  const at = (sorted: number[], share: number) => sorted.sort((a, b) => a - b)[Math.floor(share * (sorted.length - 1))] ?? 0;
  report.absolute('gradients: median of l2', [at(norms, 0.5)], [0], 1e-3);
  report.absolute('gradients: values, 19 in 20', [at(values, 0.95)], [0], 0.05);
}

function compareStatistics(report: Report, parameters: Parameters, expected: Record<string, StatisticsRow>): void {
  for (const [layer, { indices, after }] of Object.entries(expected)) {
    for (const [name, state] of [['running_mean', after.mean], ['running_var', after.var]] as const) {
      const parameter = parameters.get(`${layer}.${name}`);
      if (parameter) report.probe('running statistics', parameter.value.dataSync(), { ...state, indices }, { values: 2e-5, norm: 1e-5 });
    }
  }
}

export interface BackboneFile {
  config: { backbone: BackboneName; stage_strides: Four; stage_dilations?: Four; first_block_dilations?: Four; input_shape: Four; seed: number };
  train: Record<'stage1' | 'stage2' | 'stage3' | 'stage4', LargeTensor> & { loss: number; parameters: Record<string, ParameterRow>; running_stats: Record<string, StatisticsRow> };
  eval: Record<'stage1' | 'stage2' | 'stage3' | 'stage4', LargeTensor>;
}

export function backboneFile(report: Report, { config, train, eval: evaluation }: BackboneFile): void {
  const dilations = config.stage_dilations ?? [1, 1, 1, 1];
  for (const [mode, expected] of [['eval', evaluation], ['train', train]] as const) {
    const parameters = new Parameters(new Random(0));
    const net = new ResNet(parameters, '', {
      backbone: config.backbone, width: 64, stem: 'plain', stageStrides: config.stage_strides, stageDilations: dilations,
      contractDilation: (config.first_block_dilations ?? dilations).join() !== dilations.join(),
    });
    parameters.load(filledStateDict(parameters.all(), config.seed));
    const tape = new Tape({ training: mode === 'train', recording: mode === 'train' });
    const stages = net.forward(tape, tape.constant(filledInput(config.input_shape, config.seed)));
    const tolerances = mode === 'train' ? { values: 4e-4, norm: 1e-5 } : { values: 1e-4, norm: 1e-5 };
    stages.forEach((stage, index) => report.probe(`${mode} stages`, nchw(stage.value), expected[`stage${index + 1}` as 'stage1'], tolerances));
    if (mode === 'train') backboneGradients(report, tape, stages[3], parameters, config.seed, train);
    tape.dispose();
    parameters.dispose();
  }
}

function backboneGradients(report: Report, tape: Tape, stage4: ReturnType<ResNet['forward']>[0], parameters: Parameters, seed: number, train: BackboneFile['train']): void {
  const [n, h, w, c] = stage4.shape;
  const count = n * h * w * c;
  const cotangent = streamValues('cotangent:stage4', seed, count, (u) => 2 * u - 1);
  const values = nchw(stage4.value);
  report.absolute('loss', [values.reduce((sum, value, index) => sum + value * cotangent[index], 0) / count], [train.loss], 1e-6);
  tape.backward([[stage4, tf.tensor(toNhwc(cotangent.map((value) => value / count), [n, c, h, w]), [n, h, w, c], 'float32')]]);
  const gradients = takeGradients(tape);
  compareGradients(report, gradients, train.parameters);
  for (const gradient of gradients.values()) gradient.dispose();
  compareStatistics(report, parameters, train.running_stats);
}

interface Losses {
  ce: number;
  se_mse: number;
  total: number;
}

interface Trajectory {
  optimizer: { name: string; lr: number; momentum?: number; weight_decay?: number; nesterov?: boolean; betas?: [number, number]; eps?: number };
  schedule?: { name: string; power?: number; max_iter?: number; step_size?: number; gamma?: number };
  steps: (Losses & { lr: number })[];
  eval_after?: Partial<Losses> & { logits?: LargeTensor; se_logits?: FullTensor };
}

export interface NetworkFile {
  config: { backbone: BackboneName; num_classes: number; num_codes: number; lateral: boolean; input_shape: Four; seed: number; ignore_index?: number; se_weight?: number; stage_strides?: Four; stage_dilations?: Four };
  eval_initial: Losses & { logits: LargeTensor; se_logits: FullTensor };
  train_step: Losses & { logits: LargeTensor; se_logits: FullTensor; parameters: Record<string, ParameterRow>; running_stats: Record<string, StatisticsRow> };
  trajectories: Record<string, Trajectory>;
}

/** A network of a case file with its batch, ready to be run. */
class NetworkCase {
  readonly net: EncNet;
  private readonly images: Tensor;
  private readonly labels: Uint8Array;
  private readonly config: NetworkFile['config'];

  constructor(config: NetworkFile['config']) {
    const model: ModelConfig = {
      ...referenceModel, backbone: config.backbone, numCodes: config.num_codes, addLateral: config.lateral,
      stageStrides: config.stage_strides ?? referenceModel.stageStrides, stageDilations: config.stage_dilations ?? referenceModel.stageDilations,
    };
    this.config = config;
    this.net = new EncNet(model, config.num_classes, 0);
    this.net.parameters.load(filledStateDict(this.net.parameters.all(), config.seed));
    this.images = filledInput(config.input_shape, config.seed);
    const [batch, , height, width] = config.input_shape;
    this.labels = boardLabels(config.seed, batch, height, width, config.num_classes);
  }

  /** Runs forward, and backward in training. */
  run(training: boolean): { losses: Losses; logits: Float32Array; seLogits: Float32Array; gradients: Map<Parameter, Tensor> } {
    const tape = new Tape({ training, recording: training });
    const output = this.net.forward(tape, tape.constant(this.images));
    const ce = crossEntropy(output.logits.value, this.labels, this.config.ignore_index ?? voidId);
    const se = seLoss(output.seLogits.value, classPresence(this.labels, this.config.input_shape[0], this.config.num_classes), 'mse');
    const weight = this.config.se_weight ?? 0.2;
    const result = {
      losses: { ce: ce.loss, se_mse: se.loss, total: ce.loss + weight * se.loss }, logits: nchw(output.logits.value),
      seLogits: output.seLogits.value.dataSync<'float32'>().slice(), gradients: new Map<Parameter, Tensor>(),
    };
    if (training) {
      tape.backward([[output.logits, ce.gradient], [output.seLogits, tf.mul(se.gradient, weight)]]);
      result.gradients = takeGradients(tape);
    } else ce.gradient.dispose();
    se.gradient.dispose();
    tape.dispose();
    return result;
  }

  dispose(): void {
    this.net.dispose();
    this.images.dispose();
  }
}

function compareLosses(report: Report, quantity: string, actual: Losses, expected: Partial<Losses>, tolerance: number): void {
  for (const key of ['ce', 'se_mse', 'total'] as const) if (expected[key] !== undefined) report.relative(`${quantity}: ${key}`, actual[key], expected[key], tolerance);
}

export function networkFile(report: Report, { config, eval_initial: initial, train_step: train, trajectories }: NetworkFile): void {
  const network = new NetworkCase(config);
  const evaluated = network.run(false);
  compareLosses(report, 'eval', evaluated.losses, initial, 1e-5);
  report.probe('eval logits', evaluated.logits, initial.logits, { values: 1e-4, norm: 1e-5 });
  report.rms('eval SE logits', evaluated.seLogits, initial.se_logits, 3e-5);
  const trained = network.run(true);
  compareLosses(report, 'first step', trained.losses, train, 1e-5);
  report.probe('train logits', trained.logits, train.logits, { values: 4e-4, norm: 1e-5 });
  report.rms('train SE logits', trained.seLogits, train.se_logits, 3e-5);
  compareGradients(report, trained.gradients, train.parameters);
  compareStatistics(report, network.net.parameters, train.running_stats);
  const plainRate = Object.keys(train.parameters['backbone.conv1.weight']).map((key) => /^after_sgd_lr_([\d.]+)$/.exec(key)?.[1]).find(Boolean);
  if (plainRate) {
    new Optimizer(optimizerOf({ lr: Number(plainRate) }, 'sgd')).step(trained.gradients, Number(plainRate));
    for (const parameter of network.net.parameters.trainable()) {
      const after = train.parameters[parameter.name]?.[`after_sgd_lr_${plainRate}`] as State | undefined;
      if (after) report.relative('parameters after a step: l2', norm(parameter.value.dataSync<'float32'>()), after.l2, 3e-4);
    }
  } else for (const gradient of trained.gradients.values()) gradient.dispose();
  network.dispose();
  for (const [name, trajectory] of Object.entries(trajectories)) trajectoryCase(report, name, trajectory, config);
}

/** Tolerances of the totals of steps 1 to 5: rounding grows with the rate. */
const growth = (rate: number): number[] => (rate >= 0.05 ? [1e-5, 1e-3, 5e-2, 8e-2, 0.2] : [1e-5, 5e-5, 4e-4, 1e-3, 2e-3]);

function trajectoryCase(report: Report, name: string, { optimizer: spec, schedule, steps, eval_after: after }: Trajectory, config: NetworkFile['config']): void {
  const network = new NetworkCase(config);
  const optimizer = new Optimizer(optimizerOf(spec, spec.name === 'adamw' ? 'adamw' : 'sgd'));
  const tolerances = growth(spec.lr);
  steps.forEach((expected, index) => {
    const { losses, gradients } = network.run(true);
    report.relative(`trajectory ${name}: total of step ${index + 1}`, losses.total, expected.total, tolerances[Math.min(index, tolerances.length - 1)]);
    optimizer.step(gradients, expected.lr ?? spec.lr * factorOf(schedule, index, steps.length));
  });
  if (after?.logits) {
    const evaluated = network.run(false);
    report.probe(`trajectory ${name}: eval logits after`, evaluated.logits, after.logits, { values: 0.1, norm: 4e-3 });
  }
  optimizer.dispose();
  network.dispose();
}

function factorOf(schedule: Trajectory['schedule'], step: number, steps: number): number {
  if (schedule?.name === 'poly') return scheduleFactor({ kind: 'poly', power: schedule.power ?? 0.9 }, { step, stepsPerEpoch: 1, totalSteps: schedule.max_iter ?? steps });
  if (schedule?.name === 'step') return scheduleFactor({ kind: 'step', stepEpochs: schedule.step_size ?? 1, gamma: schedule.gamma ?? 0.1 }, { step, stepsPerEpoch: 1, totalSteps: steps });
  return 1;
}
