import type { ModelConfig } from '#shared/training/model-config';
import type { StateDict } from '../layers/parameters.ts';

/** The classifier's bias: what is added to it is added to every pixel's logits. */
const biasOf = ({ head }: ModelConfig): string => (head === 'paper' ? 'decoder.conv_seg.bias' : 'decoder.cls_seg.3.bias');

/** A network whose likeliest class takes offsets in, as a part of its weights. @param offsets one a class, in nats; null for none */
export function withOffsets(tensors: StateDict, model: ModelConfig, offsets: readonly number[] | null): StateDict {
  const name = biasOf(model);
  const bias = tensors.get(name);
  if (!offsets || !bias) return tensors;
  return new Map(tensors).set(name, { ...bias, data: bias.data.map((value, id) => value + offsets[id]) });
}
