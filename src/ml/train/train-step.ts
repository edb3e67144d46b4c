import type { RunConfig } from '#shared/training/run-config';
import { voidId } from '#shared/mask/void-id';
import type { Batch } from '../data/batches.ts';
import { takeGradients } from '../layers/leaf.ts';
import type { Parameter } from '../layers/parameters.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { regionLoss } from '../losses/region-loss.ts';
import { classPresence, seLoss } from '../losses/se-loss.ts';
import type { HeadOutput } from '../models/enc-head.ts';
import type { EncNet } from '../models/encnet.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { attribute, run1, tf, type Tensor } from '../tensor/runtime.ts';
import { Tape, type Node } from '../tensor/tape.ts';

export interface StepResult {
  /** Total: cross-entropy + weighted SE and auxiliary losses; not a number if a gradient is not, and then nothing was updated. */
  loss: number;
  /** Labelled pixels predicted right, and labelled pixels. */
  correct: number;
  labelled: number;
}

/** Class id of each pixel: the largest logit's. @param logits [batch, height, width, classes] @returns row-major [batch, height, width] */
export function argMax(logits: Tensor): Uint8Array {
  const axis = tf.scalar(3, 'int32');
  const ids = run1(
    'ArgMax',
    [attribute.type('T', 'float32'), attribute.type('Tidx', 'int32'), attribute.type('output_type', 'int32')],
    [logits, axis],
  );
  const data = Uint8Array.from(ids.dataSync<'int32'>());
  ids.dispose();
  axis.dispose();
  return data;
}

export interface StepOptions {
  loss: RunConfig['loss'];
  /** One a class, or null. */
  classWeights: readonly number[] | null;
  learningRate: number;
  /** A new one each step. */
  dropoutSeed: number;
}

/** A loss term with the output it belongs to. */
interface Term {
  output: Node;
  weight: number;
  loss: number;
  gradient: Tensor;
}

/** The loss on one map of logits: cross-entropy and, where asked for, a region loss. */
function pixelTerms(output: Node, batch: Batch, weight: number, { loss, classWeights }: StepOptions): Term[] {
  const terms = [{ output, weight, ...crossEntropy(output.value, batch.labels, voidId, { classWeights, hardPixels: loss.hardPixels }) }];
  if (loss.region !== 'none')
    terms.push({ output, weight: weight * loss.regionWeight, ...regionLoss(loss.region, output.value, batch.labels, voidId) });
  return terms;
}

/** All loss terms of a forward pass: pixels, scene, and those of the auxiliary outputs there are. */
function lossTerms({ logits, seLogits, auxLogits, stage3SeLogits }: HeadOutput, batch: Batch, options: StepOptions): Term[] {
  const { loss } = options;
  const presence = classPresence(batch.labels, batch.count, seLogits.shape[1]);
  const terms = pixelTerms(logits, batch, 1, options);
  for (const output of [seLogits, stage3SeLogits])
    if (output) terms.push({ output, weight: loss.seWeight, ...seLoss(output.value, presence, loss.seForm) });
  if (auxLogits) terms.push(...pixelTerms(auxLogits, batch, loss.auxWeight, options));
  return terms;
}

/** Forward and backward of one batch. @returns the losses, and the gradient of each parameter, owned by the caller */
function batchGradients(
  net: EncNet,
  batch: Batch,
  options: StepOptions,
  dropoutSeed: number,
): { result: StepResult; gradients: Map<Parameter, Tensor> } {
  const images = tf.tensor(batch.images, [batch.count, ...batch.size, 3], 'float32');
  const tape = new Tape({ training: true, recording: true, dropoutSeed });
  try {
    const output = net.forward(tape, tape.constant(images));
    const terms = lossTerms(output, batch, options);
    const loss = terms.reduce((sum, { weight, loss: value }) => sum + weight * value, 0);
    const accuracy = countCorrect(argMax(output.logits.value), batch.labels);
    tape.backward(terms.map(({ output: node, gradient, weight }) => [node, scaled(gradient, weight)]));
    return { result: { loss, ...accuracy }, gradients: takeGradients(tape) };
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
  const total: StepResult = { loss: 0, correct: 0, labelled: 0 };
  const gradients = new Map<Parameter, Tensor>();
  batches.forEach((batch, index) => {
    const { result, gradients: own } = batchGradients(net, batch, options, options.dropoutSeed * batches.length + index);
    accumulate(gradients, own);
    total.loss += result.loss / batches.length;
    total.correct += result.correct;
    total.labelled += result.labelled;
  });
  if (batches.length > 1) for (const [parameter, gradient] of gradients) gradients.set(parameter, scaled(gradient, 1 / batches.length));
  // Neither a loss nor a gradient that is not a number may reach the weights.
  if (!Number.isFinite(total.loss)) for (const gradient of gradients.values()) gradient.dispose();
  else if (!optimizer.step(gradients, options.learningRate)) total.loss = NaN;
  return total;
}

function scaled(gradient: Tensor, factor: number): Tensor {
  if (factor === 1) return gradient;
  const result = tf.mul(gradient, factor);
  gradient.dispose();
  return result;
}

function countCorrect(predictions: Uint8Array, labels: Uint8Array): { correct: number; labelled: number } {
  let correct = 0;
  let labelled = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === voidId) continue;
    labelled++;
    if (labels[i] === predictions[i]) correct++;
  }
  return { correct, labelled };
}
