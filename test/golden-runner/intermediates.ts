import { backboneDepths } from '#shared/training/model-config';
import { leavesOf } from '#ml/layers/leaf';
import type { EncNet } from '#ml/models/encnet';
import { float32Of, type Node, type Tape, type Traced } from '#ml/tensor/tape';
import { inType } from '#ml/tensor/value';
import { nchw } from './compare.ts';

/** Values on the way through the reference's network, by the names that case files give them, taken as they are computed. */
export class IntermediateValues {
  private readonly values = new Map<string, Float32Array>();
  /** The residual block after which each stage ends, and the blocks met so far. */
  private readonly stageEnds: number[];
  private sums = 0;
  private sum: Node | null = null;
  private laterals = 0;

  constructor(net: EncNet) {
    let end = 0;
    this.stageEnds = backboneDepths[net.config.backbone].map((count) => (end += count));
  }

  /** @returns values in PyTorch's layout */
  get(name: string): Float32Array | undefined {
    return this.values.get(name);
  }

  private keep(name: string, node: Node): void {
    this.values.set(
      name,
      inType(node.handle, 'float32', (value) => nchw(float32Of(value))),
    );
  }

  take(step: Traced, tape: Tape): void {
    const parameterOf = (node: Node) => [...leavesOf(tape)].find(([, leaf]) => leaf === node)?.[0].name;
    const { output } = step;
    if (step.op === 'conv' && !this.values.has('stem_conv')) this.keep('stem_conv', output);
    else if (step.op === 'bias') this.takeBiased(parameterOf(step.inputs[1]) ?? '', output);
    else if (step.op === 'add') [this.sum, this.sums] = [output, this.sums + 1];
    else if (step.op === 'relu' && step.inputs[0] === this.sum && this.stageEnds.includes(this.sums))
      this.keep(`stage${this.stageEnds.indexOf(this.sums) + 1}`, output);
    else if (step.op === 'resize' && this.laterals > 0 && !this.values.has('fusion'))
      this.keep(`lateral${this.laterals - 1}_resized`, output);
    else if (step.op === 'encoding') this.keep('encoding', output);
    else if (step.op === 'mean') this.keep('encoding_feat', output);
    else if (step.op === 'sigmoid') this.keep('gamma', output);
    else if (step.op === 'attention') this.keep('enc_output', output);
  }

  private takeBiased(parameter: string, output: Node): void {
    const name = /^decoder\.(?:enc_module\.)?(bottleneck|encoding_project|fusion)\.bias$/.exec(parameter)?.[1];
    if (name) this.keep(name, output);
    const lateral = /^decoder\.lateral_convs\.(\d)\.bias$/.exec(parameter)?.[1];
    if (lateral) this.keep(`lateral${Number(lateral)}`, output);
    if (lateral) this.laterals++;
  }
}
