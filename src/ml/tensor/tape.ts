// A small reverse-mode tape over raw kernels. Unlike tfjs's own it frees an activation as soon as
// neither a later layer nor a gradient needs it, which halves the memory of a training step (ADR 0003).
import type { Precision } from '#shared/training/precision';
import * as kernels from './kernels.ts';
import type { Tensor } from './runtime.ts';
import { BFloat16, type Value } from './value.ts';

/** @throws Error if it is bfloat16: who asks reckons in float32 and has to cast it first */
export function float32Of(value: Value): Tensor {
  if (value instanceof BFloat16) throw new Error(`float32 is needed, and [${value.shape.join(', ')}] is bfloat16`);
  return value;
}

/** A value on the tape. It is freed when no scope and no pending gradient holds it. */
export class Node {
  /** As kernels take it. */
  readonly handle: Value;
  readonly needsGradient: boolean;
  /** Of the handle's type. */
  gradient: Value | null = null;
  private holders = 1;
  private readonly owned: boolean;

  constructor(handle: Value, needsGradient: boolean, owned: boolean) {
    this.handle = handle;
    this.needsGradient = needsGradient;
    this.owned = owned;
  }

  get shape(): number[] {
    return this.handle.shape;
  }

  /** As a tensor of tfjs. @throws Error if it is bfloat16 */
  get value(): Tensor {
    return float32Of(this.handle);
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    if (--this.holders === 0 && this.owned) this.handle.dispose();
  }

  /** Adds `gradient`, of which the node takes ownership. */
  accumulate(gradient: Value): void {
    if (!this.gradient) {
      this.gradient = gradient;
      return;
    }
    const sum = kernels.add([this.gradient, gradient]);
    this.gradient.dispose();
    gradient.dispose();
    this.gradient = sum;
  }
}

/** Takes the gradient of an op's output to those of its inputs, in order; null where none is needed. Results are owned by the caller. */
export type Backward<V extends Value = Value> = (dy: V) => (Value | null)[];

/** What an op's gradient reads: nodes, further values (owned by the tape from then on), and the op's own output. */
interface Reads {
  keep?: Node[];
  saved?: Value[];
  keepOutput?: boolean;
}

interface Step {
  inputs: Node[];
  output: Node;
  kept: Node[];
  saved: Value[];
  backward: Backward;
}

/**
 * What an op computed, for those who write the network down in another language (ONNX). Rank-4 values are NHWC.
 * `inputs` are in the op's own order; parameters are among them.
 */
export type Traced = { inputs: Node[]; output: Node } & (
  | { op: 'conv'; stride: readonly [number, number]; padding: readonly [number, number]; dilation: number }
  | { op: 'upsampled-conv'; size: readonly [number, number] }
  | { op: 'batch-norm'; epsilon: number; statistics: readonly [Tensor, Tensor] }
  | { op: 'max-pool'; size: number; stride: number; padding: number }
  | { op: 'resize'; size: readonly [number, number] }
  | { op: 'mean'; axis: number }
  | { op: 'bias' | 'relu' | 'add' | 'concat' | 'linear' | 'sigmoid' | 'reshape' | 'swap-axes' | 'transpose' | 'attention' | 'encoding' }
);

export interface TapeOptions {
  /** Batch statistics and dropout on. */
  training: boolean;
  /** Batch norm by its running statistics, which stay, also in training. */
  runningNorm?: boolean;
  /** Whether gradients will be asked for. */
  recording: boolean;
  /** Called with every op, in order. */
  trace?: (step: Traced) => void;
  /** Whether batch norm may be folded into the convolution before it; only without training and gradients. */
  fold?: boolean;
  /** Seeds dropout; give a new value each step. */
  dropoutSeed?: number;
  /** What convolutions and what lies between them are reckoned and kept in; float32 by default. */
  precision?: Precision;
}

/** Records the ops of one forward pass and runs their gradients backwards. */
export class Tape {
  readonly training: boolean;
  readonly recording: boolean;
  /** Whether batch norm reckons with its running statistics. */
  readonly runningNorm: boolean;
  /** Whether a convolution may take the batch norm after it into its own filter. */
  readonly folds: boolean;
  readonly precision: Precision;
  private readonly trace: TapeOptions['trace'];
  private readonly steps: Step[] = [];
  private scopes: Node[][] = [[]];
  private dropouts: number;

