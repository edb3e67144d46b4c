// bfloat16 against float32. Tolerances follow from its 8 bits: each rounding strays by at most 2^-8 of a value.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readHeader } from '#files/safetensors-header';
import type { Batch } from '#ml/data/batch';
import { makeBatch } from '#ml/data/batches';
import { BatchNorm } from '#ml/layers/batch-norm';
import { takeGradients } from '#ml/layers/leaf';
import { Parameters } from '#ml/layers/parameters';
import { EncNet } from '#ml/models/encnet';
import { choosePrecision, probe, quicker } from '#ml/tensor/choose-precision';
import { liveHandles, tf } from '#ml/tensor/runtime';
import { conv2d } from '#ml/tensor/conv-op';
import * as ops from '#ml/tensor/ops';
import { float32Of, Tape, type Node } from '#ml/tensor/tape';
import { BFloat16, cast, copy, inType } from '#ml/tensor/value';
import { argMax, batchGradients } from '#ml/train/train-step';
import { readCheckpoint, readModel, writeCheckpoint } from '#ml/weights/checkpoint';
import { Random } from '#shared/random';
import type { TrainJob } from '#shared/training/messages';
import type { Precision, PrecisionSetting } from '#shared/training/precision';
import type { NetworkFile } from '../golden-runner/network-case.ts';
import { compareLosses, compareOutputs, NetworkCase } from '../golden-runner/network-run.ts';
import { Report } from '../golden-runner/report.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { cases, run, values } from '../helpers/op-cases.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, ofType, runFit, smallConfig } from '../helpers/training.ts';

const unit = 2 ** -8;
const norm = (data: Float32Array) => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
/** How far a tensor strays, over its norm. */
const strayed = (actual: Float32Array, expected: Float32Array) => norm(actual.map((value, i) => value - expected[i])) / norm(expected);
const rounded = (data: Float32Array): Float32Array => {
  const tensor = tf.tensor1d(data);
  const narrow = cast(tensor, 'bfloat16');
  const wide = cast(narrow, 'float32');
  const result = wide.dataSync<'float32'>().slice();
  for (const value of [tensor, narrow, wide]) value.dispose();
  return result;
};

// First of all: what other threads of this process do later would be counted.
test('auto takes bfloat16 where a trial is a quarter faster, and tries once', () => {
  const choice = choosePrecision('auto');
  expect(choosePrecision('auto')).toBe(choice);
  expect(quicker({ float32: 2, bfloat16: 1 })).toBe('bfloat16');
  expect(quicker({ float32: 1.2, bfloat16: 1 })).toBe('float32');
  expect(quicker({ float32: 1, bfloat16: 2 })).toBe('float32');
  const times = probe();
  const gain = times.float32 / times.bfloat16;
  // Near the border either is right.
  if (gain > 1.5) expect(choice.precision).toBe('bfloat16');
  if (gain < 1.1) expect(choice.precision).toBe('float32');
  for (const asked of ['float32', 'bfloat16'] as const) expect(choosePrecision(asked)).toEqual({ precision: asked, reason: null });
});

describe('a bfloat16 value', () => {
  test('is the nearest there is: within 2^-8 of a number, and itself the second time', () => {
    const number = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 50 }), (numbers) => {
        const given = Float32Array.from(numbers, (value) => (Math.abs(value) < 1e-30 ? 0 : value));
        const once = rounded(given);
        once.forEach((value, i) => expect(Math.abs(value - given[i])).toBeLessThanOrEqual(unit * Math.abs(given[i])));
        expect(rounded(once)).toEqual(once);
      }),
    );
  });

  test('is freed with its last copy, and no use of it comes after', () => {
    const before = liveHandles();
    const tensor = tf.tensor1d([1, 2]);
    const narrow = cast(tensor, 'bfloat16');
    tensor.dispose();
    const second = narrow.clone();
    narrow.dispose();
    narrow.dispose();
    expect(() => narrow.id).toThrow('after it was disposed');
    expect(() => narrow.clone()).toThrow('after it was disposed');
    expect(inType(second, 'float32', (of) => [...(of as typeof tensor).dataSync()])).toEqual([1, 2]);
    const third = copy(second);
    expect(third).toBeInstanceOf(BFloat16);
    for (const value of [second, third]) value.dispose();
    expect(liveHandles()).toEqual(before);
  });

  test('is told from a tensor where float32 is needed', () => {
    const narrow = cast(tf.tensor1d([1]), 'bfloat16');
    const node = new Tape({ training: false, recording: false }).constant(narrow);
    expect(() => node.value).toThrow('float32 is needed, and [1] is bfloat16');
    narrow.dispose();
  });
});

