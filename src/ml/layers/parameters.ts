import { AppError } from '#shared/errors';
import type { Random } from '#shared/random';
import type { Tensor } from '../tensor/runtime.ts';
import { dispose, type Value } from '../tensor/value.ts';
import { toTensorFlowLayout, toTorchLayout } from '../weights/layout.ts';

/** What a tensor of the state dict is; decides its initial values, its layout and whether it is decayed. */
export type TensorKind =
  | 'conv.weight'
  | 'conv.weight.biased'
  | 'linear.weight'
  | 'bias'
  | 'bn.weight'
  | 'bn.weight.closing'
  | 'bn.bias'
  | 'bn.running_mean'
  | 'bn.running_var'
  | 'encoding.codewords'
  | 'encoding.scale';

/** One named tensor of the network: PyTorch's name and shape outside, TensorFlow's layout inside. */
export interface Parameter {
  readonly name: string;
  readonly kind: TensorKind;
  /** Shape in PyTorch's layout. */
  readonly torchShape: readonly number[];
  /** Inputs of one output unit: of the layer's weight, for its bias too. */
  readonly fanIn: number;
  readonly trainable: boolean;
  /** Whether it stays as it is, and with it the batch norm that it belongs to. */
  frozen: boolean;
  value: Tensor;
}

/** Values of one tensor in PyTorch's layout, row-major. */
export interface StateTensor {
  shape: readonly number[];
  data: Float32Array;
}
export type StateDict = Map<string, StateTensor>;

const isStatistic = (kind: TensorKind): boolean => kind === 'bn.running_mean' || kind === 'bn.running_var';
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The network's tensors by PyTorch name, in PyTorch's order. */
export class Parameters {
  private readonly byName = new Map<string, Parameter>();
  private readonly random: Random;
  private readonly zeroInitResidual: boolean;
  private readonly derivations = new Map<string, { sources: readonly Tensor[]; result: Record<string, Value> }>();

  /** @param random stream of the initial values */
  constructor(random: Random, options: { zeroInitResidual?: boolean } = {}) {
    this.random = random;
    this.zeroInitResidual = options.zeroInitResidual ?? false;
  }

  /** Creates and registers a tensor with the reference's initial values for its kind. */
  create(name: string, kind: TensorKind, torchShape: readonly number[], fanIn = sizeOf(torchShape.slice(1))): Parameter {
    if (this.byName.has(name)) throw new AppError('internal', `parameter ${name} is registered twice`);
    const data = this.initialValues(kind, torchShape, fanIn);
    const value = toTensorFlowLayout(data, torchShape);
    const parameter = { name, kind, torchShape, fanIn, trainable: !isStatistic(kind), frozen: false, value };
    this.byName.set(name, parameter);
    return parameter;
  }

  /** He initialisation (normal, fan out) for plain convolutions, PyTorch's defaults elsewhere, as the reference. */
  private initialValues(kind: TensorKind, shape: readonly number[], fanIn: number): Float32Array {
    const data = new Float32Array(sizeOf(shape));
    const uniform = (low: number, high: number) => data.forEach((_, i) => (data[i] = low + (high - low) * this.random.next()));
    switch (kind) {
      case 'conv.weight': {
        const deviation = Math.sqrt(2 / (shape[0] * sizeOf(shape.slice(2))));
        data.forEach((_, i) => (data[i] = deviation * this.random.normal()));
        break;
      }
      case 'conv.weight.biased':
      case 'linear.weight':
      case 'bias':
        uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
        break;
      case 'bn.weight':
      case 'bn.running_var':
        data.fill(1);
        break;
      case 'bn.weight.closing':
        data.fill(this.zeroInitResidual ? 0 : 1);
        break;
      case 'encoding.codewords':
        uniform(-1 / Math.sqrt(sizeOf(shape)), 1 / Math.sqrt(sizeOf(shape)));
        break;
      case 'encoding.scale':
        uniform(-1, 0);
        break;
      case 'bn.bias':
      case 'bn.running_mean':
        break;
    }
    return data;
  }

