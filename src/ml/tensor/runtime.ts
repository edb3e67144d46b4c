import { createRequire } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type * as TensorFlow from '@tensorflow/tfjs-node-gpu';
import { factsHere, whyNoGpu } from './why-no-gpu.ts';

// Not named `require`: the build puts a function of that name at the head of the file.
const requireModule = createRequire(import.meta.url);

// tfjs-node 4.22.0 calls two functions that Node 23 removed from util.
const util = requireModule('node:util') as Record<string, unknown>;
util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
util.isArray = Array.isArray;

// V8 holds the few megabytes of images and labels that each step leaves against the limit of its own small heap, and goes through that at
// each step, on the cores that reckon. A heap that may grow to six times what lives is gone through a third as often.
setFlagsFromString('--heap-growing-percent=500');

/** The TensorFlow library, loaded once a process. */
export const tf = requireModule('@tensorflow/tfjs-node-gpu') as typeof TensorFlow;

export type Tensor<R extends TensorFlow.Rank = TensorFlow.Rank> = TensorFlow.Tensor<R>;
export type { TensorFlow };

interface Binding {
  TF_ATTR_STRING: number;
  TF_ATTR_INT: number;
  TF_ATTR_FLOAT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  TF_ATTR_SHAPE: number;
  TF_FLOAT: number;
  TF_INT32: number;
  TF_INT64: number;
  TF_BOOL: number;
  executeOp(name: string, attributes: Attribute[], ids: number[], outputs: number): NativeOutput[];
  deleteTensor(id: number): void;
}

/** A native tensor that an op gave. */
interface NativeOutput {
  id: number;
  dtype: number;
  shape: number[];
}

interface NodeBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(output: NativeOutput): Tensor;
  getNumOfTFTensors(): number;
}

/** One attribute of a TensorFlow op, in the binding's own form. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

export const backend = tf.backend() as unknown as NodeBackend;
const { binding } = backend;
/** TensorFlow's number for bfloat16 (`DT_BFLOAT16`), which the binding's own list lacks. */
export const bfloat16Number = 14;

const typeNumbers = {
  float32: binding.TF_FLOAT,
  int32: binding.TF_INT32,
  bool: binding.TF_BOOL,
  bfloat16: bfloat16Number,
};

/** Attribute builders, by the attribute's TensorFlow type. */
export const attribute = {
  float: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  int: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_INT, value }),
  ints: (name: string, value: readonly number[]): Attribute => ({ name, type: binding.TF_ATTR_INT, value: [...value] }),
  bool: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  shape: (name: string, value: readonly number[]): Attribute => ({ name, type: binding.TF_ATTR_SHAPE, value: [...value] }),
  string: (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value }),
  /** @throws Error if kernels here have no such type */
  type: (name: string, dtype: string): Attribute => {
    if (!Object.hasOwn(typeNumbers, dtype)) throw new Error(`no kernel here takes ${dtype}`);
    return { name, type: binding.TF_ATTR_TYPE, value: typeNumbers[dtype as keyof typeof typeNumbers] };
  },
};

/** The device that every op of this process runs on. */
export function deviceName(): 'GPU' | 'CPU' {
  return backend.isUsingGpuDevice ? 'GPU' : 'CPU';
}

/** Why every op runs on the processor, in words; null on a GPU. */
export function whyOnProcessor(): string | null {
  if (backend.isUsingGpuDevice) return null;
  return whyNoGpu(factsHere(path.dirname(requireModule.resolve('@tensorflow/tfjs-node-gpu/package.json'))));
}

/** Tensors and native TensorFlow handles alive: both must be flat from step to step. */
export function liveHandles(): { tensors: number; native: number } {
  return { tensors: tf.memory().numTensors, native: backend.getNumOfTFTensors() };
}
