import { backboneDepths, type BackboneName, type ModelConfig } from '#shared/training/model-config';
import { ConvBn } from '../layers/conv-bn.ts';
import type { Parameters } from '../layers/parameters.ts';
import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { BasicBlock, Bottleneck, type Block, type BlockType } from './blocks.ts';

const blocks: Record<BackboneName, BlockType> = { resnet18: BasicBlock, resnet34: BasicBlock, resnet50: Bottleneck, resnet101: Bottleneck };

export type BackboneConfig = Pick<ModelConfig, 'backbone' | 'width' | 'stem' | 'stageStrides' | 'stageDilations' | 'contractDilation'> & {
  dropPath?: number;
};

/**
 * ResNet without its classifier. Tensor names are torchvision's.
 * Source: He et al. 2015; stage strides, dilation and the deep stem (three 3x3 convolutions) as in the EncNet paper,
 * section 4; the narrower v1c stem is mmsegmentation's.
 */
export class ResNet {
  /** Channels of the four stage outputs. */
  readonly channels: readonly number[];
  private readonly stem: ConvBn[];
  private readonly stages: Block[][];

  constructor(parameters: Parameters, prefix: string, config: BackboneConfig) {
    const BlockClass = blocks[config.backbone];
    const depths = backboneDepths[config.backbone];
    this.stem = createStem(parameters, prefix, config);
    let inChannels = config.stem === 'deep' ? 2 * config.width : config.width;
    const total = depths.reduce((sum, depth) => sum + depth, 0);
    let built = 0;
    this.stages = depths.map((depth, stage) => {
      const planes = config.width * 2 ** stage;
      const previous = stage === 0 ? 1 : config.stageDilations[stage - 1];
      return Array.from({ length: depth }, (_, index) => {
        const first = index === 0;
        const block = new BlockClass(parameters, `${prefix}layer${stage + 1}.${index}`, {
          inChannels,
          planes,
          stride: first ? config.stageStrides[stage] : 1,
          dilation: first && config.contractDilation ? previous : config.stageDilations[stage],
          dropPath: ((config.dropPath ?? 0) * ++built) / total,
        });
        inChannels = planes * BlockClass.expansion;
        return block;
      });
    });
    this.channels = depths.map((_, stage) => config.width * 2 ** stage * BlockClass.expansion);
  }

  /** @param x float32 [batch, height, width, 3], normalised @returns the four stage outputs */
  forward(tape: Tape, x: Node): Node[] {
    let value = tape.scope(() => this.pooled(tape, this.stemOf(tape, x)));
    return this.stages.map((blocks) => (value = this.run(tape, blocks, value)));
  }

  /** The same, and what the stem made at half the images' size, which else is let go of. */
  forwardWithStem(tape: Tape, x: Node): { stem: Node; stages: Node[] } {
    const stem = tape.scope(() => this.stemOf(tape, x));
    let value = tape.scope(() => this.pooled(tape, stem));
    return { stem, stages: this.stages.map((blocks) => (value = this.run(tape, blocks, value))) };
  }

  private stemOf(tape: Tape, x: Node): Node {
    return this.stem.reduce((input, layer) => layer.forward(tape, input), x);
  }

  private pooled(tape: Tape, stem: Node): Node {
    return ops.maxPool(tape, stem, 3, 2, 1);
  }

  private run(tape: Tape, blocks: Block[], x: Node): Node {
    return tape.scope(() => blocks.reduce((input, block) => block.forward(tape, input), x));
  }
}

function createStem(parameters: Parameters, prefix: string, { stem, width }: BackboneConfig): ConvBn[] {
  if (stem === 'plain') {
    return [new ConvBn(parameters, { conv: `${prefix}conv1`, norm: `${prefix}bn1` }, 3, width, { kernel: 7, stride: 2, padding: 3 })];
  }
  const [inner, outer] = stem === 'deep' ? [width, 2 * width] : [width / 2, width];
  return [
    new ConvBn(parameters, { conv: `${prefix}conv1.0`, norm: `${prefix}conv1.1` }, 3, inner, { kernel: 3, stride: 2, padding: 1 }),
    new ConvBn(parameters, { conv: `${prefix}conv1.3`, norm: `${prefix}conv1.4` }, inner, inner, { kernel: 3, padding: 1 }),
    new ConvBn(parameters, { conv: `${prefix}conv1.6`, norm: `${prefix}bn1` }, inner, outer, { kernel: 3, padding: 1 }),
  ];
}
