import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { readModel, writeModel } from '#ml/weights/checkpoint';
import { encodeSafetensors } from '#ml/weights/safetensors';
import { asReference, encodeTorch } from '#ml/weights/write-torch';
import { mapNames } from '#ml/weights/map-names';
import { toNumbers, type RawTensor } from '#ml/weights/raw-tensor';
import { readRawWeights, readWeights } from '#ml/weights/read-weights';
import { referenceModel, type ModelConfig } from '#shared/training/model-config';
import { findPreset, withSetting } from '#shared/training/presets';
import { temporaryFolder } from '../helpers/dataset.ts';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../golden/weights');
interface Expected {
  files: Record<string, string>;
  must_be_refused: Record<string, string>;
  tensors: { name: string; dtype: string; shape: number[]; values: (number | string)[] }[];
}
const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Expected;
const dtypes: Record<string, string> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

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

test.each([
  ['float32', false],
  ['half precision', true],
] as const)('what is written as .pth in %s is read again as it was, with what PyTorch asks for besides', (_, half) => {
  const { config } = findPreset('tiny');
  const net = new EncNet(config.model, 5, 3);
  const tensors = net.parameters.toStateDict();
  net.dispose();
  const file = path.join(temporaryFolder(), 'net.pth');
  writeFileSync(file, encodeTorch(asReference(tensors), half));
  const raw = readRawWeights(file);
  const counters = [...raw.keys()].filter((name) => name.endsWith('.num_batches_tracked'));
  expect(counters).toHaveLength([...tensors.keys()].filter((name) => name.endsWith('.running_mean')).length);
  for (const name of counters) expect([raw.get(name)!.dtype, raw.get(name)!.shape, valuesOf(raw.get(name)!)]).toEqual(['I64', [], ['0']]);
  expect(raw.size).toBe(tensors.size + counters.length + 2);
  const read = mapNames(readWeights(file));
  expect([...read.keys()].sort()).toEqual([...tensors.keys()].sort());
  for (const [name, { shape, data }] of tensors) {
    expect(read.get(name)!.shape).toEqual([...shape]);
    expect(read.get(name)!.data).toEqual(half ? Float32Array.from(new Float16Array(data)) : data);
  }
});

test('honest.pth, of which the hostile zips are made, is read', () => {
  expect([...toNumbers(readRawWeights(path.join(folder, 'honest.pth')).get('conv.weight')!)]).toEqual([0, 1, 2, 3]);
});

test.each(Object.entries(expected.must_be_refused))('%s is refused: %s', (name) => {
  expect(() => readRawWeights(path.join(folder, name))).toThrow(
    expect.objectContaining({
      code: expect.stringMatching(/corrupt-file|unsupported/) as string,
      message: expect.stringContaining(name) as string,
    }) as Error,
  );
  expect(existsSync('PWNED')).toBe(false);
});

test('names of other codebases become ours', () => {
  const tensor = { shape: [1], data: new Float32Array(1) };
  const names = (...given: string[]) => [...mapNames(new Map(given.map((name) => [name, tensor]))).keys()];
  expect(names('conv1.weight', 'layer1.0.conv1.weight', 'fc.weight', 'bn1.num_batches_tracked')).toEqual([
    'backbone.conv1.weight',
    'backbone.layer1.0.conv1.weight',
  ]);
  expect(names('pretrained.conv1.weight', 'decode_head.bottleneck.conv.weight')).toEqual([
    'backbone.conv1.weight',
    'decoder.bottleneck.0.weight',
  ]);
  expect(names('backbone.conv1.weight', 'decoder.se_layer.bias')).toEqual(['backbone.conv1.weight', 'decoder.se_layer.bias']);
});

