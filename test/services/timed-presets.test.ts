// What is told of an epoch's time follows from runs that did the same work, whatever they were called and however many images they had.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { estimateOn, timedPresets, type Load } from '#services/training/estimate';
import { bfloat16Share, bfloat16ShareWithout } from '#shared/training/estimate';
import type { Precision } from '#shared/training/precision';
import { findPreset, withSettings, type Preset } from '#shared/training/presets';
import { epochMetrics, newStore } from '../helpers/run-store.ts';

const light = findPreset('light');
/** CamVid: 91 steps of four. */
const camvid: Load = { images: { train: 367, validation: 0 }, size: [360, 480], largest: [360, 480], classes: 11 };
/** Offsets are fitted on 64 images after each epoch, which takes this much of its training. */
const fit = 1.083;

let history: ReturnType<typeof newStore>;
let second: number;
beforeEach(() => {
  history = newStore();
  second = 0;
});
afterEach(() => {
  history.db.close();
});

function run(
  id: string,
  settings: Record<string, unknown>,
  epochSeconds: number,
  steps: number | null = null,
  {
    preset = light,
    precision = settings.precision === 'bfloat16' ? 'bfloat16' : 'float32',
  }: { preset?: Preset; precision?: Precision } = {},
): void {
  const { store, db } = history;
  const config = withSettings(preset.config, settings);
  store.create({ id, name: id, config, classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] });
  store.setDevice(id, 'this');
  store.setPrecision(id, precision);
  store.metrics.addEpoch(id, { ...epochMetrics(1, 0.5), epochSeconds }, []);
  const point = { loss: 1, accuracy: 0.5, crossEntropy: 1, sceneLoss: 0, auxiliaryLoss: 0, gradientNorm: 1, imagesPerSecond: 1 };
  for (let step = 1; step <= (steps ?? 0); step++)
    store.metrics.addStep(id, { ...point, globalStep: step, epoch: step / steps!, learningRate: 0.1 });
  db.prepare('UPDATE run SET created_at = ? WHERE id = ?').run(new Date(++second * 1000).toISOString(), id);
}
const told = (load: Load = camvid) =>
  timedPresets(load, history.store, [light, findPreset('tiny')]).map(({ measuredEpochSeconds }) => measuredEpochSeconds);

test("a preset's time is that of its newest run that did the same work: not of an older network, nor of one that was changed", () => {
  expect(told()).toEqual([null, null]);
  run('before', { 'model.width': 48, 'model.headChannels': 128 }, 300);
  expect(told()).toEqual([null, null]);
  run('now', {}, 60);
  expect(told()).toEqual([expect.closeTo(60 * fit, 0), null]);
  run('half', { 'data.size': [136, 176] }, 20);
  run('looked at twice', { 'evaluation.flip': true }, 90);
  run('others', { seed: 3, epochs: 5, 'optimizer.learningRate': 0.001 }, 50);
  expect(told()).toEqual([expect.closeTo(50 * fit, 0), null]);
});

test('a run of a few images tells what an epoch of many takes, and the other way round', () => {
  // Ten steps of four images in ten seconds.
  run('few', {}, 10, 10);
  expect(told()[0]).toBeCloseTo(91 * fit, 0);
  expect(estimateOn(camvid, history.store, light.config).epochSeconds).toBeCloseTo(told()[0]!, 6);
  const few = { ...camvid, images: { train: 40, validation: 0 } };
  expect(told(few)[0]).toBeGreaterThan(10);
  expect(told(few)[0]).toBeLessThan(25);
  expect(told({ ...camvid, images: { train: 0, validation: 0 } })).toEqual([null, null]);
});

test('what validation looks at is part of an epoch', () => {
  run('now', {}, 60, 91);
  const [without, withAll] = [told()[0]!, told({ ...camvid, images: { train: 367, validation: 1010 } })[0]!];
  // Each is looked at forwards only, at 1.4 times the area of a crop.
  expect((withAll - without) / 60).toBeCloseTo((1010 * 312 * 416) / (360 * 3 * 264 * 352), 1);
});

test('bfloat16 by name is longer where it was tried and found to be the slower', () => {
  const seconds = (precision: string) => estimateOn(camvid, history.store, withSettings(light.config, { precision })).epochSeconds;
  run('by name', { precision: 'float32' }, 60, 91);
  expect(seconds('bfloat16') / seconds('float32')).toBeCloseTo(bfloat16Share, 6);
  run('tried', { precision: 'auto' }, 60, 91);
  expect(seconds('bfloat16') / seconds('float32')).toBeCloseTo(bfloat16ShareWithout, 6);
  expect(seconds('auto')).toBe(seconds('float32'));
});

test('what a run that tried both was reckoned in, and how fast, is known however many other runs came after it', () => {
  run('tried', { precision: 'auto' }, 30, 91, { precision: 'bfloat16' });
  const before = [told(), estimateOn(camvid, history.store, light.config)];
  expect(told()[0]).toBeCloseTo(30 * fit, 0);
  for (let n = 0; n < 12; n++) run(`tiny ${n}`, { precision: 'float32' }, 2, 91, { preset: findPreset('tiny') });
  expect([told()[0], estimateOn(camvid, history.store, light.config)]).toEqual([(before[0] as (number | null)[])[0], before[1]]);
  // A damaged row tells nothing, and hides nothing.
  run('damaged', { precision: 'auto' }, 30, 91);
  history.db.prepare("UPDATE run SET config = '{', precision = 'float32' WHERE id = 'damaged'").run();
  expect(estimateOn(camvid, history.store, light.config)).toEqual(before[1]);
});
