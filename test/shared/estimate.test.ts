// What a run is reckoned to take: it follows its settings in the direction in which the network does.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryAdvice } from '#shared/training/memory-advice';
import { expandSweep, type Sweep } from '#shared/training/sweep';
import { protocolOf } from '#services/review/protocol';
import { estimateRun, looksOf, type Estimate } from '#shared/training/estimate';
import { inputSizeOf } from '#shared/training/input-size';
import { windowsOf } from '#shared/training/windows';
import { EncNet } from '#ml/models/encnet';
import { findPreset, presets, withSetting, withSettings } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';

const images = { train: 367, validation: 101 };
const camvid: [number, number] = [360, 480];
const of = (config: RunConfig, changes: Partial<typeof images> = {}) => estimateRun(config, 11, { ...images, ...changes }, camvid);
const preset = fc.constantFrom(...presets.map(({ config }) => config));
const numbers = (estimate: Estimate): number[] => Object.values<number>({ ...estimate });

describe('an estimate', () => {
  test('has as many parameters as the network, whatever of it is made large', () => {
    const light = findPreset('light').config;
    for (const [config, classes] of [
      ...presets.filter(({ name }) => name !== 'paper').map(({ config }) => [config, 11] as const),
      [withSettings(light, { 'model.width': 8, 'model.headChannels': 1024, 'model.numCodes': 256, 'model.detailChannels': 0 }), 11],
      [withSettings(light, { 'model.width': 8, 'model.headChannels': 32, 'model.auxHead': true, 'model.seAtStage3': true }), 254],
    ] as const) {
      const net = new EncNet(config.model, classes, 1);
      const count = net.parameters.count();
      net.dispose();
      expect(estimateRun(config, classes, images, camvid).parameters / count).toBeCloseTo(1, 1.7);
    }
  });

  test('is of finite numbers above 0 for every preset and every data set', () => {
    fc.assert(
      fc.property(
        preset,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(20_000),
        fc.nat(5000),
        fc.integer({ min: 32, max: 4096 }),
        (config, classes, train, validation, side) => {
          const estimate = estimateRun(config, classes, { train, validation }, [side, side]);
          expect(numbers(estimate).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
          expect(estimate.steps).toBeGreaterThanOrEqual(1);
          expect(estimate.parameters).toBeGreaterThan(1000);
          expect(estimate.memoryMb).toBeGreaterThan(700);
        },
      ),
    );
  });

  test('shares a validation between the epochs before it', () => {
    fc.assert(
      fc.property(preset, fc.integer({ min: 1, max: 1000 }), (config, validateEvery) => {
        const plain = { ...config, checkpointEvery: 1000 };
        const [each, some] = [plain, { ...plain, validateEvery }].map((config) => of(config));
        expect(some.validationMacs).toBeCloseTo((each.validationMacs * Math.ceil(config.epochs / validateEvery)) / config.epochs, -3);
        expect({ ...some, validationMacs: 0 }).toEqual({ ...each, validationMacs: 0 });
      }),
    );
  });

  test('counts the offsets that are fitted for epochs that are kept and not scored', () => {
    const light = { ...findPreset('light').config, epochs: 20 };
    const fit = of(light).validationMacs - of({ ...light, decision: 'likeliest' }).validationMacs;
    // 5 and 15 of 5, 10, 15 and 20.
    const kept = { ...light, validateEvery: 10, checkpointEvery: 5 };
    const extra = of(kept).validationMacs - of({ ...kept, checkpointEvery: 1000 }).validationMacs;
    expect(extra).toBeCloseTo((2 * fit) / 20, -3);
    expect(of({ ...kept, decision: 'likeliest' })).toEqual(of({ ...kept, decision: 'likeliest', checkpointEvery: 1000 }));
  });

  test('of logits that the stem refines takes more of everything, also without stage 1 joined in', () => {
    for (const detail of [0, 48]) {
      const [plain, fine] = [0, 32].map((channels) =>
        of(withSetting(withSetting(findPreset('light').config, 'model.detailChannels', detail), 'model.fineChannels', channels)),
      );
      for (const key of ['parameters', 'trainingMacs', 'validationMacs', 'memoryMb'] as const)
        expect(fine[key]).toBeGreaterThan(plain[key]);
    }
  });

  test('of a larger batch takes more memory, and fewer steps', () => {
    fc.assert(
      fc.property(preset, fc.integer({ min: 1, max: 16 }), (config, batchSize) => {
        const [one, two] = [batchSize, 2 * batchSize].map((size) => of(withSetting(config, 'batchSize', size)));
        expect(two.memoryMb).toBeGreaterThanOrEqual(one.memoryMb);
        expect(two.steps).toBeLessThanOrEqual(one.steps);
        expect(two.parameters).toBe(one.parameters);
      }),
    );
  });

  test('in bfloat16 takes less memory, and the same sums', () => {
    fc.assert(
      fc.property(preset, (config) => {
        const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => estimateRun(config, 11, images, camvid, precision));
        expect(narrow.memoryMb).toBeLessThan(wide.memoryMb);
        expect({ ...narrow, memoryMb: 0 }).toEqual({ ...wide, memoryMb: 0 });
      }),
    );
  });

  test('of larger crops takes more memory and time, and the same parameters', () => {
    fc.assert(
      fc.property(preset, fc.integer({ min: 2, max: 20 }), (config, n) => {
        const [small, large] = [16 * n, 32 * n].map((side) => of(withSetting(config, 'data.size', [side, side])));
        expect(large.memoryMb).toBeGreaterThanOrEqual(small.memoryMb);
        expect(large.trainingMacs).toBeGreaterThan(small.trainingMacs);
        expect(large.parameters).toBe(small.parameters);
      }),
    );
  });

  test('of a deeper backbone has more of everything', () => {
    const config = presets.find(({ name }) => name === 'reference')!.config;
    const [fifty, hundred] = (['resnet50', 'resnet101'] as const).map((backbone) => of(withSetting(config, 'model.backbone', backbone)));
    expect(hundred.parameters).toBeGreaterThan(fifty.parameters);
    expect(hundred.trainingMacs).toBeGreaterThan(fifty.trainingMacs);
    expect(hundred.memoryMb).toBeGreaterThan(fifty.memoryMb);
  });

  test('grows with the images of the data set: training with those it trains on, validation with the others', () => {
    for (const preset of presets) {
      // What a decision looks at is of training, and bounded.
      const config = withSetting(preset.config, 'decision', 'likeliest');
      const [half, whole] = [of(config, { train: 184 }), of(config, { train: 368 })];
      expect(whole.trainingMacs / half.trainingMacs).toBeCloseTo(2, 1);
      expect(whole.validationMacs).toBe(half.validationMacs);
      expect(of(config, { validation: 202 }).validationMacs).toBeCloseTo(2 * of(config).validationMacs, -3);
    }
  });

  test('tells how many steps a validation takes: as many sums as those of both, offsets included', () => {
    fc.assert(
      fc.property(preset, fc.integer({ min: 1, max: 40 }), (config, validateEvery) => {
        const { steps, trainingMacs, validationMacs, validationSteps } = of({
          ...config,
          epochs: 40,
          validateEvery,
          checkpointEvery: 1000,
        });
        const validations = Math.ceil(40 / validateEvery);
        expect((validationSteps * trainingMacs) / steps / ((validationMacs * 40) / validations)).toBeCloseTo(1, 9);
      }),
    );
    // A look at an image of 312 x 416 against 4 crops of 264 x 352 forward and back: 101 of val and 64 of train.
    expect(of(findPreset('light').config).validationSteps).toBeCloseTo((165 * 312 * 416) / (4 * 3 * 264 * 352), -1);
  });

  test('of a validation at more scales and mirrored takes as much longer as there are looks', () => {
    const { config } = presets.find(({ name }) => name === 'light')!;
    const plain = withSettings(config, { 'evaluation.scales': [1], 'evaluation.flip': false, decision: 'likeliest' });
    expect(of(withSetting(plain, 'evaluation.flip', true)).validationMacs).toBeCloseTo(2 * of(plain).validationMacs, -3);
    const scaled = of(withSetting(plain, 'evaluation.scales', [0.5, 1, 2])).validationMacs;
    expect(scaled / of(plain).validationMacs).toBeCloseTo(0.25 + 1 + 4, 3);
  });

  test('counts the training images that offsets are fitted on, 64 at the most', () => {
    const { config } = findPreset('light');
    const [few, most, more] = [32, 64, 368].map((train) => of(config, { train }).validationMacs);
    expect(few).toBeLessThan(most);
    expect(more).toBe(most);
    expect(of(withSetting(config, 'decision', 'likeliest')).validationMacs).toBeLessThan(few);
  });

  test('counts what an optimiser and an average keep beside the weights', () => {
    const { config } = presets.find(({ name }) => name === 'reference')!;
    const sgd = withSetting(withSetting(config, 'optimizer.kind', 'sgd'), 'optimizer.momentum', 0.9);
    const adamw = withSetting(config, 'optimizer.kind', 'adamw');
    const parametersMb = (4 * of(config).parameters) / 2 ** 20;
    expect(of(adamw).memoryMb - of(sgd).memoryMb).toBeCloseTo(parametersMb, -1);
    const averaged = withSetting(sgd, 'emaDecay', 0.99);
    const plain = withSetting(sgd, 'emaDecay', 0);
    expect(of(averaged).memoryMb - of(plain).memoryMb).toBeCloseTo(parametersMb, -1);
  });

  test('counts what scoring the largest image takes, where that is more than a step', () => {
    const { config } = findPreset('light');
    const with30 = (largest: [number, number]) => estimateRun(config, 30, images, camvid, 'float32', largest).memoryMb;
    expect(with30([480, 640])).toBe(with30([360, 480]));
    const scoring = (largest: [number, number]) => estimateRun(config, 30, images, camvid, 'float32', largest).scoringMb;
    expect(scoring([480, 640])).toBe(0);
    expect(scoring([3000, 4000])).toBeGreaterThan(2747);
    // Two maps of 30 classes in float32 are 2880 MB.
    expect(with30([3000, 4000])).toBeGreaterThan(2747 + 750);
    const several = estimateRun(withSetting(config, 'evaluation.flip', true), 30, images, camvid, 'float32', [3000, 4000]).memoryMb;
    expect(several).toBeGreaterThan(1.5 * with30([3000, 4000]));
  });

  // What one pass takes and a map of logits more, in a process of its own (2026-12-01, docs/benchmarks.md).
  test.each([
    ['light', [1080, 1920], 'float32', 979],
    ['light', [1080, 1920], 'bfloat16', 772],
    ['light-64', [1080, 1920], 'float32', 1042],
    ['paper', [720, 1280], 'float32', 1118],
    ['reference', [720, 1280], 'float32', 4306],
  ] as const)('of scoring with %s at %j in %s counts the pass itself', (name, size, precision, measured) => {
    const { config } = findPreset(name);
    const small = {
      ...config,
      evaluationSize: null,
      batchSize: 1,
      accumulate: 1,
      data: { ...config.data, size: [64, 64] as [number, number] },
    };
    const { scoringMb } = estimateRun(small, 11, images, camvid, precision, [...size]);
    expect(scoringMb / measured).toBeGreaterThan(0.75);
    expect(scoringMb / measured).toBeLessThan(1.35);
  });

  test('of more images than the cache holds is bounded by the cache', () => {
    const { config } = presets.find(({ name }) => name === 'light')!;
    const cached = (cacheMb: number) => of(withSetting(config, 'data.cacheMb', cacheMb), { train: 100_000 }).memoryMb;
    expect(cached(1000) - cached(500)).toBeCloseTo(500, -1);
  });
});