describe('a checkpoint of another codebase', () => {
  /** Our tensors under another's names: what it would have written. */
  const load = (model: ModelConfig, theirs: (name: string) => string) => {
    const net = new EncNet(model, 5, 1);
    const ours = net.parameters.toStateDict();
    const renamed = new Map([...ours].map(([name, tensor]) => [theirs(name), tensor]));
    expect([...renamed.keys()].filter((name) => ours.has(name) && !name.startsWith('backbone.'))).toEqual([]);
    const other = new EncNet(model, 5, 2);
    const report = other.parameters.load(mapNames(renamed), false);
    const same = [...other.parameters.toStateDict()].every(([name, { data }]) =>
      data.every((value, i) => value === ours.get(name)!.data[i]),
    );
    net.dispose();
    other.dispose();
    return { ...report, same };
  };
  const whole = { missing: [], unexpected: [], mismatched: [], same: true };
  const paper: ModelConfig = {
    ...referenceModel,
    backbone: 'resnet18',
    width: 8,
    headChannels: 16,
    numCodes: 4,
    head: 'paper',
    auxHead: true,
  };

  test('of the official EncNet finds every place', () => {
    expect(
      load({ ...paper, stem: 'deep' }, (name) =>
        name
          .replace(/^backbone\./, 'pretrained.')
          .replace(/^auxlayer\./, 'auxlayer.conv5.')
          .replace('decoder.bottleneck.', 'head.conv5.')
          .replace('decoder.enc_module.encoding_project.', 'head.encmodule.encoding.')
          .replace('decoder.enc_module.encoding.0.', 'head.encmodule.encoding.3.')
          .replace('decoder.enc_module.encoding.1.', 'head.encmodule.encoding.4.')
          .replace('decoder.enc_module.fc.', 'head.encmodule.fc.')
          .replace('decoder.se_layer.', 'head.encmodule.selayer.')
          .replace('decoder.conv_seg.', 'head.conv6.1.'),
      ),
    ).toEqual(whole);
  });

  test('of mmsegmentation finds every place, lateral connections too', () => {
    const modules = /^decoder\.(bottleneck|fusion|lateral_convs\.\d|enc_module\.encoding_project)\.([01])\./;
    expect(
      load({ ...paper, stem: 'v1c', addLateral: true }, (name) =>
        name
          .replace(/^backbone\.conv1\.(\d)\./, 'backbone.stem.$1.')
          .replace('backbone.bn1.', 'backbone.stem.7.')
          .replace(modules, (_, part: string, index: string) => `decode_head.${part}.${index === '0' ? 'conv' : 'bn'}.`)
          .replace(/^decoder\./, 'decode_head.')
          .replace('auxlayer.0.', 'auxiliary_head.convs.0.conv.')
          .replace('auxlayer.1.', 'auxiliary_head.convs.0.bn.')
          .replace('auxlayer.4.', 'auxiliary_head.conv_seg.'),
      ),
    ).toEqual(whole);
  });

  test('with other classes keeps what fits and reports the rest', () => {
    const net = new EncNet(paper, 5, 1);
    const other = new EncNet(paper, 7, 1);
    const report = other.parameters.load(net.parameters.toStateDict(), false);
    expect(report.mismatched.map((text) => text.split(':')[0])).toEqual([
      'decoder.conv_seg.weight',
      'decoder.conv_seg.bias',
      'decoder.se_layer.weight',
      'decoder.se_layer.bias',
      'auxlayer.4.weight',
      'auxlayer.4.bias',
    ]);
    expect([report.missing, report.unexpected]).toEqual([[], []]);
  });
});

describe('a model that is handed on', () => {
  const write = (dtype: 'F32' | 'F16') => {
    const config = findPreset('tiny').config;
    const net = new EncNet(config.model, 2, 1);
    const classes = [
      { id: 0, name: 'a', color: [1, 2, 3] as [number, number, number] },
      { id: 1, name: 'b', color: [4, 5, 6] as [number, number, number] },
    ];
    const model = {
      config,
      classes,
      temperature: 0.83,
      notes: { miou: '0.6' },
      model: net.parameters.toStateDict(),
      offsets: null,
      epoch: 3,
    };
    const file = path.join(temporaryFolder(), 'm.safetensors');
    writeModel(file, model, dtype);
    return { file, model };
  };

  test('of a temperature that is none is refused', () => {
    const { file, model } = write('F32');
    for (const temperature of [0, -1, 1e9]) {
      writeModel(file, { ...model, temperature }, 'F32');
      expect(() => readModel(file)).toThrow(/its temperature cannot be read/);
    }
  });

  test('comes back as it was, and in half precision within its rounding', () => {
    const single = write('F32');
    expect(readModel(single.file)).toEqual(single.model);
    const half = write('F16');
    const back = readModel(half.file);
    expect([...back.model.keys()]).toEqual([...half.model.model.keys()]);
    for (const [name, { data }] of back.model)
      data.forEach((value, i) =>
        expect(Math.abs(value - half.model.model.get(name)!.data[i])).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -24),
      );
    expect(statSync(half.file).size).toBeLessThan(0.6 * statSync(single.file).size);
  });

  test('is also what a weight file is', () => {
    const { file, model } = write('F32');
    expect([...readWeights(file).keys()]).toEqual([...model.model.keys()]);
  });
});

test('a global outside the list is named and nothing is run', () => {
  expect(() => readRawWeights(path.join(folder, 'evil.pth'))).toThrow(/it names (os|posix|nt)\.system, which is not in the list/);
});

test('what half precision has no room for stays as it is, in both formats', () => {
  const data = Float32Array.from([1, 130_000]);
  const tensors = new Map([
    ['bn.running_var', { shape: [2], data }],
    ['bn.weight', { shape: [2], data: Float32Array.from([0.5, -65_504]) }],
  ]);
  const at = path.join(temporaryFolder(), 'half');
  writeFileSync(`${at}.safetensors`, Buffer.concat(encodeSafetensors(tensors, {}, 'F16')));
  writeFileSync(`${at}.pth`, encodeTorch(tensors, true));
  for (const file of [`${at}.safetensors`, `${at}.pth`]) {
    const read = readRawWeights(file);
    expect([read.get('bn.running_var')!.dtype, read.get('bn.weight')!.dtype]).toEqual(['F32', 'F16']);
    expect([...toNumbers(read.get('bn.running_var')!)]).toEqual([1, 130_000]);
    expect([...toNumbers(read.get('bn.weight')!)]).toEqual([0.5, -65_504]);
  }
});

test.each([
  ['model.headChannels', 33, { 'model.head': 'reference' }],
  ['model.width', 33, { 'model.stem': 'v1c' }],
])('an odd %s is refused by its name where it is halved', (key, value, others) => {
  const { config } = findPreset('light');
  const changed = Object.entries({ ...others, [key]: value });
  expect(() => changed.reduce((each, [path, to]) => withSetting(each, path, to), config)).toThrow(new RegExp(`${key}.*must be even`));
});
