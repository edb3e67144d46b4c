import type { LossTerms } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { voidId } from '#shared/mask/void-id';
import type { Batch } from '../data/batch.ts';
import { takeGradients } from '../layers/leaf.ts';
import type { Parameter } from '../layers/parameters.ts';
import { priorShifts } from '../losses/class-weights.ts';
import { crossEntropyTo } from '../losses/cross-entropy.ts';
import { idsOf, isCounted, labelTensors, type LabelTensors } from '../losses/label-tensors.ts';
import { regionLoss } from '../losses/region-loss.ts';
import { classPresence, labelledImages, seLoss } from '../losses/se-loss.ts';
import type { HeadOutput } from '../models/enc-head.ts';
import type { EncNet } from '../models/encnet.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape, type Node } from '../tensor/tape.ts';

export interface StepResult extends LossTerms {
  /** Total: cross-entropy + weighted SE and auxiliary losses; not a number if a gradient is not, and then nothing was updated. */
  loss: number;
  /** Of all gradients together, before it is limited; not a number if one of them is not. */
  gradientNorm: number;
  /** Labelled pixels predicted right, and labelled pixels. */
  correct: number;
  labelled: number;
}

/** Class id of each pixel: the largest logit's. @param logits [batch, height, width, classes] @returns row-major [batch, height, width] */
export function argMax(logits: Tensor): Uint8Array {
  const ids = tf.argMax(logits, 3);
  const data = new Uint8Array(ids.dataSync<'int32'>());
  ids.dispose();
  return data;
}

export interface StepOptions {
  loss: RunConfig['loss'];
  /** One a class, or null. */
  classWeights: readonly number[] | null;
  learningRate: number;
  /** A new one each step. */
  dropoutSeed: number;
  /** Batch norm by the statistics that the weights came with, which stay. */
  runningNorm?: boolean;
}

/** Of a step of a run: below what is multiplied by the batches of a step, where large seeds would come to one number for several. */
export const dropoutSeedOf = (seed: number, step: number): number => (seed * 1_000_003 + step) % 2 ** 40;

/** A loss term with the output it belongs to. */
interface Term {
  /** Under which name it is told; a region loss has none. */
  name: keyof LossTerms | null;
  output: Node;
  weight: number;
  loss: number;
  gradient: Tensor;
}

/** The loss on one map of logits: cross-entropy and, where asked for, a region loss. */
function pixelTerms(
  name: keyof LossTerms,
  output: Node,
  { labels, targets }: { labels: Uint8Array; targets: LabelTensors },
  weight: number,
  { loss, classWeights }: StepOptions,
): Term[] {
  const options = { shifts: priorShifts(classWeights, loss.priorCorrection), hardPixels: loss.hardPixels };
  const terms: Term[] = [{ name, output, weight, ...crossEntropyTo(output.value, targets, options) }];
  if (loss.region !== 'none')
    terms.push({ name: null, output, weight: weight * loss.regionWeight, ...regionLoss(loss.region, output.value, labels, voidId) });
  return terms;
}

/** All loss terms of a forward pass: pixels, scene, and those of the auxiliary outputs there are. */
function lossTerms({ logits, seLogits, auxLogits, stage3SeLogits }: HeadOutput, batch: Batch, options: StepOptions): Term[] {
  const { loss } = options;
  const { labels, count } = batch;
  const presence = classPresence(labels, count, seLogits.shape[1]);
  const known = labelledImages(labels, count);
  // Of both outputs that have pixels.
  const targets = targetsOf(batch, logits.shape[3], options);
  try {
    const terms = pixelTerms('crossEntropy', logits, { labels, targets }, 1, options);
    for (const output of [seLogits, stage3SeLogits])
      if (output) terms.push({ name: 'sceneLoss', output, weight: loss.seWeight, ...seLoss(output.value, presence, loss.seForm, known) });
    if (auxLogits) terms.push(...pixelTerms('auxiliaryLoss', auxLogits, { labels, targets }, loss.auxWeight, options));
    return terms;
  } finally {
    tf.dispose([targets.places, targets.weights]);
  }
}

/** What the pixels of a batch are and weigh; owned by the caller. */
function targetsOf({ labels, size }: Batch, classes: number, { loss, classWeights }: StepOptions): LabelTensors {
  const weights = { classWeights, borderWeight: loss.borderWeight };
  const ids = idsOf(labels, size, classes, voidId, weights);
  return tf.tidy(() => ({ ...labelTensors(ids, classes, voidId, weights) }));
}

const noTerms: LossTerms = { crossEntropy: null, sceneLoss: null, auxiliaryLoss: null };

/** The terms by their names, before they are weighted; those of one name are added up. */
function namedTerms(terms: readonly Term[]): LossTerms {
  const sums = { ...noTerms };
  for (const { name, loss } of terms) if (name) sums[name] = (sums[name] ?? 0) + loss;
  return sums;
}

