import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { epochOrder } from '#ml/data/batches';
import { mirror } from '#ml/data/mirror';
import { drawGeometry, wholeImage } from '#ml/data/geometry';
import { samplePair } from '#ml/data/transforms';
import { classWeights, priorShifts } from '#ml/losses/class-weights';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { Parameters } from '#ml/layers/parameters';
import { EncNet } from '#ml/models/encnet';
import { Optimizer } from '#ml/optim/optimizer';
import { learningRateFactor, scheduleFactor } from '#ml/optim/schedule';
import { conv2d } from '#ml/tensor/conv-op';
import * as kernels from '#ml/tensor/kernels';
import { resizeBilinear } from '#ml/tensor/ops';
import { liveHandles, tf } from '#ml/tensor/runtime';
import { float32Of, Tape, type Node } from '#ml/tensor/tape';
import { upsampledConv2d } from '#ml/tensor/upsampled-conv';
import { argMax, trainStep } from '#ml/train/train-step';
import { readCheckpoint, writeCheckpoint } from '#ml/weights/checkpoint';
import { Random } from '#shared/random';
import { findPreset } from '#shared/training/presets';
import { temporaryFolder } from '../helpers/dataset.ts';
import { runState } from '../helpers/training.ts';

const { config } = findPreset('tiny');
const batchOf = (seed: number) => {
  const random = Random.named('batch', seed);
  return {
    images: Float32Array.from({ length: 2 * 48 * 64 * 3 }, () => random.normal()),
    labels: Uint8Array.from({ length: 2 * 48 * 64 }, () => random.integer(12)).map((id) => (id === 11 ? 255 : id)),
    count: 2,
    size: [48, 64] as const,
    ids: ['a', 'b'],
  };
};
const options = { loss: { ...config.loss, auxWeight: 0.2 }, classWeights: null, learningRate: 1e-3, dropoutSeed: 1 };
const model = { ...config.model, auxHead: true };

describe('a training step', () => {
  test('leaves no tensor and no native handle behind, and the loss falls', () => {
    const net = new EncNet(model, 11, 1);
    const optimizer = new Optimizer(config.optimizer);
    const losses = [0, 1].map(() => trainStep(net, optimizer, [batchOf(1)], options).loss);
    const before = liveHandles();
    for (let i = 0; i < 8; i++) losses.push(trainStep(net, optimizer, [batchOf(1)], options).loss);
    expect(liveHandles()).toEqual(before);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    optimizer.dispose();
    net.dispose();
  });

  test('gives the same numbers from the same seed', () => {
    const run = () => {
      const net = new EncNet(model, 11, 5);
      const optimizer = new Optimizer(config.optimizer);
      const losses = [1, 2, 3].map((seed) => trainStep(net, optimizer, [batchOf(seed)], { ...options, dropoutSeed: seed }).loss);
      optimizer.dispose();
      net.dispose();
      return losses;
    };
    expect(run()).toEqual(run());
  });

  test('whose loss is not a number leaves the weights as they were', () => {
    const net = new EncNet(model, 11, 1);
    const optimizer = new Optimizer(config.optimizer);
    const batch = batchOf(1);
    batch.images.fill(NaN);
    const weight = () => [...net.parameters.get('decoder.conv_seg.weight')!.value.dataSync()];
    const before = weight();
    expect(trainStep(net, optimizer, [batch], options).loss).toBeNaN();
    expect(weight()).toEqual(before);
    optimizer.dispose();
    net.dispose();
  });

  test('with no labelled pixel has loss zero and no NaN', () => {
    const { loss, gradient } = crossEntropy(tf.randomNormal([1, 2, 2, 3]), Uint8Array.of(255, 255, 255, 255), 255);
    expect(loss).toBe(0);
    expect(gradient.dataSync().every((value) => value === 0)).toBe(true);
  });
});

test('gradients of a dilated convolution are those of finite differences', () => {
  const geometry = { stride: [1, 1], padding: [2, 2], dilation: 2 } as const;
  const x = tf.randomNormal([1, 5, 6, 2], 0, 1, 'float32', 1);
  const filter = tf.randomNormal([3, 3, 2, 2], 0, 1, 'float32', 2);
  const cotangent = tf.randomNormal([1, 5, 6, 2], 0, 1, 'float32', 3);
  const run = (filterValues: ReturnType<typeof tf.tensor>) => {
    const tape = new Tape({ training: true, recording: true });
    const node = tape.constant(filterValues, true);
    const output: Node = conv2d(tape, tape.constant(x), node, geometry);
    const value = tf.sum(tf.mul(output.value, cotangent)).dataSync()[0];
    tape.backward([[output, cotangent.clone()]]);
    return { value, gradient: float32Of(node.gradient!).dataSync() };
  };
  const { gradient } = run(filter);
  const values = filter.dataSync();
  for (const index of [0, 7, 17, 35]) {
    const shifted = (by: number) =>
      run(
        tf.tensor(
          values.map((value, i) => (i === index ? value + by : value)),
          [3, 3, 2, 2],
        ),
      ).value;
    expect((shifted(0.01) - shifted(-0.01)) / 0.02).toBeCloseTo(gradient[index], 2);
  }
});

