import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '#shared/errors';
import type { ImageEntry } from '#shared/contract/datasets';
import { foldText, heldOut } from '#shared/data/folds';
import { leftOutText } from '#shared/data/problem-groups';
import { applyPatch, forEachChanged, forEachRun } from '#shared/mask/patch';
import { Confusion } from '#shared/metrics/confusion';
import { Random } from '#shared/random';
import { fromWireError, toWireError } from '#shared/rpc/wire-errors';
import { checkConfig, findPreset, presets, withSetting } from '#shared/training/presets';
import { diffPatch } from '../helpers/diff-patch.ts';

describe('patches', () => {
  const mask = fc
    .integer({ min: 1, max: 12 })
    .chain((width) =>
      fc
        .integer({ min: 1, max: 12 })
        .chain((height) =>
          fc.tuple(
            fc.constant({ width, height }),
            fc.uint8Array({ minLength: width * height, maxLength: width * height }),
            fc.uint8Array({ minLength: width * height, maxLength: width * height }),
          ),
        ),
    );

  test('lead from one state to the other and back, and hold only what changed', () => {
    fc.assert(
      fc.property(mask, ([size, before, after]) => {
        const whole = { left: 0, top: 0, ...size };
        const patch = diffPatch(before, after, size, whole);
        const changed = before.filter((id, index) => id !== after[index]).length;
        if (!patch) return void expect(changed).toBe(0);
        expect(patch.values).toHaveLength(changed);
        const work = before.slice();
        applyPatch(work, size, patch);
        expect(work).toEqual(after);
        applyPatch(work, size, diffPatch(after, before, size, whole)!);
        expect(work).toEqual(before);
      }),
      { examples: [[[{ width: 1, height: 1 }, Uint8Array.of(249), Uint8Array.of(249)]]] },
    );
  });

  test('are visited pixel by pixel and run by run alike, in the order of their values', () => {
    fc.assert(
      fc.property(mask, ([size, before, after]) => {
        const patch = diffPatch(before, after, size, { left: 0, top: 0, ...size });
        if (!patch) return;
        const [pixels, runs] = [[] as number[][], [] as number[][]];
        forEachChanged(patch, size.width, (index, position) => pixels.push([index, position]));
        forEachRun(patch, size.width, (index, position, count) => {
          expect(Math.floor(index / size.width)).toBe(Math.floor((index + count - 1) / size.width));
          for (let i = 0; i < count; i++) runs.push([index + i, position + i]);
        });
        const changed = [...before.keys()].filter((index) => before[index] !== after[index]);
        expect(pixels).toEqual(changed.map((index, position) => [index, position]));
        expect(runs).toEqual(pixels);
      }),
    );
  });

  test('that reach beyond the mask are refused with size and place', () => {
    const patch = { left: 3, top: 0, width: 2, height: 1, changed: Uint8Array.of(3), values: Uint8Array.of(1, 1) };
    expect(() => applyPatch(new Uint8Array(16), { width: 4, height: 4 }, patch)).toThrow(
      'patch must lie in the mask of 4 x 4, received 2 x 1 at 3, 0',
    );
  });
});

describe('confusion', () => {
  const pixels = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3, 255), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 200 });

  test('of parts merged is that of the whole', () => {
    fc.assert(
      fc.property(pixels, pixels, (a, b) => {
        const of = (rows: [number, number][]) => {
          const confusion = new Confusion(4);
          confusion.add(
            rows.map(([label]) => label),
            rows.map(([, prediction]) => prediction),
          );
          return confusion;
        };
        const merged = of(a);
        merged.merge(of(b));
        expect([...merged.counts]).toEqual([...of([...a, ...b]).counts]);
      }),
    );
  });

  test('of a perfect prediction has IoU 1 in every class that is there, and void never counts', () => {
    const confusion = new Confusion(3);
    confusion.add([0, 0, 2, 255, 255], [0, 0, 2, 1, 0]);
    expect(confusion.iou()).toEqual([1, null, 1]);
    expect(confusion.meanIou()).toBe(1);
    expect(confusion.pixels).toBe(3);
  });

  test('of nothing has no numbers, and lengths must agree', () => {
    expect(new Confusion(2).meanIou()).toBeNull();
    expect(new Confusion(2).pixelAccuracy()).toBeNull();
    expect(() => new Confusion(2).add([0], [0, 1])).toThrow('must have one length, received 1 and 2');
  });
});