describe('what to change so that memory suffices', () => {
  test('is the same update in equal parts, of images that can still be mixed; or smaller images', () => {
    const { config } = findPreset('light');
    const advice = (changes: Record<string, unknown>) => memoryAdvice(withSettings(config, changes));
    expect(advice({ batchSize: 8 })).toBe('try a batch of 4 with 2 accumulated batches, or images smaller than 352 x 264');
    expect(advice({ batchSize: 9, accumulate: 2 })).toContain('a batch of 3 with 6 accumulated');
    for (const batchSize of [1, 2, 3, 7]) expect(advice({ batchSize })).toBe('try images smaller than 352 x 264');
    expect(advice({ batchSize: 7, 'data.mix': 'none' })).toContain('a batch of 1 with 7 accumulated');
    expect(advice({ batchSize: 4, accumulate: 64 })).toBe('try images smaller than 352 x 264');
  });
});

describe('settings', () => {
  test('are held against each other together, in whatever order they are named', () => {
    const { config } = findPreset('reference');
    const both = [
      ['evaluation.flip', true],
      ['data.flipValidation', false],
    ] as const;
    for (const order of [both, [...both].reverse()])
      expect(withSettings(config, Object.fromEntries(order))).toMatchObject({
        evaluation: { flip: true },
        data: { flipValidation: false },
      });
    expect(withSettings(config, { 'fold.index': 7, 'fold.count': 10 }).fold).toEqual({ count: 10, index: 7 });
    expect(withSettings(config, { 'schedule.power': 0.5, 'schedule.kind': 'poly' }).schedule).toEqual({ kind: 'poly', power: 0.5 });
    expect(() => withSettings(config, { 'evaluation.flip': true })).toThrow(/flip/);
  });

  test('of a sweep too; one with too many combinations is refused before they are made', () => {
    const { config } = findPreset('reference');
    const grid = (settings: Sweep['settings']) => expandSweep({ name: 's', kind: 'grid', config, settings, runs: 1 });
    const [run] = grid([
      { path: 'evaluation.flip', values: [true] },
      { path: 'data.flipValidation', values: [false] },
    ]);
    expect(run).toMatchObject({ name: 's: flip true, flipValidation false', config: { evaluation: { flip: true } } });
    const values = Array.from({ length: 50 }, (_, n) => n + 1);
    expect(() => grid(['a', 'b', 'c', 'd', 'e', 'f'].map((path) => ({ path, values })))).toThrow(/received 15625000000 combinations/);
  });
});