test.each([
  [3, 4, 24, 32],
  [5, 7, 13, 17],
  [4, 4, 4, 4],
  [1, 1, 8, 8],
])('an upsampled convolution is upsampling and then a convolution: %i x %i to %i x %i', (height, width, toHeight, toWidth) => {
  const x = tf.randomNormal([2, height, width, 3], 0, 1, 'float32', 1);
  const filter = tf.randomNormal([3, 3, 3, 5], 0, 1, 'float32', 2);
  const cotangent = tf.randomNormal([2, toHeight, toWidth, 5], 0, 1, 'float32', 3);
  const run = (apply: (tape: Tape, node: Node, weight: Node) => Node) => {
    const tape = new Tape({ training: true, recording: true });
    const [node, weight] = [tape.constant(x, true), tape.constant(filter, true)];
    const output = apply(tape, node, weight);
    const values = [...output.value.dataSync()];
    tape.backward([[output, cotangent.clone()]]);
    return [values, [...float32Of(node.gradient!).dataSync()], [...float32Of(weight.gradient!).dataSync()]];
  };
  const before = liveHandles().tensors;
  const joined = run((tape, node, weight) => upsampledConv2d(tape, node, weight, [toHeight, toWidth]));
  // Two gradients are the caller's; everything else is gone.
  expect(liveHandles().tensors - before).toBe(2);
  const apart = run((tape, node, weight) =>
    conv2d(tape, resizeBilinear(tape, node, toHeight, toWidth), weight, { stride: [1, 1], padding: [1, 1], dilation: 1 }),
  );
  joined.forEach((values, part) => {
    const scale = Math.sqrt(apart[part].reduce((sum, value) => sum + value * value, 0) / apart[part].length);
    expect(Math.max(...values.map((value, index) => Math.abs(value - apart[part][index]))) / scale).toBeLessThan(1e-5);
  });
});

test.each([
  [3, 4, 12, 16],
  [2, 3, 17, 25],
  [1, 1, 8, 9],
  // By the kernel itself: too few pixels for each value, along one of the axes or both.
  [5, 3, 12, 40],
  [6, 8, 3, 4],
  // Or too many of x.
  [120, 2, 480, 9],
])('a resize of %i x %i to %i x %i has the gradient of its kernel', (height, width, toHeight, toWidth) => {
  const x = tf.randomNormal([2, height, width, 3], 0, 1, 'float32', 1);
  const cotangent = tf.randomNormal([2, toHeight, toWidth, 3], 0, 1, 'float32', 2);
  const before = liveHandles().tensors;
  const tape = new Tape({ training: true, recording: true });
  const node = tape.constant(x, true);
  tape.backward([[resizeBilinear(tape, node, toHeight, toWidth), cotangent.clone()]]);
  expect(liveHandles().tensors - before).toBe(1);
  const own = float32Of(node.gradient!).dataSync();
  const kernel = kernels.resizeBilinearGrad(cotangent, x).dataSync();
  own.forEach((value, index) => expect(value).toBeCloseTo(kernel[index], 4));
});

