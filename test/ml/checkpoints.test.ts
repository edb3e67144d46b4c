import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StateTensor } from '#ml/layers/parameters';
import { EncNet } from '#ml/models/encnet';
import { writeModel } from '#ml/weights/checkpoint';
import { mapNames } from '#ml/weights/map-names';
import { otherSettings } from '#ml/weights/network-of';
import { readWeights } from '#ml/weights/read-weights';
import { lookAtWeights, weightsFor } from '#ml/weights/weight-fit';
import { encodeTorch } from '#ml/weights/write-torch';
import type { ClassInfo } from '#shared/classes/class-info';
import { findPreset, withSettings } from '#shared/training/presets';
import { classesText, noFitText } from '#shared/training/weight-fit';
import { temporaryFolder } from '../helpers/dataset.ts';

const folder = path.resolve(import.meta.dirname, '../golden/checkpoints');
const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  { shape: number[]; values: number[] }
>;
const ours = new Set(Object.keys(expected).map((name) => `backbone.${name}`));

const classesOf = (...names: string[]): ClassInfo[] => names.map((name, id) => ({ id, name, color: [id, 0, 0] }));

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
  const three = classesOf('Road', 'Sky', 'Tree');

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
    const whole = lookAtWeights(file, findPreset('light-64').config, three);
    expect(whole).toMatchObject({ taken: tensors, backboneTaken: tensors, backboneTensors: tensors, mismatched: [], unexpected: [] });
    expect(whole.missing.every((name) => /^(decoder|auxlayer)\./.test(name))).toBe(true);
    expect(whole.missing).toHaveLength(whole.tensors - tensors);
    expect(whole.remedy).toBeNull();
    const light = lookAtWeights(file, findPreset('light').config, three);
    expect(light).toMatchObject({ taken: 0, remedy: { settings: { 'model.width': 64 }, taken: tensors } });
    expect(noFitText(light)).toContain('backbone.conv1.weight: [64, 3, 7, 7] in the file, [32, 3, 7, 7] in the network');
    expect(noFitText(light)).toMatch(/With model\.width=64, \d+ of \d+ would be taken/);
  });

  test('a deeper network is told by its depth', () => {
    const { file, tensors } = resNet('resnet34');
    const { remedy, taken, mismatched } = lookAtWeights(file, findPreset('light-64').config, three);
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

describe("a classifier's rows", () => {
  const config = withSettings(findPreset('tiny').config, { 'model.auxHead': true, 'model.seAtStage3': true });
  const valued = (...all: [string, number][]): ClassInfo[] => all.map(([name, value], id) => ({ id, name, value, color: [0, 0, id] }));
  const own = valued(['Sky', 0], ['Road', 1], ['Tree', 2]);
  const rowsOf = ({ shape, data }: StateTensor) =>
    Array.from({ length: shape[0] }, (_, row) => [...data.subarray((row * data.length) / shape[0], ((row + 1) * data.length) / shape[0])]);

  function written() {
    const net = new EncNet(config.model, own.length, 5);
    const model = net.parameters.toStateDict();
    net.dispose();
    const file = path.join(temporaryFolder(), 'own.safetensors');
    writeModel(file, { config, classes: own, notes: {}, temperature: 1, model, offsets: null, epoch: 1 }, 'F32');
    return { file, model };
  }
  const told = [
    'decoder.conv_seg.weight',
    'decoder.conv_seg.bias',
    'decoder.conv_fine.weight',
    'decoder.conv_fine.bias',
    'decoder.se_layer.weight',
    'decoder.se_layer.bias',
    'decoder.stage3.se_layer.weight',
    'decoder.stage3.se_layer.bias',
    'auxlayer.4.weight',
    'auxlayer.4.bias',
  ];

  test('go to the classes that they are of, in another order and among others', () => {
    const { file, model } = written();
    const today = valued(['Tree', 2], ['Car', 7], ['Sky', 0], ['Road', 1]);
    const net = new EncNet(config.model, today.length, 6);
    const random = net.parameters.toStateDict();
    const { weights } = weightsFor(file, net.parameters, today);
    for (const name of told) {
      const [was, is, drawn] = [model, weights, random].map((state) => rowsOf(state.get(name)!));
      expect(is).toEqual([was[2], drawn[1], was[0], was[1]]);
    }
    const [backbone, other] = [weights, model].map((state) => state.get('backbone.layer1.0.conv1.weight'));
    expect(backbone).toEqual(other);
    net.dispose();
    const fit = lookAtWeights(file, config, today);
    expect(fit).toMatchObject({ taken: fit.tensors, mismatched: [], classes: { known: 3, of: 4, lacking: ['Car'] } });
    expect(classesText(fit)).toBe('It knows 3 of the 4 classes; Car starts at random.');
  });

  test('go by the name where values are others', () => {
    const { file, model } = written();
    const today = valued(['Road', 11], ['Sky', 10], ['Tree', 12]);
    const net = new EncNet(config.model, today.length, 6);
    const { weights } = weightsFor(file, net.parameters, today);
    net.dispose();
    const [was, is] = [model, weights].map((state) => rowsOf(state.get('decoder.conv_seg.weight')!));
    expect(is).toEqual([was[1], was[0], was[2]]);
    expect(lookAtWeights(file, config, valued(['Sky', 1], ['Road', 2], ['Tree', 3])).classes).toMatchObject({ known: 3, of: 3 });
  });

  test('where none is known are left out', () => {
    const { file } = written();
    const fit = lookAtWeights(file, config, valued(['Stone', 4], ['Water', 5], ['Sand', 6]));
    expect(fit.missing.sort()).toEqual([...told].sort());
    expect(fit.classes).toEqual({ known: 0, of: 3, lacking: ['Stone', 'Water', 'Sand'] });
    const same = lookAtWeights(file, config, own);
    expect(same).toMatchObject({ taken: same.tensors, classes: { known: 3, of: 3, lacking: [] } });
    expect(classesText(same)).toBe('');
  });

  test('of a file that does not say its classes are taken in their order, and that is said', () => {
    const { model } = written();
    const file = path.join(temporaryFolder(), 'plain.pth');
    writeFileSync(file, encodeTorch(model, false));
    const fit = lookAtWeights(file, config, own);
    expect(fit).toMatchObject({ taken: fit.tensors, classes: 'unsaid' });
    expect(classesText(fit)).toContain('does not say which classes');
  });
});