describe('windows that slide over an image', () => {
  const { config } = findPreset('light');
  const slid = (evaluationSize: [number, number] | null, scales = [1]): RunConfig => ({
    ...config,
    evaluationSize,
    evaluation: { sliding: true, scales, flip: false },
  });

  test.each<[[number, number], number[]]>([
    [[360, 480], [1]],
    [[1024, 2048], [1]],
    [[3000, 4000], [1]],
    [
      [1024, 2048],
      [0.75, 1, 1.25],
    ],
  ])('of %j at scales %j are looked at as often as they are made', (image, scales) => {
    const window: [number, number] = [312, 416];
    const evaluation = slid(window, scales).evaluation;
    const pixels = scales.map((scale) => {
      const boxes = windowsOf(image, [window[0] / scale, window[1] / scale]);
      return boxes.reduce((sum, { height, width }) => sum + height * scale * width * scale, 0);
    });
    const told = looksOf(evaluation, image, window) * window[0] * window[1];
    expect(told).toBeCloseTo(
      pixels.reduce((sum, each) => sum + each, 0),
      0,
    );
  });

  test('are as large as what the network was trained on where no size is told, and their time is reckoned', () => {
    expect(inputSizeOf(slid(null), slid(null).evaluation)).toEqual(config.data.size);
    expect(inputSizeOf({ ...config, evaluationSize: null }, { sliding: false })).toBeNull();
    expect(protocolOf(slid(null), 'val', 11).resolution).toContain('windows of 352 x 264 over the image');
    const of = (image: [number, number]) => estimateRun(slid(null), 11, { train: 100, validation: 50 }, image).validationMacs;
    expect(of([1024, 2048]) / of([264, 352])).toBeGreaterThan(30);
  });
});