/**
 * Roundings between what an op reads and what it gives, forward and backward; its inputs are such as bfloat16 holds. A sum of rounded
 * terms strays by less than each term, so that a tensor's norm strays by at most as many units.
 */
const roundings: Record<string, [forward: number, backward: number]> = {
  convolution: [1, 2],
  'convolution of stride 2': [1, 2],
  '1x1 convolution of stride 2': [1, 2],
  '7x7 convolution of stride 2': [1, 2],
  'convolution of dilation 2': [1, 2],
  'convolution of dilation 4': [1, 2],
  // The maps, each of two matrices, and the products with them.
  'upsampled convolution': [5, 6],
  bias: [1, 1],
  ReLU: [0, 1],
  sum: [1, 1],
  'sum with itself': [1, 2],
  'max pooling': [0, 2],
  'bilinear resizing': [0, 1],
  'bilinear shrinking': [0, 1],
  concatenation: [0, 1],
  // The factor and the product; backward the product with x as well.
  'channel attention': [2, 3],
  dropout: [2, 3],
  // Statistics are float32. Backward the mean is taken away, which a rounded cotangent shifts.
  'batch norm': [1, 3],
};

describe.each(cases.filter(([name]) => Object.hasOwn(roundings, name)))('%s in bfloat16', (name, shapes, apply) => {
  const data = shapes.map((shape, index) => rounded(values(shape, index)));

  test('strays from float32 by its roundings at the most', () => {
    const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => run(apply, shapes, data, true, precision));
    const [forward, backward] = roundings[name];
    expect(strayed(narrow.output, wide.output)).toBeLessThanOrEqual(forward * unit + 1e-6);
    const cotangent = norm(values([wide.output.length], 99));
    wide.gradients.forEach((gradient, index) => {
      const strays = norm(gradient.map((value, i) => value - narrow.gradients[index][i]));
      // A vector's gradient is a sum over pixels whose terms cancel: what they stray goes by the terms.
      const scale = shapes[index].length === 1 ? Math.max(cotangent, norm(gradient)) : norm(gradient);
      expect(strays).toBeLessThanOrEqual((backward * unit + 1e-6) * scale);
    });
  });

  test('leaves nothing behind', () => {
    run(apply, shapes, data, true, 'bfloat16');
    const before = liveHandles();
    run(apply, shapes, data, true, 'bfloat16');
    expect(liveHandles()).toEqual(before);
  });
});

test("batch norm by running statistics has float32's gradients within its roundings", () => {
  const shape = [2, 5, 6, 3];
  const [data, cotangent] = [rounded(values(shape, 1)), rounded(values(shape, 2))];
  const gradientsOf = (precision: Precision) => {
    const parameters = new Parameters(new Random(0));
    const layer = new BatchNorm(parameters, 'n', 3);
    Parameters.assign(layer.runningMean, tf.tensor1d([0.1, -0.2, 0.3]));
    Parameters.assign(layer.runningVar, tf.tensor1d([0.5, 1.5, 2]));
    const tape = new Tape({ training: true, runningNorm: true, recording: true, precision });
    const x = tape.constant(tf.tensor(data, shape), true);
    const output = ops.cast(tape, layer.forward(tape, ops.inPrecision(tape, x)), 'float32');
    tape.backward([[output, tf.tensor(cotangent, shape)]]);
    const all = [float32Of(x.gradient!), ...takeGradients(tape).values()].map((gradient) => gradient.dataSync<'float32'>().slice());
    expect([...layer.runningMean.value.dataSync()]).toEqual([0.1, -0.2, 0.3].map(Math.fround));
    return all;
  };
  const [wide, narrow] = (['float32', 'bfloat16'] as const).map(gradientsOf);
  expect(wide).toHaveLength(3);
  // What the weight and the bias get are sums over 60 pixels whose terms cancel.
  wide.forEach((gradient, index) => {
    const scale = index === 0 ? norm(gradient) : norm(cotangent);
    expect(norm(gradient.map((value, i) => value - narrow[index][i]))).toBeLessThan(2 * unit * scale);
  });
});

test('what a body made that throws is let go of with the tape', () => {
  const before = liveHandles();
  const x = tf.tensor(values([1, 4, 4, 3], 1), [1, 4, 4, 3]);
  const tape = new Tape({ training: true, recording: true, precision: 'bfloat16' });
  const input = tape.constant(x, true);
  expect(() =>
    tape.scope(() => {
      tape.scope(() => {
        ops.relu(tape, ops.inPrecision(tape, input));
        throw new Error('memory is short');
      });
      return input;
    }),
  ).toThrow('memory is short');
  tape.dispose();
  x.dispose();
  expect(liveHandles()).toEqual(before);
});

