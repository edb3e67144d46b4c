import type { LossConfig } from '#shared/training/run-config';

/** c of each form: the rarest class weighs at the most 1 / ln c, and a class of half the pixels 2.1 or 2.4. */
const offsets = { 'inverse-log': 1.1, 'inverse-log-steep': 1.02 };

/**
 * Loss weight of each class from its pixels in the training labels; classes that never occur weigh 1.
 * Sources: inverse-log 1 / ln(c + frequency) after ENet (Paszke et al. 2016), whose own c is the steep one's; median-frequency after Eigen
 * and Fergus 2015.
 * @param pixels labelled pixels of each class
 * @param images pixels of the images in which the class occurs, a class
 * @returns null for 'none'
 */
export function classWeights(form: LossConfig['classWeights'], pixels: ArrayLike<number>, images: ArrayLike<number>): number[] | null {
  if (form === 'none') return null;
  const counts = Array.from(pixels);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (form !== 'median-frequency') return counts.map((count) => (count > 0 ? 1 / Math.log(offsets[form] + count / total) : 1));
  const frequencies = counts.map((count, id) => (count > 0 ? count / images[id] : 0));
  const known = frequencies.filter((frequency) => frequency > 0).sort((a, b) => a - b);
  const median = known.length > 0 ? known[Math.floor(known.length / 2)] : 1;
  return frequencies.map((frequency) => (frequency > 0 ? median / frequency : 1));
}

/**
 * What is added to logits while training, so that they themselves carry less of the class weights: weighted, a network learns each class's
 * likelihood times its weight; with the weight's logarithm added to its logits it learns the likelihood.
 * Source: logit adjustment (Menon et al. 2021), with the weights in place of the frequencies.
 * @param share of it, 0 … 1
 * @returns null for none
 */
export const priorShifts = (weights: readonly number[] | null, share: number): number[] | null =>
  weights && share > 0 ? weights.map((weight) => share * Math.log(weight)) : null;
