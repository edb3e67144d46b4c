// Parameters that kernels change where they are: nobody else's copy changes with them, and nothing is left behind.
import { afterEach, describe, expect, test } from 'vitest';
import { Parameters, type Parameter } from '#ml/layers/parameters';
import { WeightAverage } from '#ml/optim/ema';
import { gradientNorm, Optimizer } from '#ml/optim/optimizer';
import { changed, releasePlaces } from '#ml/tensor/in-place';
import { liveHandles, tf, type Tensor } from '#ml/tensor/runtime';
import { Random } from '#shared/random';
import { findPreset } from '#shared/training/presets';

const sgd = { ...findPreset('reference').config.optimizer, learningRate: 0.5 };
const adamw = findPreset('light').config.optimizer;
const numbers = (tensor: Tensor): number[] => [...tensor.dataSync<'float32'>()];
afterEach(releasePlaces);

describe('a change in place', () => {
  const descend = (place: Tensor, rate: number, gradient: number[]): Tensor => {
    const rest = [tf.scalar(rate), tf.tensor1d(gradient)];
    const [result] = changed('ResourceApplyGradientDescent', [], [place], rest);
    tf.dispose(rest);
    return result;
  };

  test('is what the kernel makes of it, and takes what it is given', () => {
    const given = tf.tensor1d([1, 2]);
    const result = descend(given, 0.5, [2, -2]);
    expect(given.isDisposed).toBe(true);
    expect(numbers(result)).toEqual([0, 3]);
    result.dispose();
  });

  test('leaves a copy of before as it was, also once more', () => {
    const given = tf.tensor1d([1, 2]);
    const copy = given.clone();
    const once = descend(given, 1, [1, 1]);
    const held = once.clone();
    const twice = descend(once, 1, [1, 1]);
    expect([copy, held, twice].map(numbers)).toEqual([
      [1, 2],
      [0, 1],
      [-1, 0],
    ]);
    tf.dispose([copy, held, twice]);
  });

  test('leaves nothing behind once its places are released', () => {
    descend(tf.tensor1d([1, 2]), 1, [1, 1]).dispose();
    releasePlaces();
    const before = liveHandles();
    for (let i = 0; i < 3; i++) descend(tf.tensor1d([1, 2]), 1, [1, 1]).dispose();
    releasePlaces();
    expect(liveHandles()).toEqual(before);
  });
});

