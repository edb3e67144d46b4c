// What kernels take and give: tensors of tfjs, and bfloat16, which tfjs has no name for and TensorFlow's kernels have (ADR 0034).
import type { Precision } from '#shared/training/precision';
import { attribute, backend, bfloat16Number, type Attribute, type Tensor } from './runtime.ts';

/** The native object behind copies of a value, and how many of them there are. */
interface Handle {
  id: number;
  holders: number;
}

/**
 * A bfloat16 value: float32's exponent with 8 bits of significand. tfjs does not know of it, so neither `tidy` nor its gradients see it:
 * whoever has one disposes it.
 */
export class BFloat16 {
  readonly dtype = 'bfloat16';
  readonly shape: number[];
  private handle: Handle | null;

  private constructor(shape: number[], handle: Handle) {
    this.shape = shape;
    this.handle = handle;
  }

  /** @param id of a native tensor of this type, owned by the value from then on */
  static of(id: number, shape: number[]): BFloat16 {
    return new BFloat16(shape, { id, holders: 1 });
  }

  /** The native tensor's. @throws Error after it was disposed */
  get id(): number {
    if (!this.handle) throw new Error('a bfloat16 value is used after it was disposed');
    return this.handle.id;
  }

  /** The same memory once more. */
  clone(): BFloat16 {
    if (!this.handle) throw new Error('a bfloat16 value is copied after it was disposed');
    this.handle.holders++;
    return new BFloat16(this.shape, this.handle);
  }

  /** Lets go of it; the memory is freed with its last copy. A second call does nothing, as with tfjs. */
  dispose(): void {
    if (this.handle && --this.handle.holders === 0) backend.binding.deleteTensor(this.handle.id);
    this.handle = null;
  }
}

/** Float32 (or another type of tfjs), or bfloat16. */
export type Value = Tensor | BFloat16;

/** The same memory once more, to be disposed on its own. */
export const copy = (value: Value): Value => (value instanceof BFloat16 ? value.clone() : value.clone());

const idOf = (value: Value): number => (value instanceof BFloat16 ? value.id : backend.getInputTensorIds([value])[0]);

/** Runs a TensorFlow op; outputs are bfloat16 or tfjs's, whichever the op gives. */
function execute(name: string, attributes: Attribute[], inputs: readonly Value[], outputs: number): Value[] {
  return backend.binding
    .executeOp(name, attributes, inputs.map(idOf), outputs)
    .map((output) => (output.dtype === bfloat16Number ? BFloat16.of(output.id, output.shape) : backend.createOutputTensor(output)));
}

/** Runs a TensorFlow op that has one output. @returns a value of the type that this op gives, owned by the caller */
export function run1<V extends Value = Tensor>(name: string, attributes: Attribute[], inputs: readonly Value[]): V {
  return execute(name, attributes, inputs, 1)[0] as V;
}

/** Runs a TensorFlow op that has `outputs` outputs, as `run1`. */
export function runMany<V extends Value[] = Tensor[]>(name: string, attributes: Attribute[], inputs: readonly Value[], outputs: number): V {
  return execute(name, attributes, inputs, outputs) as V;
}

/** What a value of the network is reckoned in. */
export const precisionOf = ({ dtype }: Value): Precision => (dtype === 'bfloat16' ? dtype : 'float32');

/** The type attribute that says what a value is. */
export const typeOf = (name: string, { dtype }: Value): Attribute => attribute.type(name, dtype);

/** The same value in another type, rounded to the nearest; owned by the caller. */
export function cast<P extends Precision>(value: Value, to: P): P extends 'float32' ? Tensor : BFloat16;
export function cast(value: Value, to: Precision): Value {
  if (value.dtype === to) return copy(value);
  return run1<Value>('Cast', [typeOf('SrcT', value), attribute.type('DstT', to), attribute.bool('Truncate', false)], [value]);
}

/** A value in another type in the place of itself: what was given is let go of. */
export function recast<P extends Precision>(value: Value, to: P): P extends 'float32' ? Tensor : BFloat16;
export function recast(value: Value, to: Precision): Value {
  if (value.dtype === to) return value;
  try {
    return cast(value, to);
  } finally {
    value.dispose();
  }
}

/** What an op makes of a value in another type; the copy in that type is let go of. */
export function inType<T>(value: Value, to: Precision, body: (value: Value) => T): T {
  if (value.dtype === to) return body(value);
  const other: Value = cast(value, to);
  try {
    return body(other);
  } finally {
    other.dispose();
  }
}

/** The same for several values. */
export function inTypes<T>(values: readonly Value[], to: Precision, body: (...values: Value[]) => T): T {
  const copies: Value[] = [];
  try {
    for (const value of values) copies.push(cast(value, to));
    return body(...copies);
  } finally {
    dispose(copies);
  }
}

export function dispose(values: readonly Value[]): void {
  for (const value of values) value.dispose();
}