describe('checkpoints', () => {
  const state = runState(3);
  const written = () => {
    const net = new EncNet(model, 11, 1);
    const optimizer = new Optimizer(config.optimizer);
    trainStep(net, optimizer, [batchOf(1)], options);
    const file = path.join(temporaryFolder(), 'x.ckpt');
    const checkpoint = {
      config,
      classes: [{ id: 0, name: 'a', color: [1, 2, 3] as [number, number, number] }],
      state,
      model: net.parameters.toStateDict(),
      training: new Map(),
      optimizer: optimizer.toStateDict().slots,
    };
    writeCheckpoint(file, checkpoint);
    return { file, checkpoint, net };
  };

  test('come back to the last bit, and a network loads them to the same prediction', () => {
    const { file, checkpoint, net } = written();
    const back = readCheckpoint(file);
    expect(back.state).toEqual(state);
    expect(back.config).toEqual(config);
    for (const part of ['model', 'optimizer'] as const) {
      expect([...back[part].keys()]).toEqual([...checkpoint[part].keys()]);
      for (const [name, tensor] of back[part]) expect(tensor.data).toEqual(checkpoint[part].get(name)!.data);
    }
    const predict = (network: EncNet) => {
      const tape = new Tape({ training: false, recording: false });
      return argMax(network.forward(tape, tape.constant(tf.tensor(batchOf(2).images, [2, 48, 64, 3]))).logits.value);
    };
    const other = new EncNet(model, 11, 99);
    other.parameters.load(back.model);
    expect(predict(other)).toEqual(predict(net));
  });

  test('that are damaged or cut off are named', () => {
    const { file } = written();
    const bytes = readFileSync(file);
    const damaged = Buffer.from(bytes);
    damaged[bytes.length - 9] ^= 1;
    for (const [content, message] of [
      [damaged, 'does not have the sha256'],
      [bytes.subarray(0, bytes.length - 100), 'is not a whole safetensors file'],
      [Buffer.from('no'), 'it has 2 bytes'],
    ] as const) {
      writeFileSync(file, content);
      expect(() => readCheckpoint(file)).toThrow(message);
    }
    expect(() => readCheckpoint('/nowhere.ckpt')).toThrow('/nowhere.ckpt does not exist');
  });

  test("of another shape are refused with the tensor's name", () => {
    const { file } = written();
    const other = new EncNet({ ...model, width: 16 }, 11, 1);
    expect(() => other.parameters.load(readCheckpoint(file).model)).toThrow(
      /tensors mismatched, first: backbone\.conv1\.weight: \[8, 3, 7, 7\] in the file, \[16, 3, 7, 7\] in the network/,
    );
  });
});

describe('data', () => {
  const size = { width: 40, height: 30 };
  const source = {
    id: 'x',
    ...size,
    pixels: new Uint8Array(40 * 30 * 3).fill(124),
    labels: new Uint8Array(40 * 30).fill(4),
    revisions: '',
  };

  test('beyond the image a crop is void and the mean colour, never class 0', () => {
    const image = new Float32Array(24 * 24 * 3).fill(9);
    const labels = new Uint8Array(24 * 24);
    samplePair(source, { ...wholeImage(source), left: -20, top: -20, width: 40, height: 40, labelOffset: 0.5 }, [24, 24], image, labels);
    expect(labels[0]).toBe(255);
    expect(image[0]).toBe(0);
    expect(labels.at(-1)).toBe(4);
    expect(new Set(labels)).toEqual(new Set([255, 4]));
  });

  test('augmentation lies within its bounds and repeats by seed', () => {
    const data = { ...config.data, size: [12, 16] as [number, number], randomScale: [0.5, 1] as [number, number], brightness: 0.3 };
    for (let i = 0; i < 200; i++) {
      const geometry = drawGeometry(data, source, Random.named('a', i));
      expect(geometry).toEqual(drawGeometry(data, source, Random.named('a', i)));
      expect(geometry.left).toBeGreaterThanOrEqual(0);
      expect(geometry.left + geometry.width).toBeLessThanOrEqual(40 + 1e-9);
      expect(Math.abs(geometry.brightness - 1)).toBeLessThanOrEqual(0.3);
    }
  });

  test("an epoch's order is a permutation, differs by epoch and repeats by seed", () => {
    const set = { samples: Array.from({ length: 30 }, (_, i) => ({ id: String(i), imageFile: '', maskFile: null })), holders: [] };
    expect(epochOrder(set, 1, 0)).toEqual(epochOrder(set, 1, 0));
    expect(epochOrder(set, 1, 0)).not.toEqual(epochOrder(set, 1, 1));
    expect(new Set(epochOrder(set, 1, 2)).size).toBe(30);
  });

  test('mirroring twice is nothing', () => {
    const labels = Uint8Array.from({ length: 12 }, (_, i) => i);
    const both = { horizontal: true, vertical: true };
    expect(mirror(mirror(labels, 4, both), 4, both)).toEqual(labels);
    expect([...mirror(labels, 4, { horizontal: true, vertical: false }).subarray(0, 4)]).toEqual([3, 2, 1, 0]);
  });
});

test('class weights follow their formulas; absent classes weigh 1', () => {
  expect(classWeights('none', [1, 2], [1, 2])).toBeNull();
  const [a, b, c] = classWeights('inverse-log', [90, 10, 0], [100, 100, 0])!;
  expect([a, b, c]).toEqual([1 / Math.log(2), 1 / Math.log(1.2), 1].map((value) => expect.closeTo(value, 9) as number));
  expect(classWeights('median-frequency', [90, 10, 0], [100, 50, 0])).toEqual(
    [1, 0.9 / 0.2, 1].map((value) => expect.closeTo(value, 9) as number),
  );
});

