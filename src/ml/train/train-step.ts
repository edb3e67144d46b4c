import type { RunConfig } from '#shared/training/run-config';
import { voidId } from '#shared/mask/void-id';
import type { Batch } from '../data/batches.ts';
import { takeGradients } from '../layers/leaf.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { classPresence, seLoss } from '../losses/se-loss.ts';
import type { EncNet } from '../models/encnet.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { attribute, run1, tf, type Tensor } from '../tensor/runtime.ts';
import { Tape, type Node } from '../tensor/tape.ts';

export interface StepResult {
  /** Total: cross-entropy + weighted SE and auxiliary losses. */
  loss: number;
  /** Labelled pixels predicted right, and labelled pixels. */
  correct: number;
  labelled: number;
}

/** Class id of each pixel: the largest logit's. @param logits [batch, height, width, classes] @returns row-major [batch, height, width] */
export function argMax(logits: Tensor): Uint8Array {
  const axis = tf.scalar(3, 'int32');
  const ids = run1('ArgMax', [attribute.type('T', 'float32'), attribute.type('Tidx', 'int32'), attribute.type('output_type', 'int32')], [logits, axis]);
  const data = Uint8Array.from(ids.dataSync<'int32'>());
  ids.dispose();
  axis.dispose();
  return data;
}

/**
 * One optimisation step. A single forward pass yields both outputs; the reference runs two, with the same gradients.
 * @param classWeights one a class, or null
 * @param dropoutSeed a new one each step
 */
export function trainStep(net: EncNet, optimizer: Optimizer, batch: Batch, options: {
  loss: RunConfig['loss'];
  classWeights: readonly number[] | null;
  learningRate: number;
  dropoutSeed: number;
}): StepResult {
  const images = tf.tensor(batch.images, [batch.count, ...batch.size, 3], 'float32');
  const tape = new Tape({ training: true, recording: true, dropoutSeed: options.dropoutSeed });
  try {
    const output = net.forward(tape, tape.constant(images));
    const ce = crossEntropy(output.logits.value, batch.labels, voidId, options.classWeights);
    const se = seLoss(output.seLogits.value, classPresence(batch.labels, batch.count, net.numClasses), options.loss.seForm);
    const seeds: [Node, Tensor][] = [[output.logits, ce.gradient], [output.seLogits, scaled(se.gradient, options.loss.seWeight)]];
    let loss = ce.loss + options.loss.seWeight * se.loss;
    if (output.auxLogits) {
      const aux = crossEntropy(output.auxLogits.value, batch.labels, voidId, options.classWeights);
      loss += options.loss.auxWeight * aux.loss;
      seeds.push([output.auxLogits, scaled(aux.gradient, options.loss.auxWeight)]);
    }
    const accuracy = countCorrect(argMax(output.logits.value), batch.labels);
    tape.backward(seeds);
    const gradients = takeGradients(tape);
    // A loss that is not a number must not reach the weights.
    if (Number.isFinite(loss)) optimizer.step(gradients, options.learningRate);
    else for (const gradient of gradients.values()) gradient.dispose();
    return { loss, ...accuracy };
  } finally {
    tape.dispose();
    images.dispose();
  }
}

function scaled(gradient: Tensor, factor: number): Tensor {
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