test('the gradient of a wide filter, tap by tap, is that of float32', () => {
  const shapes = [
    [1, 4, 5, 384],
    [3, 3, 384, 384],
  ];
  const data = shapes.map((shape, index) => rounded(values(shape, index)));
  const conv = (tape: Tape, [x, w]: Node[]) => conv2d(tape, x, w, { stride: [1, 1], padding: [1, 1], dilation: 1 });
  const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => run(conv, shapes, data, true, precision));
  expect(strayed(narrow.gradients[1], wide.gradients[1])).toBeLessThan(2 * unit);
  const before = liveHandles();
  run(conv, shapes, data, true, 'bfloat16');
  expect(liveHandles()).toEqual(before);
});

/**
 * How far a value of a deep network may stray over the tensor's root mean square, after so many roundings: they are independent, each of
 * at most a unit, so that together they are of a unit times their root; four times that is the worst of some hundred values.
 */
const deep = (count: number): number => 4 * unit * Math.sqrt(count);

describe('the reference network in bfloat16, against its golden values', () => {
  const file = new URL('../golden/encnet-r50-seed-64.json', import.meta.url);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as NetworkFile;
  // A convolution rounds its filter and its output, the batch norm its own; a block its sum. Blocks of 3, 4, 6 and 3 times three, and head.
  const block = 3 * 3 + 1;
  const roundingsTo: Record<string, number> = {
    stem_conv: 3,
    stage1: 4 + 3 * block,
    stage2: 4 + 7 * block,
    stage3: 4 + 13 * block,
    stage4: 4 + 16 * block,
  };
  const whole = 4 + 16 * block + 12;

  test.each([false, true])('logits, scene and losses; in training: %s', (training) => {
    const network = new NetworkCase(golden.config, 'bfloat16');
    const result = network.run(training);
    const [report, expected] = [new Report(), training ? golden.train_step : golden.eval_initial];
    // A norm and a mean average the roundings of many values: what is left is below one of them.
    compareLosses(report, 'losses', result.losses, expected, () => unit);
    compareOutputs(report, 'outputs', result, expected, { values: deep(whole), norm: unit, se: deep(whole) });
    for (const [name, count] of Object.entries(training ? roundingsTo : {})) {
      const tolerances = { values: deep(count), norm: unit };
      report.probe(name, result.intermediates.get(name)!, golden.train_step.intermediates![name], tolerances);
    }
    for (const gradient of result.gradients.values()) gradient.dispose();
    network.dispose();
    expect(report.rows.length).toBeGreaterThan(training ? 14 : 4);
    expect(report.failures).toEqual([]);
    // Where a tolerance is so wide that float32 would be told from bfloat16 by nothing, the test would prove nothing.
    expect(report.rows.find(({ quantity }) => quantity === 'outputs logits: values')!.deviation).toBeGreaterThan(1e-3);
  });
});

describe('a trained network', () => {
  const root = fileURLToPath(new URL('../../resources/', import.meta.url));
  const model = readModel(path.join(root, 'models/light-camvid.safetensors'));
  const size = [264, 352] as const;

  async function sampleBatch(): Promise<Batch> {
    const { train, maskFormat } = jobData(path.join(root, 'sample'), { train: 2, val: 0 });
    const pool = createPool(maskFormat);
    try {
      return await makeBatch(pool, train, size, () => ({ kind: 'whole', flipHorizontal: false, flipVertical: false }));
    } finally {
      await pool.close();
    }
  }

  function gradientsOf(batch: Batch, precision: Precision): { loss: number; gradients: Map<string, Float32Array> } {
    const { config } = model;
    const net = new EncNet(config.model, model.classes.length, 7, precision);
    net.parameters.load(model.model);
    const { result, gradients } = batchGradients(net, batch, { loss: config.loss, classWeights: null, learningRate: 0, dropoutSeed: 3 }, 3);
    const byName = new Map([...gradients].map(([{ name }, gradient]) => [name, gradient.dataSync<'float32'>().slice()]));
    for (const gradient of gradients.values()) gradient.dispose();
    net.dispose();
    return { loss: result.loss, gradients: byName };
  }

  /**
   * The least cosine that roundings explain. Before a ReLU that l layers lead to, values of deviation 1 stray by s, a unit times the root
   * of l: a share s / pi change their sign, and the gradient of each such pixel is there in one precision alone; a gradient passes all.
   */
  const leastCosine = (layers: number): number => {
    const energy = Array.from({ length: layers }, (_, l) => (2 * unit * Math.sqrt(l + 1)) / Math.PI).reduce((sum, share) => sum + share, 0);
    return 1 / Math.sqrt(1 + energy);
  };

  test('has the loss and the direction of float32 in every tensor', async () => {
    const batch = await sampleBatch();
    const before = liveHandles();
    const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => gradientsOf(batch, precision));
    expect(liveHandles()).toEqual(before);
    expect(Math.abs(narrow.loss - wide.loss)).toBeLessThan(unit * wide.loss);
    expect(narrow.gradients.size).toBe(wide.gradients.size);
    const cosines = [...wide.gradients].map(([name, gradient]) => {
      const other = narrow.gradients.get(name)!;
      return gradient.reduce((sum, value, i) => sum + value * other[i], 0) / (norm(gradient) * norm(other));
    });
    // Residual blocks of two layers each, the stem, and the head's three on the way to the first filter.
    expect(Math.min(...cosines)).toBeGreaterThan(leastCosine(1 + 8 * 2 + 3));
    expect(cosines.sort((a, b) => a - b)[Math.floor(cosines.length / 2)]).toBeGreaterThan(1 - unit);
  });

  test('predicts nearly every pixel the same, and keeps no bfloat16 behind', async () => {
    const batch = await sampleBatch();
    const images = tf.tensor(batch.images, [batch.count, ...size, 3]);
    const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => {
      const net = new EncNet(model.config.model, model.classes.length, 7, precision);
      net.parameters.load(model.model);
      const once = () => {
        const tape = new Tape({ training: false, recording: false, fold: true, precision });
        const ids = argMax(net.forward(tape, tape.constant(images)).logits.value);
        tape.dispose();
        return ids;
      };
      once();
      const before = liveHandles();
      const ids = once();
      expect(liveHandles()).toEqual(before);
      net.dispose();
      return ids;
    });
    images.dispose();
    const other = wide.reduce((count, id, pixel) => count + Number(id !== narrow[pixel]), 0);
    expect(other / wide.length).toBeLessThan(0.01);
    expect(other).toBeGreaterThan(0);
  });
});

