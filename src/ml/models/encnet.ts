import { Random } from '#shared/random';
import type { Precision } from '#shared/training/precision';
import type { ModelConfig } from '#shared/training/model-config';
import { Parameters } from '../layers/parameters.ts';
import { assertShape } from '../tensor/assert-shape.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { PaperHead, ReferenceHead, type Described, type Head, type HeadOutput, type Maps } from './enc-head.ts';
import { ResNet } from './resnet.ts';

/**
 * EncNet: a ResNet and a head that encodes the scene's context.
 * Source: Zhang et al., Context Encoding for Semantic Segmentation (CVPR 2018); the reference's ENCNet.
 */
export class EncNet {
  readonly parameters: Parameters;
  readonly numClasses: number;
  readonly config: ModelConfig;
  /** Of the tapes that it is run on. */
  readonly precision: Precision;
  private readonly backbone: ResNet;
  private readonly head: Head;

  /** @param seed of the initial weights */
  constructor(config: ModelConfig, numClasses: number, seed: number, precision: Precision = 'float32') {
    this.config = config;
    this.precision = precision;
    this.numClasses = numClasses;
    this.parameters = new Parameters(Random.named('weights', seed), { zeroInitResidual: config.zeroInitResidual });
    this.backbone = new ResNet(this.parameters, 'backbone.', config);
    const HeadClass = config.head === 'reference' ? ReferenceHead : PaperHead;
    this.head = new HeadClass(this.parameters, 'decoder', this.backbone.channels, numClasses, config);
  }

  /**
   * @param images float32 [batch, height, width, 3], normalised
   * @param size [height, width] of the logits; the images' own by default
   * @throws ShapeError if images are not [batch, height, width, 3]
   */
  forward(tape: Tape, images: Node, size?: readonly [number, number]): HeadOutput {
    assertShape('images', images.shape, [null, null, null, 3]);
    return this.head.forward(tape, this.mapsOf(tape, images), size ?? [images.shape[1], images.shape[2]]);
  }

  /**
   * What the network sees, for those who learn from it: the features that its classifier reads, and what that says.
   * @param images float32 [batch, height, width, 3], normalised
   * @throws ShapeError if images are not [batch, height, width, 3]
   */
  describe(tape: Tape, images: Node): Described {
    assertShape('images', images.shape, [null, null, null, 3]);
    return this.head.describe(tape, this.mapsOf(tape, images));
  }

  private mapsOf(tape: Tape, images: Node): Maps {
    if (this.config.fineChannels > 0) return this.backbone.forwardWithStem(tape, images);
    return { stem: null, stages: this.backbone.forward(tape, images) };
  }

  dispose(): void {
    this.parameters.dispose();
  }
}
