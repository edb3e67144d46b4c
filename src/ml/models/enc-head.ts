import type { ModelConfig } from '#shared/training/model-config';
import { ConvBn } from '../layers/conv-bn.ts';
import { Conv } from '../layers/conv.ts';
import { ContextEncoder, EncModule } from '../layers/enc-module.ts';
import { Linear } from '../layers/linear.ts';
import type { Parameters } from '../layers/parameters.ts';
import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { FineLogits, resized } from './fine-logits.ts';

export interface HeadOutput {
  /** float32 [batch, height, width, numClasses] */
  logits: Node;
  /** float32 [batch, numClasses]: which classes the scene holds. */
  seLogits: Node;
  /** float32 [batch, height, width, numClasses] of the auxiliary head, where there is one. */
  auxLogits: Node | null;
  /** float32 [batch, numClasses] from the encoding of stage 3, where there is one; only in training. */
  stage3SeLogits: Node | null;
}

/** What the classifier reads, and what it says, where they are. */
export interface Described {
  /** float32 [batch, height, width, channels] */
  features: Node;
  /** float32 [batch, h, w, numClasses], h and w the features' own or a multiple of them */
  logits: Node;
}

/** What a backbone makes of images: its four stages' outputs, and the stem's where the head asks for it. */
export interface Maps {
  readonly stages: Node[];
  readonly stem: Node | null;
}

export interface Head {
  describe(tape: Tape, maps: Maps): Described;

  /** @param size [height, width] that the logits shall have */
  forward(tape: Tape, maps: Maps, size: readonly [number, number]): HeadOutput;
}

/** Fuses stages 1 to 3 into the head's features: 1x1 convolutions, resized, concatenated, 3x3 convolution. */
class Lateral {
  private readonly convs: (Conv | ConvBn)[];
  private readonly fusion: Conv | ConvBn;

  constructor(parameters: Parameters, name: string, inChannels: readonly number[], channels: number, norm: boolean) {
    this.convs = inChannels
      .slice(0, 3)
      .map((count, index) =>
        norm
          ? new ConvBn(
              parameters,
              { conv: `${name}.lateral_convs.${index}.0`, norm: `${name}.lateral_convs.${index}.1` },
              count,
              channels,
              { kernel: 1 },
            )
          : new Conv(parameters, `${name}.lateral_convs.${index}`, count, channels, { kernel: 1, bias: true }),
      );
    this.fusion = norm
      ? new ConvBn(parameters, { conv: `${name}.fusion.0`, norm: `${name}.fusion.1` }, 4 * channels, channels, { kernel: 3, padding: 1 })
      : new Conv(parameters, `${name}.fusion`, 4 * channels, channels, { kernel: 3, padding: 1, bias: true });
  }

  forward(tape: Tape, features: Node, stages: Node[]): Node {
    const [, height, width] = features.shape;
    const laterals = this.convs.map((conv, index) => ops.resizeBilinear(tape, conv.forward(tape, stages[index]), height, width));
    return this.fusion.forward(tape, ops.concat(tape, [features, ...laterals]));
  }
}

/** What both heads begin with. */
interface Encoding {
  readonly bottleneck: Conv | ConvBn;
  readonly lateral: Lateral | null;
  readonly encModule: EncModule;
}

function encode(tape: Tape, stages: Node[], { bottleneck, lateral, encModule }: Encoding): { encodingFeature: Node; output: Node } {
  const narrowed = bottleneck.forward(tape, stages[3]);
  return encModule.forward(tape, lateral ? lateral.forward(tape, narrowed, stages) : narrowed);
}

/** The reference's head: biased convolutions, upsampling by 8, classifier at full resolution. */
export class ReferenceHead implements Head {
  readonly bottleneck: Conv;
  readonly lateral: Lateral | null;
  readonly encModule: EncModule;
  private readonly classifierHidden: ConvBn;
  private readonly classifier: Conv;
  private readonly seLayer: Linear;

  constructor(parameters: Parameters, name: string, inChannels: readonly number[], numClasses: number, config: ModelConfig) {
    const channels = config.headChannels;
    this.bottleneck = new Conv(parameters, `${name}.bottleneck`, inChannels[3], channels, { kernel: 3, padding: 1, bias: true });
    this.lateral = config.addLateral ? new Lateral(parameters, name, inChannels, channels, false) : null;
    this.encModule = new EncModule(parameters, `${name}.enc_module`, channels, config.numCodes, { projectBn: false });
    this.classifierHidden = new ConvBn(parameters, { conv: `${name}.cls_seg.0`, norm: `${name}.cls_seg.1` }, channels, channels / 2, {
      kernel: 3,
      padding: 1,
      bias: true,
    });
    this.classifier = new Conv(parameters, `${name}.cls_seg.3`, channels / 2, numClasses, { kernel: 3, padding: 1, bias: true });
    this.seLayer = new Linear(parameters, `${name}.se_layer`, channels, numClasses);
  }

  /** At eight times the size of the encoded features. */
  private classify(tape: Tape, output: Node): Node {
    const [, height, width] = output.shape;
    return this.classifier.forward(tape, this.classifierHidden.forwardUpsampled(tape, output, [height * 8, width * 8]));
  }

  describe(tape: Tape, { stages }: Maps): Described {
    const { output: features } = encode(tape, stages, this);
    const [, height, width] = features.shape;
    const logits = tape.scope(() => resized(tape, this.classify(tape, features), [height * 2, width * 2]));
    return { features: ops.cast(tape, features, 'float32'), logits };
  }

