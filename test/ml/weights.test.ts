import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mapNames } from '#ml/weights/map-names';
import { toNumbers, type RawTensor } from '#ml/weights/raw-tensor';
import { readRawWeights } from '#ml/weights/read-weights';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../golden/weights');
interface Expected {
  files: Record<string, string>;
  must_be_refused: Record<string, string>;
  tensors: { name: string; dtype: string; shape: number[]; values: (number | string)[] }[];
}
const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Expected;
const dtypes: Record<string, string> = { float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16', int64: 'I64', int32: 'I32', int16: 'I16', int8: 'I8', uint8: 'U8', bool: 'BOOL' };

/** Exact values; 64-bit integers as decimal strings. */
function valuesOf(tensor: RawTensor): (number | string)[] {
  if (tensor.dtype !== 'I64') return [...toNumbers(tensor)];
  const view = new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength);
  return Array.from({ length: tensor.bytes.length / 8 }, (_, index) => String(view.getBigInt64(index * 8, true)));
}

test.each(Object.keys(expected.files).filter((name) => name !== 'honest.pth'))('%s holds every tensor to the last bit', (name) => {
  const tensors = readRawWeights(path.join(folder, name));
  expect([...tensors.keys()].sort()).toEqual(expected.tensors.map((tensor) => tensor.name).sort());
  for (const { name: key, dtype, shape, values } of expected.tensors) {
    const tensor = tensors.get(key)!;
    expect({ key, dtype: tensor.dtype, shape: tensor.shape }).toEqual({ key, dtype: dtypes[dtype], shape });
    expect(valuesOf(tensor)).toEqual(values);
  }
});

test('honest.pth, of which the hostile zips are made, is read', () => {
  expect([...toNumbers(readRawWeights(path.join(folder, 'honest.pth')).get('conv.weight')!)]).toEqual([0, 1, 2, 3]);
});

test.each(Object.entries(expected.must_be_refused))('%s is refused: %s', (name) => {
  expect(() => readRawWeights(path.join(folder, name))).toThrow(expect.objectContaining({ code: expect.stringMatching(/corrupt-file|unsupported/) as string, message: expect.stringContaining(name) as string }) as Error);
  expect(existsSync('PWNED')).toBe(false);
});

test('names of other codebases become ours', () => {
  const tensor = { shape: [1], data: new Float32Array(1) };
  const names = (...given: string[]) => [...mapNames(new Map(given.map((name) => [name, tensor]))).keys()];
  expect(names('conv1.weight', 'layer1.0.conv1.weight', 'fc.weight', 'bn1.num_batches_tracked')).toEqual(['backbone.conv1.weight', 'backbone.layer1.0.conv1.weight']);
  expect(names('pretrained.conv1.weight', 'decode_head.bottleneck.weight')).toEqual(['backbone.conv1.weight', 'decoder.bottleneck.weight']);
  expect(names('backbone.conv1.weight', 'decoder.se_layer.bias')).toEqual(['backbone.conv1.weight', 'decoder.se_layer.bias']);
});

test('a global outside the list is named and nothing is run', () => {
  expect(() => readRawWeights(path.join(folder, 'evil.pth'))).toThrow(/it names (os|posix|nt)\.system, which is not in the list/);
});