type BatchResult = Omit<StepResult, 'gradientNorm'>;

/** The results of a step of several batches. A batch without a labelled pixel has no loss and pulls none down. */
function resultOf(parts: readonly { result: BatchResult; images: number }[]): BatchResult {
  const known = parts.filter(({ result }) => result.labelled > 0);
  const counted = known.length > 0 ? known : parts;
  const images = counted.reduce((sum, part) => sum + part.images, 0);
  const total: BatchResult = { loss: 0, correct: 0, labelled: 0, ...noTerms };
  for (const { result, images: own } of counted) {
    const share = own / images;
    total.loss += result.loss * share;
    total.correct += result.correct;
    total.labelled += result.labelled;
    for (const name of ['crossEntropy', 'sceneLoss', 'auxiliaryLoss'] as const) {
      const value = result[name];
      if (value !== null) total[name] = (total[name] ?? 0) + value * share;
    }
  }
  return total;
}

/** Forward and backward of one batch. @returns the losses, and the gradient of each parameter, owned by the caller */
export function batchGradients(
  net: EncNet,
  batch: Batch,
  options: StepOptions,
  dropoutSeed: number,
): { result: BatchResult; gradients: Map<Parameter, Tensor> } {
  const images = tf.tensor(batch.images, [batch.count, ...batch.size, 3], 'float32');
  const { runningNorm = false } = options;
  const tape = new Tape({ training: true, recording: true, dropoutSeed, runningNorm, precision: net.precision });
  try {
    const output = net.forward(tape, tape.constant(images));
    const terms = lossTerms(output, batch, options);
    const loss = terms.reduce((sum, { weight, loss: value }) => sum + weight * value, 0);
    const accuracy = countCorrect(output.logits.value, batch.labels);
    tape.backward(terms.map(({ output: node, gradient, weight }) => [node, scaled(gradient, weight)]));
    return { result: { loss, ...accuracy, ...namedTerms(terms) }, gradients: takeGradients(tape) };
  } finally {
    tape.dispose();
    images.dispose();
  }
}

/** Adds the second map's gradients to the first's; frees what it takes. */
function accumulate(sum: Map<Parameter, Tensor>, gradients: Map<Parameter, Tensor>): void {
  for (const [parameter, gradient] of gradients) {
    const known = sum.get(parameter);
    sum.set(parameter, known ? tf.add(known, gradient) : gradient);
    if (known) for (const tensor of [known, gradient]) tensor.dispose();
  }
}

/**
 * One optimisation step. A single forward pass a batch yields both outputs; the reference runs two, with the same gradients.
 * @param batches whose gradients are averaged into one update: one, or several that would not fit memory together
 */
export function trainStep(net: EncNet, optimizer: Optimizer, batches: readonly Batch[], options: StepOptions): StepResult {
  const parts: { result: BatchResult; images: number }[] = [];
  const gradients = new Map<Parameter, Tensor>();
  const images = batches.reduce((sum, { count }) => sum + count, 0);
  const areAlike = batches.every(({ count }) => count === batches[0].count);
  batches.forEach((batch, index) => {
    const { result, gradients: own } = batchGradients(net, batch, options, options.dropoutSeed * batches.length + index);
    // An image counts as much as each other one, whatever batch it is in; those of one size are scaled together at the end.
    if (!areAlike) for (const [parameter, gradient] of own) own.set(parameter, scaled(gradient, batch.count / images));
    accumulate(gradients, own);
    parts.push({ result, images: batch.count });
  });
  const total: StepResult = { ...resultOf(parts), gradientNorm: NaN };
  if (areAlike && batches.length > 1)
    for (const [parameter, gradient] of gradients) gradients.set(parameter, scaled(gradient, 1 / batches.length));
  // Neither a loss nor a gradient that is not a number may reach the weights.
  if (!Number.isFinite(total.loss)) for (const gradient of gradients.values()) gradient.dispose();
  else {
    total.gradientNorm = optimizer.step(gradients, options.learningRate);
    if (!Number.isFinite(total.gradientNorm)) total.loss = NaN;
  }
  return total;
}

function scaled(gradient: Tensor, factor: number): Tensor {
  if (factor === 1) return gradient;
  const result = tf.mul(gradient, factor);
  gradient.dispose();
  return result;
}

/** Labelled pixels, and those whose label has the largest logit. @param logits [batch, height, width, classes] */
function countCorrect(logits: Tensor, labels: Uint8Array): { correct: number; labelled: number } {
  const classes = logits.shape[3]!;
  const ids = argMax(logits);
  let [correct, labelled] = [0, 0];
  // A loop over the pixels takes less than kernels with their own copy of the labels.
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel];
    if (!isCounted(label, classes, voidId)) continue;
    labelled++;
    if (label === ids[pixel]) correct++;
  }
  return { correct, labelled };
}