describe('a run in bfloat16', () => {
  const jobIn = async (precision: PrecisionSetting, epochs: number): Promise<TrainJob> => ({
    kind: 'train',
    config: smallConfig({ precision, epochs, emaDecay: 0.9, schedule: { kind: 'constant' } }),
    ...jobData(await makeDataset({ train: 6 })),
    outDir: path.join(temporaryFolder(), 'run'),
    resumeFrom: null,
    initialWeights: null,
  });
  const last = (job: TrainJob) => path.join(job.outDir, 'last.ckpt');
  const tensorsOf = (file: string) => {
    const { model: average, training, optimizer } = readCheckpoint(file);
    return [average, training, optimizer].flatMap((state) => [...state].map(([name, { data }]) => [name, [...data]]));
  };

  test('that is stopped and goes on ends to the last bit as one that was not', async () => {
    const job = await jobIn('bfloat16', 3);
    await runFit(job);
    const cut = { ...job, outDir: path.join(temporaryFolder(), 'cut') };
    await runFit(cut, (event, control) => event.type === 'step' && event.metrics.globalStep === 4 && control.stop());
    await runFit({ ...cut, resumeFrom: last(cut) });
    expect(tensorsOf(last(cut))).toEqual(tensorsOf(last(job)));
    expect(readCheckpoint(last(job)).state.precision).toBe('bfloat16');
  });

  test('learns, and not to the last bit as in float32; its checkpoint is float32', async () => {
    const [narrow, wide] = [await jobIn('bfloat16', 2), await jobIn('float32', 2)];
    await runFit(narrow);
    await runFit({ ...wide, train: narrow.train, validation: narrow.validation });
    const [a, b] = [narrow, wide].map((job) => readCheckpoint(last(job)));
    const [first, second] = a.state.history.map(({ loss }) => loss!);
    const other = b.state.history[1].loss!;
    expect(second).toBeLessThan(first);
    expect(second).not.toBe(other);
    expect(Math.abs(second - other)).toBeLessThan(0.1 * other);
    const { tensors } = readHeader(last(narrow));
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
  });

  test('says what it reckons in, and goes on in what it began with, whatever is faster where it goes on', async () => {
    const job = await jobIn('auto', 2);
    const events = await runFit(job, (event, control) => event.type === 'epoch' && control.stop());
    const [{ precision, reason }] = ofType(events, 'precision');
    expect(reason).toMatch(/tried here: a convolution takes [\d.]+ ms in float32 and [\d.]+ ms in bfloat16|there is no bfloat16 here/);
    const other = precision === 'float32' ? 'bfloat16' : 'float32';
    const checkpoint = readCheckpoint(last(job));
    expect(checkpoint.state.precision).toBe(precision);
    writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, precision: other } });
    const later = await runFit({ ...job, resumeFrom: last(job) });
    expect(ofType(later, 'precision')).toEqual([{ type: 'precision', precision: other, reason: 'as the run began' }]);
    expect(readCheckpoint(last(job)).state.precision).toBe(other);
  });
});
