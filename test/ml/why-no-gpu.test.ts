// A trainer says in words why it computes on the processor.
import { expect, test } from 'vitest';
import { cudaLibraries, factsHere, whyNoGpu, type DeviceFacts } from '#ml/tensor/why-no-gpu';

const facts: DeviceFacts = { platform: 'linux', env: {}, staged: 'gpu', hasLibrary: () => true, hasDriver: true };

test.each<[Partial<DeviceFacts>, RegExp]>([
  [{ platform: 'darwin' }, /on Linux alone/],
  [{ hasDriver: false, hasLibrary: () => false }, /^no NVIDIA driver$/],
  [{ env: { CUDA_VISIBLE_DEVICES: '' } }, /^CUDA_VISIBLE_DEVICES hides every GPU$/],
  [{ env: { CUDA_VISIBLE_DEVICES: '-1' } }, /hides every GPU/],
  [{ staged: 'cpu' }, /set-up took TensorFlow for the processor: run ENCNET_DEVICE=gpu npm run setup/],
  [{ hasLibrary: (name) => name !== 'libcudnn.so.9' }, /^CUDA libraries missing: libcudnn\.so\.9;/],
  [{ hasLibrary: (name) => name === 'libcuda.so.1', hasDriver: false }, new RegExp(`missing: ${cudaLibraries.join(', ')}`)],
  [{ env: { CUDA_VISIBLE_DEVICES: '0' } }, /nvidia-smi tells/],
])('%o', (changes, expected) => {
  expect(whyNoGpu({ ...facts, ...changes })).toMatch(expected);
});

test('the facts of this machine can be had, also where nothing was staged', () => {
  expect(factsHere('/nowhere', {})).toMatchObject({ platform: process.platform, staged: null });
});