  all(): Parameter[] {
    return [...this.byName.values()];
  }

  trainable(): Parameter[] {
    return this.all().filter((parameter) => parameter.trainable);
  }

  /** Keeps the tensors as they are whose names begin so. @param statistics whether all of batch norm's are kept too */
  freeze(prefixes: readonly string[], statistics: boolean): void {
    for (const parameter of this.all())
      parameter.frozen = (statistics && isStatistic(parameter.kind)) || prefixes.some((prefix) => parameter.name.startsWith(prefix));
  }

  get(name: string): Parameter | undefined {
    return this.byName.get(name);
  }

  /** Number of trainable values. */
  count(): number {
    return this.trainable().reduce((sum, parameter) => sum + sizeOf(parameter.torchShape), 0);
  }

  /** Replaces a tensor's value, freeing the old one; takes ownership of `value`. */
  static assign(parameter: Parameter, value: Tensor): void {
    parameter.value.dispose();
    parameter.value = value;
  }

  /** Copies all tensors out, in PyTorch's names and layouts. */
  toStateDict(): StateDict {
    return new Map(this.all().map(({ name, torchShape, value }) => [name, { shape: torchShape, data: toTorchLayout(value, torchShape) }]));
  }

  /** Holds a state dict against these parameters: what fits, names missing and unexpected, and those of another shape. */
  compare(state: StateDict): LoadReport & { matching: [Parameter, StateTensor][] } {
    const report: LoadReport = { missing: [], unexpected: [], mismatched: [] };
    for (const name of state.keys()) if (!this.byName.has(name)) report.unexpected.push(name);
    const matching: [Parameter, StateTensor][] = [];
    for (const parameter of this.byName.values()) {
      const entry = state.get(parameter.name);
      if (!entry) report.missing.push(parameter.name);
      else if (entry.shape.join() !== parameter.torchShape.join()) {
        report.mismatched.push(
          `${parameter.name}: [${entry.shape.join(', ')}] in the file, [${parameter.torchShape.join(', ')}] in the network`,
        );
      } else matching.push([parameter, entry]);
    }
    return { ...report, matching };
  }

  /**
   * Takes over the tensors of a state dict.
   * @param strict whether every tensor of the network must be there and no other
   * @returns names missing, unexpected and of another shape
   * @throws AppError 'invalid-argument' if strict and the report is not empty
   */
  load(state: StateDict, strict = true): LoadReport {
    const { matching, ...report } = this.compare(state);
    if (strict) assertEmpty(report);
    for (const [parameter, entry] of matching) Parameters.assign(parameter, toTensorFlowLayout(entry.data, parameter.torchShape));
    return report;
  }

  /**
   * Values that follow from parameters, kept until one of their sources is replaced.
   * @param sources the values they follow from
   * @param make new values, owned by these parameters from then on
   */
  derived<T extends { [K in keyof T]: Value }>(name: string, sources: readonly Tensor[], make: () => T): T {
    const known = this.derivations.get(name);
    if (known && sources.every((source, index) => source === known.sources[index])) return known.result as T;
    if (known) dispose(Object.values(known.result));
    const result = make();
    this.derivations.set(name, { sources, result });
    return result;
  }

  /** Frees what was derived; it is made anew when it is needed. */
  releaseDerived(): void {
    for (const { result } of this.derivations.values()) dispose(Object.values(result));
    this.derivations.clear();
  }

  dispose(): void {
    this.releaseDerived();
    for (const parameter of this.byName.values()) parameter.value.dispose();
    this.byName.clear();
  }
}

/** What a state dict and a network do not have in common. */
export interface LoadReport {
  missing: string[];
  unexpected: string[];
  mismatched: string[];
}

function assertEmpty(report: LoadReport): void {
  for (const [rule, names] of Object.entries(report) as [keyof LoadReport, string[]][]) {
    if (names.length > 0) {
      throw new AppError('invalid-argument', `The weights do not fit the network: ${names.length} tensors ${rule}, first: ${names[0]}`);
    }
  }
}
