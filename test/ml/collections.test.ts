// What a step leaves of images and labels is not to have the heap of JavaScript gone through: that is done by the cores that train.
import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { Optimizer } from '#ml/optim/optimizer';
import { trainStep } from '#ml/train/train-step';
import { findPreset } from '#shared/training/presets';
import { collectGarbage } from '../helpers/collect-garbage.ts';

let collections = 0;
const observer = new PerformanceObserver((list) => {
  const kinds = list.getEntries().map((entry) => (entry as PerformanceEntry & { detail: { kind: number } }).detail.kind);
  collections += kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
});
afterEach(() => observer.disconnect());

test('twelve steps of light leave too little for a collection of the whole heap', async () => {
  const { model, optimizer: settings, loss, data } = findPreset('light').config;
  const net = new EncNet(model, 11, 7, 'float32');
  const optimizer = new Optimizer(settings);
  // V8 has a limit of its own making from its first collections on, as in a run.
  for (let time = 0; time < 3; time++) collectGarbage();
  observer.observe({ entryTypes: ['gc'] });
  const pixels = 4 * data.size[0] * data.size[1];
  for (let step = 0; step < 12; step++) {
    const batch = { ids: [], count: 4, size: data.size, images: new Float32Array(3 * pixels), labels: new Uint8Array(pixels) };
    trainStep(net, optimizer, [batch], { loss, classWeights: null, learningRate: 1e-3, dropoutSeed: step });
    // Messages are let in between steps, and V8's own tasks.
    await wait(1);
  }
  await wait(50);
  expect(collections).toBeLessThanOrEqual(1);
  optimizer.dispose();
  net.dispose();
});