describe.each([
  ['SGD', sgd],
  ['SGD with momentum and decay', { ...sgd, momentum: 0.9, weightDecay: 0.01, nesterov: true }],
  ['AdamW', adamw],
] as const)('%s', (_, config) => {
  const parametersOf = () => {
    const parameters = new Parameters(new Random(2));
    parameters.create('backbone.a.weight', 'linear.weight', [2, 3]);
    parameters.create('b.bias', 'bias', [3], 3);
    for (const [index, name] of ['backbone.n', 'backbone.m', 'k', 'l'].entries()) {
      parameters.create(`${name}.weight`, 'bn.weight', [3 + index]);
      parameters.create(`${name}.bias`, 'bn.bias', [3 + index]);
      parameters.create(`${name}.running_mean`, 'bn.running_mean', [3 + index]);
    }
    return parameters;
  };
  const gradientsOf = (parameters: Parameters) =>
    new Map(parameters.trainable().map((parameter) => [parameter, tf.fill(parameter.value.shape, 0.25) as Tensor]));

  test('moves no average with the weights, and keeps the count of handles over steps', () => {
    const parameters = parametersOf();
    const [optimizer, average] = [new Optimizer(config), new WeightAverage(parameters.all(), 0.5)];
    const start = parameters.all().map(({ value }) => numbers(value));
    optimizer.step(gradientsOf(parameters), 0.1);
    const moved = parameters.all().map(({ value }) => numbers(value));
    expect(moved).not.toEqual(start);
    // Not yet updated, it is where the weights were.
    const { average: kept } = average.states(parameters.toStateDict());
    expect([...kept.values()].map(({ data }) => [...data])).toEqual(start);
    average.update(1000);
    const { average: after } = average.states(parameters.toStateDict());
    [...after.values()].forEach(({ data }, which) =>
      data.forEach((value, i) => expect(value).toBeCloseTo((start[which][i] + moved[which][i]) / 2, 6)),
    );
    const before = liveHandles();
    optimizer.step(gradientsOf(parameters), 0.1);
    average.update(1001);
    expect(liveHandles()).toEqual(before);
    optimizer.dispose();
    average.dispose();
    parameters.dispose();
  });

  test('does to vectors together what it does to each alone, and averages them so', () => {
    const [all, single] = [parametersOf(), parametersOf()];
    const [optimizer, average] = [new Optimizer(config), new WeightAverage(all.all(), 0.5)];
    const alone = single.all().map((parameter) => ({ parameter, own: new Optimizer(config), kept: new WeightAverage([parameter], 0.5) }));
    const gradientOf = ({ name, value }: Parameter, step: number): Tensor =>
      tf.randomNormal(value.shape, 0, 1, 'float32', name.length + step);
    for (let step = 0; step < 3; step++) {
      optimizer.step(new Map(all.trainable().map((each) => [each, gradientOf(each, step)])), 0.1);
      average.update(step);
      for (const { parameter, own, kept } of alone) {
        if (parameter.trainable) own.step(new Map([[parameter, gradientOf(parameter, step)]]), 0.1);
        kept.update(step);
      }
    }
    expect(all.toStateDict()).toEqual(single.toStateDict());
    expect(optimizer.toStateDict().slots).toEqual(new Map(alone.flatMap(({ own }) => [...own.toStateDict().slots])));
    const { average: averages } = average.states(all.toStateDict());
    expect(averages).toEqual(new Map(alone.flatMap(({ kept }) => [...kept.states(new Map()).average])));
    for (const { own, kept } of alone) for (const each of [own, kept]) each.dispose();
    for (const each of [optimizer, average, all, single]) each.dispose();
  });

  test('goes on from its slots to the last bit', () => {
    const [one, other] = [parametersOf(), parametersOf()];
    const [first, second] = [new Optimizer(config), new Optimizer(config)];
    for (let step = 0; step < 3; step++) first.step(gradientsOf(one), 0.1);
    second.load(other.all(), first.toStateDict());
    other.load(one.toStateDict());
    for (let step = 0; step < 2; step++) {
      first.step(gradientsOf(one), 0.1);
      second.step(gradientsOf(other), 0.1);
    }
    expect(other.toStateDict()).toEqual(one.toStateDict());
    expect(second.toStateDict()).toEqual(first.toStateDict());
    for (const each of [first, second, one, other]) each.dispose();
  });
});

test('the first steps of AdamW have the size of the rate, also where float32 is short of digits', () => {
  const parameters = new Parameters(new Random(2));
  const parameter = parameters.create('b.bias', 'bias', [4], 4);
  const before = numbers(parameter.value);
  new Optimizer({ ...adamw, weightDecay: 0, beta2: 0.99999 }).step(new Map([[parameter, tf.tensor1d([1, -1, 1e-3, 50])]]), 0.01);
  numbers(parameter.value).forEach((value, i) => expect(Math.abs(Math.abs(value - before[i]) - 0.01)).toBeLessThan(1e-6));
  parameters.dispose();
});

test('the norm of all gradients is that of their values together', () => {
  const parameters = new Parameters(new Random(2));
  const [a, b] = ['a', 'b'].map((name) => parameters.create(name, 'bias', [2], 2));
  const gradients = new Map<typeof a, Tensor>([
    [a, tf.tensor1d([3, 0])],
    [b, tf.tensor1d([0, 4])],
  ]);
  expect(gradientNorm([...gradients.values()])).toBeCloseTo(5, 6);
  gradients.set(b, tf.tensor1d([NaN, 1]));
  expect(gradientNorm([...gradients.values()])).toBeNaN();
});