  forward(tape: Tape, { stages }: Maps, size: readonly [number, number]): HeadOutput {
    const { encodingFeature, output } = encode(tape, stages, this);
    // Only sizes that are no multiple of 8 are resized again; the reference leaves those larger than the label.
    const logits = tape.scope(() => resized(tape, this.classify(tape, output), size));
    return { logits, seLogits: this.seLayer.forward(tape, encodingFeature), auxLogits: null, stage3SeLogits: null };
  }
}

/** The paper's head: BN and ReLU throughout, dropout, classifier before upsampling; optionally stage 1 joined in before it. */
export class PaperHead implements Head {
  readonly bottleneck: ConvBn;
  readonly lateral: Lateral | null;
  readonly encModule: EncModule;
  private readonly detail: { project: ConvBn; fuse: ConvBn } | null;
  private readonly fine: FineLogits | null;
  private readonly classifier: Conv;
  private readonly seLayer: Linear;
  private readonly aux: { hidden: ConvBn; classifier: Conv } | null;
  private readonly stage3: { encoder: ContextEncoder; seLayer: Linear } | null;
  private readonly dropout: number;

  constructor(parameters: Parameters, name: string, inChannels: readonly number[], numClasses: number, config: ModelConfig) {
    const { headChannels: channels, detailChannels } = config;
    const at = (part: string) => ({ conv: `${name}.${part}.0`, norm: `${name}.${part}.1` });
    this.dropout = config.dropout;
    this.bottleneck = new ConvBn(parameters, at('bottleneck'), inChannels[3], channels, { kernel: 3, padding: 1 });
    this.lateral = config.addLateral ? new Lateral(parameters, name, inChannels, channels, true) : null;
    this.encModule = new EncModule(parameters, `${name}.enc_module`, channels, config.numCodes, {
      projectBn: true,
      dropout: config.contextDropout,
    });
    this.detail =
      detailChannels > 0
        ? {
            project: new ConvBn(parameters, at('detail_project'), inChannels[0], detailChannels, { kernel: 1 }),
            fuse: new ConvBn(parameters, at('detail_fuse'), channels + detailChannels, channels, { kernel: 3, padding: 1 }),
          }
        : null;
    this.fine = config.fineChannels > 0 ? new FineLogits(parameters, name, channels, numClasses, config) : null;
    this.classifier = new Conv(parameters, `${name}.conv_seg`, channels, numClasses, { kernel: 1, bias: true });
    this.seLayer = new Linear(parameters, `${name}.se_layer`, channels, numClasses);
    const hidden = Math.max(8, inChannels[2] / 4);
    this.aux = config.auxHead
      ? {
          hidden: new ConvBn(parameters, { conv: 'auxlayer.0', norm: 'auxlayer.1' }, inChannels[2], hidden, { kernel: 3, padding: 1 }),
          classifier: new Conv(parameters, 'auxlayer.4', hidden, numClasses, { kernel: 1, bias: true }),
        }
      : null;
    this.stage3 = config.seAtStage3
      ? {
          encoder: new ContextEncoder(parameters, `${name}.stage3`, inChannels[2], channels, config.numCodes, { projectBn: true }),
          seLayer: new Linear(parameters, `${name}.stage3.se_layer`, channels, numClasses),
        }
      : null;
  }

  describe(tape: Tape, { stages, stem }: Maps): Described {
    const features = this.joinDetail(tape, encode(tape, stages, this).output, stages[0]);
    const logits = tape.scope(() => ops.cast(tape, this.logitsOf(tape, features, stem), 'float32'));
    return { features: ops.cast(tape, features, 'float32'), logits };
  }

  forward(tape: Tape, { stages, stem }: Maps, size: readonly [number, number]): HeadOutput {
    const { encodingFeature, output } = encode(tape, stages, this);
    const logits = tape.scope(() => {
      const joined = this.joinDetail(tape, output, stages[0]);
      return resized(tape, this.logitsOf(tape, ops.dropout(tape, joined, this.dropout), stem), size);
    });
    return {
      logits,
      seLogits: this.seLayer.forward(tape, encodingFeature),
      auxLogits: this.auxiliary(tape, stages[2], size),
      stage3SeLogits: this.stage3Presence(tape, stages[2]),
    };
  }

  private logitsOf(tape: Tape, features: Node, stem: Node | null): Node {
    const logits = this.classifier.forward(tape, features);
    return this.fine && stem ? this.fine.forward(tape, logits, features, stem) : logits;
  }

  private joinDetail(tape: Tape, output: Node, stage1: Node): Node {
    if (!this.detail) return output;
    const upsampled = ops.resizeBilinear(tape, output, stage1.shape[1], stage1.shape[2]);
    return this.detail.fuse.forward(tape, ops.concat(tape, [upsampled, this.detail.project.forward(tape, stage1)]));
  }

  private auxiliary(tape: Tape, stage3: Node, size: readonly [number, number]): Node | null {
    const { aux } = this;
    // The auxiliary head only helps to train; in evaluation it is not run.
    if (!aux || !tape.training) return null;
    return tape.scope(() => {
      const hidden = ops.dropout(tape, aux.hidden.forward(tape, stage3), this.dropout);
      return resized(tape, aux.classifier.forward(tape, hidden), size);
    });
  }

  /** The paper's second SE loss: which classes the scene holds, read from an encoding of stage 3 (section 3.3). */
  private stage3Presence(tape: Tape, stage3: Node): Node | null {
    const branch = this.stage3;
    if (!branch || !tape.training) return null;
    return tape.scope(() => branch.seLayer.forward(tape, branch.encoder.forward(tape, stage3)));
  }
}
