import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { mapNames } from '#ml/weights/map-names';
import { otherSettings } from '#ml/weights/network-of';
import { readWeights } from '#ml/weights/read-weights';
import { lookAtWeights } from '#ml/weights/weight-fit';
import { encodeTorch } from '#ml/weights/write-torch';
import { findPreset } from '#shared/training/presets';
import { noFitText } from '#shared/training/weight-fit';
import { temporaryFolder } from '../helpers/dataset.ts';

const folder = path.resolve(import.meta.dirname, '../golden/checkpoints');
const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  { shape: number[]; values: number[] }
>;
const ours = new Set(Object.keys(expected).map((name) => `backbone.${name}`));

describe('a checkpoint as a training script leaves it', () => {
  test.each([
    ['score-beside.pth', 'with a score, random numbers, settings and an optimiser beside the weights'],
    ['score-beside-legacy.pth', 'the same in the layout before PyTorch 1.6'],
    ['numpy-scalars.pth', "with numpy's scalars and arrays, sets, counters and queues"],
    ['encoder.pth', 'of a backbone under a name of its own'],
    ['wrapped.pth', 'of a compiled network in DataParallel'],
    ['lightning.ckpt', 'of Lightning, which is called as ours are'],
    ['python2.pth', 'of a Python that hands a dictionary its pairs at once'],
    ['factories.pth', 'with a dictionary that makes lists'],
  ])('%s gives its weights, all and alone: %s', (name) => {
    const weights = mapNames(readWeights(path.join(folder, name)), ours);
    expect([...weights.keys()].sort()).toEqual([...ours].sort());
    for (const [of, { shape, values }] of Object.entries(expected)) {
      const tensor = weights.get(`backbone.${of}`)!;
      expect(tensor.shape).toEqual(shape);
      expect([...tensor.data]).toEqual(values.map((value) => Math.fround(value)));
    }
  });

  test('that is a whole model of classes of its own is refused, with what to save instead', () => {
    expect(() => readWeights(path.join(folder, 'whole-model.pth'))).toThrow(
      /names __main__\.Encoder, which is not in the list.*torch\.save\(model\.state_dict\(\), file\)/s,
    );
  });
});

test('a safetensors file whose length reads like a pickle is one all the same', () => {
  // A header of 0x0280 bytes: 80 02 is how a pickle of protocol 2 begins.
  const header = JSON.stringify({ 'conv1.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }).padEnd(0x280, ' ');
  const bytes = Buffer.alloc(8 + header.length + 8);
  bytes.writeBigUInt64LE(BigInt(header.length), 0);
  bytes.write(header, 8);
  bytes.writeFloatLE(1.5, 8 + header.length);
  bytes.writeFloatLE(-2, 12 + header.length);
  for (const name of ['weights.safetensors', 'weights.ckpt', 'weights.bin']) {
    const file = path.join(temporaryFolder(), name);
    writeFileSync(file, bytes);
    expect([...readWeights(file).get('conv1.weight')!.data]).toEqual([1.5, -2]);
  }
});

test('a number of millions of bytes is refused at once', () => {
  const file = path.join(temporaryFolder(), 'long.pth');
  const length = 10_000_000;
  const bytes = Buffer.alloc(7 + length, 0x7f);
  bytes.set([0x80, 2, 0x8b]);
  bytes.writeUInt32LE(length, 3);
  writeFileSync(file, bytes);
  const begin = performance.now();
  expect(() => readWeights(file)).toThrow('its pickle has a number of 10000000 bytes');
  expect(performance.now() - begin).toBeLessThan(2000);
});

describe('how far a file fits a recipe', () => {
  /** A ResNet as torchvision publishes it, with its classifier. */
  function resNet(backbone: 'resnet18' | 'resnet34') {
    const net = new EncNet({ ...findPreset('light-64').config.model, backbone }, 3, 1);
    const tensors = [...net.parameters.toStateDict()].filter(([name]) => name.startsWith('backbone.'));
    net.dispose();
    const file = path.join(temporaryFolder(), `${backbone}.pth`);
    const fc = { shape: [1000, 512], data: new Float32Array(512_000) };
    writeFileSync(
      file,
      encodeTorch(new Map([...tensors.map(([name, tensor]) => [name.slice(9), tensor] as const), ['fc.weight', fc]]), true),
    );
    return { file, tensors: tensors.length };
  }

  test("torchvision's resnet18 fits light-64 as it is; light says with which setting it would", () => {
    const { file, tensors } = resNet('resnet18');
    const whole = lookAtWeights(file, findPreset('light-64').config, 3);
    expect(whole).toMatchObject({ taken: tensors, backboneTaken: tensors, backboneTensors: tensors, mismatched: [], unexpected: [] });
    expect(whole.missing.every((name) => /^(decoder|auxlayer)\./.test(name))).toBe(true);
    expect(whole.missing).toHaveLength(whole.tensors - tensors);
    expect(whole.remedy).toBeNull();
    const light = lookAtWeights(file, findPreset('light').config, 3);
    expect(light).toMatchObject({ taken: 0, remedy: { settings: { 'model.width': 64 }, taken: tensors } });
    expect(noFitText(light)).toContain('backbone.conv1.weight: [64, 3, 7, 7] in the file, [32, 3, 7, 7] in the network');
    expect(noFitText(light)).toMatch(/With model\.width=64, \d+ of \d+ would be taken/);
  });

  test('a deeper network is told by its depth', () => {
    const { file, tensors } = resNet('resnet34');
    const { remedy, taken, mismatched } = lookAtWeights(file, findPreset('light-64').config, 3);
    expect(remedy).toMatchObject({ settings: { 'model.backbone': 'resnet34' }, taken: tensors });
    expect(taken).toBeGreaterThan(0);
    expect(mismatched).toEqual([]);
  });

  test('the settings of a network with its head are all told', () => {
    const { config } = findPreset('light');
    const { model } = config;
    const other = { ...model, width: 16, headChannels: 64, numCodes: 16, addLateral: !model.addLateral };
    const net = new EncNet(other, 3, 1);
    expect(otherSettings(net.parameters.toStateDict(), model)).toEqual({
      'model.width': 16,
      'model.headChannels': 64,
      'model.numCodes': 16,
      'model.addLateral': !model.addLateral,
    });
    expect(otherSettings(net.parameters.toStateDict(), other)).toEqual({});
    net.dispose();
  });
});
