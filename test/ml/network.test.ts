// Every variant of the network trains, in the shapes and with the tensors it should have.
import { describe, expect, test } from 'vitest';
import type { Batch } from '#ml/data/batch';
import { EncNet } from '#ml/models/encnet';
import { WeightAverage } from '#ml/optim/ema';
import { Optimizer } from '#ml/optim/optimizer';
import { liveHandles, tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import { trainStep } from '#ml/train/train-step';
import { Random } from '#shared/random';
import { backboneNames, referenceModel, type ModelConfig } from '#shared/training/model-config';
import { findPreset } from '#shared/training/presets';

const base: ModelConfig = { ...referenceModel, width: 8, headChannels: 16, numCodes: 4 };
const paper: ModelConfig = { ...base, head: 'paper', dropout: 0.1, auxHead: true };
const { config } = findPreset('light');
const options = { loss: { ...config.loss, region: 'dice' as const }, classWeights: null, learningRate: 1e-3, dropoutSeed: 3 };

function batchOf(seed: number, count = 2, [height, width]: [number, number] = [32, 48]) {
  const random = Random.named('batch', seed);
  return {
    images: Float32Array.from({ length: count * height * width * 3 }, () => random.normal()),
    labels: Uint8Array.from({ length: count * height * width }, () => random.integer(6)).map((id) => (id === 5 ? 255 : id)),
    count,
    size: [height, width] as const,
    ids: Array.from({ length: count }, (_, i) => String(i)),
  };
}

/** Largest difference of a value over the root mean square. */
function deviation(actual: Float32Array, expected: Float32Array): number {
  const rms = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / rms;
}

const variants: [string, ModelConfig][] = [
  ...backboneNames.map((backbone): [string, ModelConfig] => [backbone, { ...base, backbone }]),
  ['deep stem', { ...paper, backbone: 'resnet18', stem: 'deep' }],
  ['v1c stem', { ...paper, backbone: 'resnet18', stem: 'v1c' }],
  ['output stride 8', { ...paper, stageStrides: [1, 2, 1, 1], stageDilations: [1, 1, 2, 4] }],
  [
    'output stride 8, first blocks at full dilation',
    { ...paper, stageStrides: [1, 2, 1, 1], stageDilations: [1, 1, 2, 4], contractDilation: false },
  ],
  ['output stride 16', { ...paper, backbone: 'resnet18', stageStrides: [1, 2, 2, 1], stageDilations: [1, 1, 1, 2] }],
  ['lateral connections, reference head', { ...base, backbone: 'resnet18', addLateral: true }],
  ['lateral connections, paper head', { ...paper, backbone: 'resnet18', addLateral: true }],
  ['SE loss at stage 3 as well', { ...paper, backbone: 'resnet18', seAtStage3: true }],
  ['stage 1 joined in', { ...paper, backbone: 'resnet18', detailChannels: 8 }],
  ['logits refined by the stem', { ...paper, backbone: 'resnet18', detailChannels: 8, fineChannels: 8 }],
  ['logits refined by a deep stem, without stage 1', { ...paper, backbone: 'resnet18', stem: 'deep', fineChannels: 8 }],
  ['context dropout and stochastic depth', { ...paper, backbone: 'resnet18', contextDropout: 0.5, dropPath: 0.2 }],
  ['zero-initialised residuals', { ...paper, backbone: 'resnet18', zeroInitResidual: true }],
];

describe.each(variants)('%s', (_, model) => {
  test('trains every tensor, in flat memory', () => {
    const net = new EncNet(model, 5, 1);
    const optimizer = new Optimizer(config.optimizer);
    const before = new Map(net.parameters.trainable().map(({ name, value }) => [name, value.dataSync<'float32'>().slice()]));
    const step = (seed: number) => trainStep(net, optimizer, [batchOf(seed)], { ...options, learningRate: 0.01, dropoutSeed: seed });
    expect(Number.isFinite(step(1).loss)).toBe(true);
    step(2);
    const handles = liveHandles();
    step(3);
    expect(liveHandles()).toEqual(handles);
    const still = net.parameters
      .trainable()
      .filter(({ name, value }) => value.dataSync<'float32'>().every((each, i) => each === before.get(name)![i]));
    expect(still.map(({ name }) => name)).toEqual([]);
    optimizer.dispose();
    net.dispose();
  });

  test('has logits of the size asked for, and the same with batch norm folded', () => {
    const net = new EncNet(model, 5, 1);
    const optimizer = new Optimizer(config.optimizer);
    // Moved running statistics, or there would be nothing to fold.
    for (const seed of [1, 2, 3]) trainStep(net, optimizer, [batchOf(seed)], options);
    const images = tf.tensor(batchOf(4, 1, [40, 56]).images, [1, 40, 56, 3]);
    const handles = liveHandles().tensors;
    const [plain, folded] = [false, true].map((fold) => {
      const tape = new Tape({ training: false, recording: false, fold });
      const { logits, auxLogits, stage3SeLogits } = net.forward(tape, tape.constant(images), [37, 51]);
      expect([logits.shape, auxLogits, stage3SeLogits]).toEqual([[1, 37, 51, 5], null, null]);
      const values = logits.value.dataSync<'float32'>().slice();
      tape.dispose();
      return values;
    });
    net.parameters.releaseDerived();
    expect(liveHandles().tensors).toBe(handles);
    expect(deviation(folded, plain)).toBeLessThan(1e-3);
    optimizer.dispose();
    net.dispose();
    images.dispose();
  });
});

test('a folded filter follows its weights', () => {
  const net = new EncNet({ ...paper, backbone: 'resnet18' }, 5, 1);
  const optimizer = new Optimizer(config.optimizer);
  const images = tf.tensor(batchOf(4).images, [2, 32, 48, 3]);
  const predict = (fold: boolean) => {
    const tape = new Tape({ training: false, recording: false, fold });
    const values = net.forward(tape, tape.constant(images)).logits.value.dataSync<'float32'>().slice();
    tape.dispose();
    return values;
  };
  predict(true);
  trainStep(net, optimizer, [batchOf(1)], { ...options, learningRate: 0.05 });
  const [after, expected] = [predict(true), predict(false)];
  expect(deviation(after, expected)).toBeLessThan(1e-3);
});

describe('gradient accumulation', () => {
  test('of two batches is one step on their mean gradient, in flat memory', () => {
    const model: ModelConfig = { ...paper, backbone: 'resnet18', dropout: 0 };
    const sgd = { ...findPreset('reference').config.optimizer, learningRate: 1 };
    const moved = (batches: [seed: number, images?: number][]) => {
      const net = new EncNet(model, 5, 1);
      const optimizer = new Optimizer(sgd);
      const weight = net.parameters.get('decoder.conv_seg.weight')!;
      const before = weight.value.dataSync<'float32'>().slice();
      trainStep(
        net,
        optimizer,
        batches.map(([seed, images]) => batchOf(seed, images)),
        { ...options, learningRate: 1 },
      );
      const after = weight.value.dataSync<'float32'>();
      return before.map((value, i) => value - after[i]);
    };
    const [first, second, both] = [moved([[1]]), moved([[2]]), moved([[1], [2]])];
    both.forEach((value, i) => expect(value).toBeCloseTo((first[i] + second[i]) / 2, 5));
    // An image counts as much as each other one, also where batches are not of one size.
    const [four, one, uneven] = [
      moved([[1, 4]]),
      moved([[2, 1]]),
      moved([
        [1, 4],
        [2, 1],
      ]),
    ];
    uneven.forEach((value, i) => expect(value).toBeCloseTo((4 * four[i] + one[i]) / 5, 5));
    const net = new EncNet(model, 5, 1);
    const optimizer = new Optimizer(config.optimizer);
    const step = () => trainStep(net, optimizer, [batchOf(1), batchOf(2), batchOf(3)], options);
    step();
    const handles = liveHandles();
    step();
    expect(liveHandles()).toEqual(handles);
    trainStep(net, optimizer, [batchOf(1, 3), batchOf(2, 1)], options);
    expect(liveHandles()).toEqual(handles);
  });
});

test('of a step of several batches one without a label pulls no loss down', () => {
  const told = (batches: Batch[]) => {
    const net = new EncNet({ ...paper, backbone: 'resnet18', dropout: 0 }, 5, 1);
    return trainStep(net, new Optimizer(config.optimizer), batches, options);
  };
  const blank = { ...batchOf(2), labels: new Uint8Array(batchOf(2).labels.length).fill(255) };
  const [alone, both] = [told([batchOf(1)]), told([batchOf(1), blank])];
  expect(alone.loss).toBeGreaterThan(0);
  for (const name of ['loss', 'crossEntropy', 'sceneLoss'] as const) expect(both[name]).toBeCloseTo(alone[name]!, 6);
  expect(both.labelled).toBe(alone.labelled);
});

describe('the average of weights', () => {
  const make = () => {
    const net = new EncNet({ ...paper, backbone: 'resnet18' }, 5, 1);
    return { net, average: new WeightAverage(net.parameters.all(), 0.9), optimizer: new Optimizer(config.optimizer) };
  };
  const weightOf = (net: EncNet) => net.parameters.get('decoder.conv_seg.weight')!.value.dataSync<'float32'>().slice();

  test("follows its formula, and takes the weights' place only while it is asked to", async () => {
    const { net, average, optimizer } = make();
    let expected = weightOf(net);
    for (let update = 1; update <= 3; update++) {
      trainStep(net, optimizer, [batchOf(update)], options);
      average.update(update);
      const decay = Math.min(0.9, (1 + update) / (10 + update));
      const now = weightOf(net);
      expected = expected.map((value, i) => decay * value + (1 - decay) * now[i]);
    }
    const own = weightOf(net);
    await average.during(async () => {
      weightOf(net).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6));
      return Promise.resolve();
    });
    expect(weightOf(net)).toEqual(own);
    await expect(average.during(() => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    expect(weightOf(net)).toEqual(own);
  });

  test('comes back from its tensors, in flat memory', () => {
    const { net, average, optimizer } = make();
    trainStep(net, optimizer, [batchOf(1)], options);
    average.update(1);
    const other = new WeightAverage(net.parameters.all(), 0.9);
    const live = net.parameters.toStateDict();
    other.load(average.states(live).average);
    expect(other.states(live)).toEqual(average.states(live));
    const handles = liveHandles();
    average.update(2);
    expect(liveHandles().tensors).toBe(handles.tensors);
  });
});

test('the same seed gives the same numbers twice, to the last bit, with every option on', () => {
  const run = () => {
    const net = new EncNet(
      {
        ...paper,
        seAtStage3: true,
        addLateral: true,
        detailChannels: 8,
        fineChannels: 8,
        contextDropout: 0.5,
        dropPath: 0.3,
        stageStrides: [1, 2, 1, 1],
        stageDilations: [1, 1, 2, 4],
      },
      5,
      9,
    );
    const optimizer = new Optimizer({ ...config.optimizer, clipNorm: 1 });
    const losses = [1, 2, 3].map(
      (seed) =>
        trainStep(net, optimizer, [batchOf(seed)], {
          ...options,
          loss: { ...options.loss, region: 'lovasz', hardPixels: 0.5 },
          dropoutSeed: seed,
        }).loss,
    );
    const sum = [...net.parameters.get('backbone.conv1.weight')!.value.dataSync<'float32'>()];
    net.dispose();
    optimizer.dispose();
    return { losses, sum };
  };
  expect(run()).toEqual(run());
});