test('what class weights add to the likelihood of a class is taken back by its share', () => {
  const weights = classWeights('inverse-log-steep', [98, 2], [100, 100])!;
  expect(weights[1]).toBeCloseTo(1 / Math.log(1.04), 9);
  expect(priorShifts(weights, 0)).toBeNull();
  expect(priorShifts(null, 1)).toBeNull();
  expect(priorShifts(weights, 0.5)).toEqual(weights.map((weight) => expect.closeTo(0.5 * Math.log(weight), 9) as number));
  // Of pixels that look alike, a tenth are of the second class: the logits with the least loss, found by descent, tell the tenth again.
  const labels = Uint8Array.from({ length: 10 }, (_, pixel) => Number(pixel === 9));
  const learnt = (share: number) => {
    let apart = 0;
    for (let step = 0; step < 400; step++) {
      const logits = tf.tidy(() => tf.tile(tf.tensor([0, apart], [1, 1, 1, 2]), [1, 1, 10, 1]));
      const { gradient } = crossEntropy(logits, labels, 255, { classWeights: [1, 6], shifts: priorShifts([1, 6], share) });
      const slope = gradient.dataSync<'float32'>().reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0);
      apart -= 4 * slope;
      for (const tensor of [logits, gradient]) tensor.dispose();
    }
    return 1 / (1 + Math.exp(-apart));
  };
  expect(learnt(1)).toBeCloseTo(0.1, 3);
  expect(learnt(0)).toBeCloseTo(6 / 15, 3);
});

test('gradients are clipped by their norm together, and small ones are left alone', () => {
  const step = (clipNorm: number) => {
    const parameters = new Parameters(new Random(0));
    const [a, b] = ['backbone.a', 'backbone.b'].map((name) => parameters.create(name, 'linear.weight', [1, 2]));
    const optimizer = new Optimizer({ ...findPreset('reference').config.optimizer, learningRate: 1, clipNorm });
    const before = [a, b].map(({ value }) => value.dataSync().slice());
    const handles = liveHandles().tensors;
    optimizer.step(
      new Map([
        [a, tf.tensor([3, 0], [1, 2])],
        [b, tf.tensor([0, 4], [1, 2])],
      ]),
      1,
    );
    expect(liveHandles().tensors).toBe(handles);
    return [a, b].flatMap(({ value }, index) => [...value.dataSync()].map((after, i) => before[index][i] - after));
  };
  const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4) as number);
  expect(step(0)).toEqual(close([3, 0, 0, 4]));
  expect(step(10)).toEqual(close([3, 0, 0, 4]));
  expect(step(1)).toEqual(close([0.6, 0, 0, 0.8]));
});

test('warm-up rises in a straight line and then leaves the schedule alone', () => {
  const at = (step: number) => learningRateFactor({ kind: 'constant' }, 2, { step, stepsPerEpoch: 2, totalSteps: 20 });
  expect([0, 1, 2, 3, 4, 19].map(at)).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1].map((value) => expect.closeTo(value, 9) as number));
});

test('one-cycle rises to 1 and falls towards its end', () => {
  const schedule = { kind: 'one-cycle', cycles: 1, warmUp: 0.25, startDivisor: 10, endDivisor: 100 } as const;
  const at = (step: number) => scheduleFactor(schedule, { step, stepsPerEpoch: 10, totalSteps: 100 });
  expect([at(0), at(25), at(100)]).toEqual([0.1, 1, 0.001].map((value) => expect.closeTo(value, 9) as number));
  expect(at(60)).toBeLessThan(at(40));
});

test('two cycles are one of half the length, and one more that rises sooner and to 0.8', () => {
  const schedule = { kind: 'one-cycle', cycles: 2, warmUp: 0.2, startDivisor: 10, endDivisor: 100 } as const;
  const at = (step: number, changes: Partial<typeof schedule> | { cycles: number } = {}, totalSteps = 200) =>
    scheduleFactor({ ...schedule, ...changes }, { step, stepsPerEpoch: 10, totalSteps });
  for (let step = 0; step < 100; step++) expect(at(step)).toBeCloseTo(at(step, { cycles: 1 }, 100), 12);
  expect([at(100), at(105), at(200)]).toEqual([0.08, 0.8, 0.0008].map((value) => expect.closeTo(value, 9) as number));
  for (let step = 100; step < 200; step++)
    expect(at(step)).toBeCloseTo(
      0.8 * scheduleFactor({ ...schedule, cycles: 1, warmUp: 0.05 }, { step: step - 100, stepsPerEpoch: 10, totalSteps: 100 }),
      12,
    );
});
