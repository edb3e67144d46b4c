// What people have in the place of weights is told by what it is.
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readTorchFile } from '#ml/weights/torch-file';

const text = (content: string) => new TextEncoder().encode(content);

test.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(), 'it is empty'],
  ['a pointer of Git LFS', text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'), 'git lfs pull'],
  ['a web page', text('\n<!DOCTYPE html><html>'), 'it is a web page'],
  ['a network of Keras', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a), 'it is an HDF5 file of Keras'],
  ['an ONNX network', Uint8Array.of(8, 7, 18, 7, ...text('pytorch')), 'it is an ONNX network'],
  ['an archive of NumPy', zipSync({ 'conv1.npy': text('x') }), 'no data.pkl, but conv1.npy: it is an archive of NumPy'],
  ['an archive of Keras', zipSync({ 'metadata.json': text('{}') }), 'no data.pkl, but metadata.json. Save the state dict'],
  ['something else', text('no weights'), 'neither a zip nor a pickle, so it is no PyTorch file'],
])('%s', (_, content, words) => {
  expect(() => readTorchFile(content, 'weights.pth')).toThrow(words);
});