  constructor(options: TapeOptions) {
    this.training = options.training;
    this.recording = options.recording;
    this.runningNorm = !options.training || (options.runningNorm ?? false);
    this.trace = options.trace;
    this.precision = options.precision ?? 'float32';
    this.folds = (options.fold ?? false) && !options.training && !options.recording && !options.trace;
    this.dropouts = options.dropoutSeed ?? 0;
  }

  /** Tells the one who traces, if there is one, what was computed. */
  record(step: Traced): void {
    this.trace?.(step);
  }

  /** A seed that differs for each call on this tape. */
  nextDropoutSeed(): number {
    this.dropouts = (Math.imul(this.dropouts, 1664525) + 1013904223) >>> 0;
    return this.dropouts;
  }

  /** Puts a tensor that the caller keeps owning on the tape. */
  constant(value: Value, needsGradient = false): Node {
    return new Node(value, needsGradient && this.recording, false);
  }

  /**
   * Records one op.
   * @param output computed value, owned by the tape from now on
   */
  op(inputs: Node[], output: Value, backward: Backward, options: Reads = {}): Node {
    const needsGradient = this.recording && inputs.some((input) => input.needsGradient);
    const node = new Node(output, needsGradient, true);
    this.scopes.at(-1)!.push(node);
    const saved = options.saved ?? [];
    if (!needsGradient) {
      for (const tensor of saved) tensor.dispose();
      return node;
    }
    const kept = [...(options.keep ?? []), ...(options.keepOutput ? [node] : [])];
    for (const keep of kept) keep.hold();
    this.steps.push({ inputs, output: node, kept, saved, backward });
    return node;
  }

  /** Records an op that gives float32, and whose gradient is float32 with it. */
  float32Op(inputs: Node[], output: Tensor, backward: Backward<Tensor>, options: Reads = {}): Node {
    return this.op(inputs, output, (dy) => backward(float32Of(dy)), options);
  }

  /** Runs `body` and lets go of every value it made, except those it returns. */
  scope<T extends Node | Node[]>(body: () => T): T {
    this.scopes.push([]);
    const result = this.within(body);
    const survivors = new Set<Node>(Array.isArray(result) ? result : [result]);
    const made = this.scopes.pop()!;
    for (const node of made) {
      if (survivors.has(node)) this.scopes.at(-1)!.push(node);
      else node.release();
    }
    return result;
  }

  /** What a body made that throws goes to the scope around it, which is let go of with the tape. */
  private within<T>(body: () => T): T {
    const depth = this.scopes.length;
    try {
      return body();
    } catch (error) {
      this.scopes[depth - 2].push(...this.scopes.splice(depth - 1).flat());
      throw error;
    }
  }

  /** Lets go of the values the outermost scope holds; what gradients need stays. */
  releaseValues(): void {
    for (const node of this.scopes[0]) node.release();
    this.scopes[0] = [];
  }

  /** Runs all gradients backwards from the seeds (owned by the tape from now on); leaves end with `gradient` set. */
  backward(seeds: readonly (readonly [Node, Value])[]): void {
    for (const [node, gradient] of seeds) node.accumulate(gradient);
    this.releaseValues();
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      const dy = step.output.gradient;
      if (dy) {
        this.propagate(step, dy);
        dy.dispose();
        step.output.gradient = null;
      }
      for (const node of step.kept) node.release();
      for (const tensor of step.saved) tensor.dispose();
    }
  }

  private propagate(step: Step, dy: Value): void {
    const gradients = step.backward(dy);
    step.inputs.forEach((input, index) => {
      const gradient = gradients[index];
      if (!gradient) return;
      if (input.needsGradient) input.accumulate(gradient);
      else gradient.dispose();
    });
  }

  /** Frees everything without running gradients. */
  dispose(): void {
    this.releaseValues();
    for (const step of this.steps.splice(0)) {
      step.output.gradient?.dispose();
      for (const node of step.kept) node.release();
      for (const tensor of step.saved) tensor.dispose();
    }
  }
}
