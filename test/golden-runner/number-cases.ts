// Losses, metrics, schedules, optimisers and transforms.
import { Confusion } from '#shared/metrics/confusion';
import { Random } from '#shared/random';
import { voidId } from '#shared/mask/void-id';
import type { ScheduleConfig } from '#shared/training/optimizer-config';
import { wholeImage } from '#ml/data/geometry';
import { samplePair } from '#ml/data/transforms';
import { Parameters } from '#ml/layers/parameters';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { classPresence, seLoss } from '#ml/losses/se-loss';
import { Optimizer } from '#ml/optim/optimizer';
import { scheduleFactor } from '#ml/optim/schedule';
import { tf, type Tensor } from '#ml/tensor/runtime';
import { toNchw } from './fill.ts';
import { optimizerOf, type OptimizerSpec } from './optimizer-spec.ts';
import type { FullTensor, Report } from './report.ts';
import { fromNchw } from './small-cases.ts';

const close = 1e-5;

export interface LossesFile {
  cross_entropy: { logits: FullTensor; labels: number[][][]; loss: number | 'NaN'; grad_logits: FullTensor }[];
  se: {
    num_classes: number;
    labels: number[][][];
    target: number[][];
    se_logits: FullTensor;
    mse: number;
    grad_mse: FullTensor;
    bce_with_logits: number;
    grad_bce: FullTensor;
  }[];
  metrics: {
    num_classes: number;
    prediction: number[][][];
    target: number[][][];
    confusion: number[][];
    pixel_accuracy: number | null;
    iou: (number | null)[];
    class_accuracy: (number | null)[];
    miou: number | null;
  }[];
}

const bytes = (nested: number[][][]): Uint8Array => Uint8Array.from(nested.flat(2));
const orMinusOne = (values: (number | null)[]): number[] => values.map((value) => value ?? -1);

export function lossesFile(report: Report, golden: LossesFile): void {
  for (const each of golden.cross_entropy) {
    const { loss, gradient } = crossEntropy(fromNchw(each.logits), bytes(each.labels), voidId);
    // Where PyTorch divides zero by zero, ours is zero by decision.
    report.absolute(
      'cross-entropy',
      [loss],
      [each.loss === 'NaN' ? 0 : each.loss],
      close * Math.max(1, each.loss === 'NaN' ? 1 : each.loss),
    );
    report.rms('cross-entropy gradient', toNchw(gradient.dataSync(), gradient.shape), each.grad_logits, close);
  }
  for (const each of golden.se) {
    const presence = classPresence(bytes(each.labels), each.labels.length, each.num_classes);
    report.absolute('class presence', presence, each.target.flat(), 0);
    for (const [form, value, gradient] of [
      ['mse', each.mse, each.grad_mse],
      ['bce', each.bce_with_logits, each.grad_bce],
    ] as const) {
      const result = seLoss(tf.tensor(each.se_logits.data, each.se_logits.shape, 'float32'), presence, form);
      report.relative(`SE loss, ${form}`, result.loss, value, close);
      report.rms(`SE loss gradient, ${form}`, result.gradient.dataSync(), gradient, close);
    }
  }
  for (const each of golden.metrics) {
    const confusion = new Confusion(each.num_classes);
    confusion.add(bytes(each.target), bytes(each.prediction));
    report.absolute('confusion', confusion.counts, each.confusion.flat(), 0);
    report.absolute('IoU', orMinusOne(confusion.iou()), orMinusOne(each.iou), 1e-8);
    report.absolute('class accuracy', orMinusOne(confusion.classAccuracy()), orMinusOne(each.class_accuracy), 1e-8);
    report.absolute(
      'mean IoU and pixel accuracy',
      orMinusOne([confusion.meanIou(), confusion.pixelAccuracy()]),
      orMinusOne([each.miou, each.pixel_accuracy]),
      1e-8,
    );
  }
}

export interface SchedulesFile {
  step_lr: { base: number; step_size: number; gamma: number; lr: number[] };
  poly: { base: number; power: number; max_iter: number; lr: number[] };
  weights: FullTensor;
  grads: FullTensor;
  optimizers: Record<string, { config: OptimizerSpec; weights_after: FullTensor }>;
}

