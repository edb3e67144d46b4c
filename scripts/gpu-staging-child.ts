// Loads a staged TensorFlow, computes with it and says on what. Started by gpu-staging.mjs.
import { createRequire } from 'node:module';
import type * as TensorFlow from '@tensorflow/tfjs-node-gpu';
import { cudaLibraries, factsHere, whyNoGpu } from '../src/ml/tensor/why-no-gpu.ts';

const [, , packageFolder] = process.argv;
const requireModule = createRequire(import.meta.url);
const util = requireModule('node:util') as Record<string, unknown>;
// tfjs-node 4.22.0 calls two functions that Node 23 removed from util.
util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
util.isArray = Array.isArray;
const tf = requireModule(packageFolder) as typeof TensorFlow;
const product = tf.matMul(tf.tensor2d([[2, 3]]), tf.tensor2d([[5], [3]])).dataSync()[0];
const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice: boolean };
const facts = factsHere(packageFolder);
console.log(
  JSON.stringify({
    product,
    device: isUsingGpuDevice ? 'GPU' : 'CPU',
    whyNoGpu: isUsingGpuDevice ? null : whyNoGpu(facts),
    missing: cudaLibraries.filter((name) => !facts.hasLibrary(name)),
  }),
);