describe('random', () => {
  test('streams are reproducible, and shuffles are permutations', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.array(fc.nat()), (name, seed, items) => {
        expect(Random.named(name, seed).shuffled(items)).toEqual(Random.named(name, seed).shuffled(items));
        expect(
          Random.named(name, seed)
            .shuffled(items)
            .sort((a, b) => a - b),
        ).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });
});

describe('settings', () => {
  test('every preset keeps its own rules', () => {
    for (const { config } of presets) expect(checkConfig(structuredClone(config))).toEqual(config);
  });

  test("the reference preset has the reference's facts", () => {
    const { config } = findPreset('reference');
    expect(config).toMatchObject({
      epochs: 50,
      batchSize: 8,
      seed: 17,
      model: { backbone: 'resnet50', stageStrides: [1, 1, 2, 1], numCodes: 32, headChannels: 512, addLateral: false },
      optimizer: { kind: 'sgd', learningRate: 0.1, momentum: 0 },
      schedule: { kind: 'step', stepEpochs: 50, gamma: 0.1 },
      loss: { seForm: 'mse', seWeight: 0.2, classWeights: 'none' },
      data: { size: [224, 224], flipHorizontal: true, flipVertical: true },
      checkpointEvery: 5,
    });
  });

  test('are set by path; a wrong path or value is named', () => {
    expect(withSetting(findPreset('tiny').config, 'optimizer.momentum', 0.5).optimizer.momentum).toBe(0.5);
    expect(() => withSetting(findPreset('tiny').config, 'optimizer.nonsense', 1)).toThrow('There is no setting "optimizer.nonsense"');
    expect(() => withSetting(findPreset('tiny').config, 'epochs', -3)).toThrow(/Setting epochs must be at least 1/);
    expect(() => withSetting(findPreset('reference').config, 'evaluation.flip', true)).toThrow(
      'Setting data.flipValidation: validation images can be flipped only where each is looked at once',
    );
    expect(() => findPreset('huge')).toThrow('There is no preset "huge"; there are light, light-64, reference, paper, tiny');
  });
});

test('errors cross the wire with code and details; anything else says nothing of its inner workings', () => {
  const error = fromWireError(toWireError(new AppError('conflict', 'why', { file: 'a' })));
  expect(error).toMatchObject({ code: 'conflict', message: 'why', details: { file: 'a' } });
  expect(toWireError(new TypeError('secret path')).message).not.toContain('secret');
  expect(fromWireError({ code: 'made-up', message: 'm', details: {} }).code).toBe('internal');
});

describe('what training leaves out', () => {
  const entry = (id: string, ...problems: ImageEntry['problems']) => ({ id, hasMask: true, problems });

  test('is told with its reasons, each with how many images', () => {
    const foreign = { kind: 'foreign' as const, text: 'a', foreign: 'value 255' };
    const entries = [entry('a', foreign), entry('b', foreign), entry('c', { kind: 'size', text: 'b' }), entry('d')];
    expect(leftOutText(entries)).toBe('3 of 4 labelled images are left out: 1 whose mask has another size, 2 with value 255.');
    expect(leftOutText([entry('d')])).toBeNull();
    const many = Array.from({ length: 9 }, (_, n) => ({ ...foreign, foreign: `value ${n + 50}` }));
    expect(leftOutText([entry('a', ...many)])).toMatch(/^1 of 1 labelled images is left out: .*, 5 other problems\.$/);
  });
});

test('folds are blocks of neighbours by name, each sample is held out once, and no order of theirs matters', () => {
  const samples = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(samples, fc.integer({ min: 2, max: 8 }), (numbers, count) => {
      const all = numbers.map((n) => ({ id: `${n % 3 === 0 ? 'val' : 'train'}/frame-${n}` }));
      const folds = Array.from({ length: count }, (_, index) => heldOut(all, { count, index }));
      const held = folds.flatMap(({ validation }) => validation.map(({ id }) => Number(id.split('-')[1])));
      // One after the other they are all samples in the order of their numbers.
      expect(held).toEqual(numbers.toSorted((a, b) => a - b));
      for (const { train, validation } of folds) expect(train.length + validation.length).toBe(all.length);
      expect(heldOut(all.toReversed(), { count, index: 0 })).toEqual(folds[0]);
    }),
  );
  expect(foldText({ count: 5, index: 0 })).toBe('fold 1 of 5');
  expect(withSetting(findPreset('tiny').config, 'fold.index', 3).fold).toEqual({ count: 5, index: 3 });
  expect(() => withSetting(findPreset('tiny').config, 'fold.index', 5)).toThrow('must be one of the folds');
});
