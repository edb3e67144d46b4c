// What is told of a preset's epoch follows from runs that did the same work, whatever they were called.
import { expect, test } from 'vitest';
import { timedPresets } from '#services/training/estimate';
import { findPreset, withSettings } from '#shared/training/presets';
import { epochMetrics, newStore } from '../helpers/run-store.ts';

test("a preset's time is that of its newest run that did the same work: not of an older network, nor of one that was changed", () => {
  const { store, db } = newStore();
  const { config } = findPreset('light');
  let second = 0;
  const run = (id: string, settings: Record<string, unknown>, epochSeconds: number) => {
    const given = withSettings(config, settings);
    store.create({ id, name: id, config: given, classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] });
    store.setDevice(id, 'this');
    store.metrics.addEpoch(id, { ...epochMetrics(1, 0.5), epochSeconds }, []);
    db.prepare('UPDATE run SET created_at = ? WHERE id = ?').run(new Date(++second * 1000).toISOString(), id);
  };
  const told = () => timedPresets(store, [findPreset('light'), findPreset('tiny')]).map(({ measuredEpochSeconds }) => measuredEpochSeconds);
  expect(told()).toEqual([null, null]);
  run('before', { 'model.width': 48, 'model.headChannels': 128 }, 300);
  expect(told()).toEqual([null, null]);
  run('now', {}, 60);
  expect(told()).toEqual([60, null]);
  run('half', { 'data.size': [136, 176] }, 20);
  run('looked at twice', { 'evaluation.flip': true }, 90);
  run('others', { seed: 3, epochs: 5, 'optimizer.learningRate': 0.001 }, 50);
  expect(told()).toEqual([50, null]);
  db.close();
});