export function schedulesFile(report: Report, golden: SchedulesFile): void {
  const { step_lr: step, poly } = golden;
  const rates = (base: number, schedule: ScheduleConfig, count: number, totalSteps: number) =>
    Array.from({ length: count }, (_, index) => base * scheduleFactor(schedule, { step: index, stepsPerEpoch: 1, totalSteps }));
  report.absolute(
    'StepLR',
    rates(step.base, { kind: 'step', stepEpochs: step.step_size, gamma: step.gamma }, step.lr.length, step.lr.length),
    step.lr,
    1e-8,
  );
  report.absolute('poly', rates(poly.base, { kind: 'poly', power: poly.power }, poly.lr.length, poly.max_iter), poly.lr, 1e-8);
  for (const [name, { config, weights_after: after }] of Object.entries(golden.optimizers))
    optimizerCase(report, name, config, golden, after);
}

function optimizerCase(report: Report, name: string, spec: OptimizerSpec, golden: SchedulesFile, after: FullTensor): void {
  const parameters = new Parameters(new Random(0));
  const parameter = parameters.create('backbone.weight', 'linear.weight', golden.weights.shape);
  Parameters.assign(parameter, tf.tensor(golden.weights.data, golden.weights.shape, 'float32'));
  const optimizer = new Optimizer(optimizerOf({ ...spec, name: spec.name ?? name }));
  const [steps, ...shape] = golden.grads.shape;
  const size = golden.weights.data.length;
  const decay = /power ([\d.]+), max_iter (\d+)/.exec(spec.schedule ?? '');
  for (let step = 0; step < steps; step++) {
    const gradient: Tensor = tf.tensor(golden.grads.data.slice(step * size, (step + 1) * size), shape, 'float32');
    const factor = decay
      ? scheduleFactor({ kind: 'poly', power: Number(decay[1]) }, { step, stepsPerEpoch: 1, totalSteps: Number(decay[2]) })
      : 1;
    optimizer.step(new Map([[parameter, gradient]]), spec.lr * factor);
    report.rms(`optimiser ${name}`, parameter.value.dataSync(), { shape, data: after.data.slice(step * size, (step + 1) * size) }, close);
  }
  optimizer.dispose();
}

interface TransformResult {
  image: 'noise' | 'ramps';
  height: number;
  width: number;
  resized_image: number[];
  resized_mask: number[];
  hflip_mask: number[];
  vflip_mask: number[];
  normalized_hwc?: FullTensor;
  resized_hflipped_vflipped_normalized_chw?: FullTensor;
  resized_hflipped_vflipped_mask?: number[];
}

export interface TransformsFile {
  normalize: { mean: number[]; std: number[] };
  source: { height: number; width: number; noise: number[]; ramps: number[]; mask: number[] };
  results: TransformResult[];
}

export function transformsFile(report: Report, { source, results, normalize }: TransformsFile): void {
  for (const golden of results) {
    const decoded = {
      id: '',
      width: source.width,
      height: source.height,
      pixels: Uint8Array.from(source[golden.image]),
      labels: Uint8Array.from(source.mask),
      revisions: '',
    };
    const run = (flipHorizontal: boolean, flipVertical: boolean) => {
      const image = new Float32Array(golden.height * golden.width * 3);
      const labels = new Uint8Array(golden.height * golden.width);
      samplePair(decoded, { ...wholeImage(source), flipHorizontal, flipVertical }, [golden.height, golden.width], image, labels);
      return { image, labels };
    };
    const whole = run(false, false);
    const asBytes = whole.image.map((value, index) => Math.round((value * normalize.std[index % 3] + normalize.mean[index % 3]) * 255));
    report.absolute('resized image, in bytes', asBytes, golden.resized_image, 1);
    report.absolute('resized mask', whole.labels, golden.resized_mask, 0);
    // One byte of rounding is 1 / 255 / std after normalisation.
    if (golden.normalized_hwc) report.absolute('normalised image', whole.image, golden.normalized_hwc.data, 0.018);
    report.absolute('mask mirrored left and right', run(true, false).labels, mirrorRows(golden.resized_mask, golden.width), 0);
    const both = run(true, true);
    const { resized_hflipped_vflipped_normalized_chw: mirrored, resized_hflipped_vflipped_mask: mirroredMask } = golden;
    if (mirrored)
      report.absolute(
        'image mirrored both ways, normalised',
        toNchw(both.image, [1, golden.height, golden.width, 3]),
        mirrored.data,
        0.018,
      );
    if (mirroredMask) report.absolute('mask mirrored both ways', both.labels, mirroredMask, 0);
  }
}

function mirrorRows(values: readonly number[], width: number): number[] {
  return values.map((_, index) => values[index - (index % width) + width - 1 - (index % width)]);
}
