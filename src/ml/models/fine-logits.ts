import type { ModelConfig } from '#shared/training/model-config';
import { ConvBn } from '../layers/conv-bn.ts';
import { Conv } from '../layers/conv.ts';
import type { Parameters } from '../layers/parameters.ts';
import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';

/** Logits at a size, float32: what losses and classes are reckoned from. */
export const resized = (tape: Tape, logits: Node, [height, width]: readonly [number, number]): Node =>
  ops.cast(tape, ops.resizeBilinear(tape, logits, height, width), 'float32');

/** Adds to logits what the stem's features at half the image's size tell of thin things and edges. */
export class FineLogits {
  private readonly fromStem: ConvBn;
  private readonly fromFeatures: ConvBn;
  private readonly fuse: ConvBn;
  private readonly classifier: Conv;

  constructor(parameters: Parameters, name: string, channels: number, numClasses: number, { fineChannels, stem, width }: ModelConfig) {
    const at = (part: string) => ({ conv: `${name}.${part}.0`, norm: `${name}.${part}.1` });
    this.fromStem = new ConvBn(parameters, at('fine_stem'), stem === 'deep' ? 2 * width : width, fineChannels, { kernel: 1 });
    this.fromFeatures = new ConvBn(parameters, at('fine_features'), channels, fineChannels, { kernel: 1 });
    this.fuse = new ConvBn(parameters, at('fine_fuse'), 2 * fineChannels, fineChannels, { kernel: 3, padding: 1 });
    this.classifier = new Conv(parameters, `${name}.conv_fine`, fineChannels, numClasses, { kernel: 1, bias: true });
  }

  /** @returns float32 logits of the stem's size */
  forward(tape: Tape, logits: Node, features: Node, stem: Node): Node {
    const [, height, width] = stem.shape;
    return tape.scope(() => {
      const coarse = ops.resizeBilinear(tape, this.fromFeatures.forward(tape, features), height, width);
      const fused = this.fuse.forward(tape, ops.concat(tape, [coarse, this.fromStem.forward(tape, stem)]));
      return ops.add(tape, resized(tape, logits, [height, width]), ops.cast(tape, this.classifier.forward(tape, fused), 'float32'));
    });
  }
}
