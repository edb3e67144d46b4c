// Going on from loaded weights: what is kept as loaded, by which statistics batch norm reckons, and what a recipe would forget.
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCheckpoint } from '#ml/weights/checkpoint';
import { fineTuned, forgetting, fullRateOf, frozenPrefixes } from '#shared/training/fine-tune';
import { findPreset, presets } from '#shared/training/presets';
import { runConfigSchema, type FineTuneConfig } from '#shared/training/run-config';
import type { TrainJob } from '#shared/training/messages';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { ofType, runFit, smallConfig } from '../helpers/training.ts';

const modelOf = ({ outDir }: TrainJob) => readCheckpoint(path.join(outDir, 'last.ckpt')).model;
const isStatistic = (name: string): boolean => /running_(mean|var)$/.test(name);

/** Trains on from a run of one epoch. @returns the names of tensors that stayed to the last bit, and of those that did not */
async function trainedOn(fineTune: FineTuneConfig, emaDecay = 0): Promise<{ same: string[]; other: string[]; job: TrainJob }> {
  const first: TrainJob = {
    kind: 'train',
    config: smallConfig({ epochs: 1 }),
    ...jobData(await makeDataset({ train: 4, val: 1 })),
    outDir: temporaryFolder(),
    resumeFrom: null,
    initialWeights: null,
  };
  await runFit(first);
  const job = {
    ...first,
    config: { ...first.config, fineTune, emaDecay },
    outDir: temporaryFolder(),
    initialWeights: path.join(first.outDir, 'last.ckpt'),
  };
  await runFit(job);
  const [before, after] = [modelOf(first), modelOf(job)];
  const isSame = (name: string) => Buffer.from(before.get(name)!.data.buffer).equals(Buffer.from(after.get(name)!.data.buffer));
  const names = [...before.keys()];
  return { same: names.filter(isSame), other: names.filter((name) => !isSame(name)), job };
}

test.each(['stem', 'stage2', 'backbone'] as const)(
  'what is kept as loaded up to %s stays to the last bit, its batch norm too',
  async (freeze) => {
    const fineTune = { freeze, batchNorm: 'batch' } as const;
    const { same, other } = await trainedOn(fineTune, 0.9);
    const isFrozen = (name: string) => frozenPrefixes(fineTune).some((prefix) => name.startsWith(prefix));
    expect(same.filter((name) => !isFrozen(name))).toEqual([]);
    expect(other.filter(isFrozen)).toEqual([]);
    expect(same.length).toBeGreaterThan(freeze === 'stem' ? 4 : 20);
    expect(other.length).toBeGreaterThan(10);
  },
);

test('with batch norm as loaded its statistics stay and everything else learns, also after a resume', async () => {
  const { same, other, job } = await trainedOn({ freeze: 'none', batchNorm: 'running' });
  expect(same.every(isStatistic)).toBe(true);
  expect(other.some(isStatistic)).toBe(false);
  const last = path.join(job.outDir, 'last.ckpt');
  // Neither is a setting that a resume may change.
  await expect(
    runFit({ ...job, config: { ...job.config, fineTune: { freeze: 'stem', batchNorm: 'batch' } }, resumeFrom: last, initialWeights: null }),
  ).rejects.toThrow(/fineTune\.freeze "stem", was "none"; fineTune\.batchNorm "batch", was "running"/);
});

test('a run that reckons with loaded statistics is stopped and resumed to the last bit', async () => {
  const base: TrainJob = {
    kind: 'train',
    config: smallConfig({ epochs: 2, fineTune: { freeze: 'stem', batchNorm: 'running' } }),
    ...jobData(await makeDataset({ train: 4, val: 1 })),
    outDir: temporaryFolder(),
    resumeFrom: null,
    initialWeights: null,
  };
  // Random weights are nothing to be kept as loaded.
  await expect(runFit(base)).rejects.toThrow('fineTune.freeze "stem" keeps what was loaded, and this run starts from random weights');
  const plain = { ...base, config: smallConfig({ epochs: 1 }), outDir: temporaryFolder() };
  await runFit(plain);
  base.initialWeights = path.join(plain.outDir, 'last.ckpt');
  await runFit(base);
  const stopped = { ...base, outDir: temporaryFolder() };
  await runFit(stopped, (event, control) => event.type === 'step' && event.metrics.globalStep === 3 && control.stop());
  const events = await runFit({ ...stopped, resumeFrom: path.join(stopped.outDir, 'last.ckpt'), initialWeights: null });
  expect(ofType(events, 'epoch')).toHaveLength(1);
  expect(modelOf(stopped)).toEqual(modelOf(base));
});

test('a fine-tuning recipe has a tenth of the rate, once, and a schedule of its own; one with the full rate is warned of', () => {
  for (const { config } of presets) {
    const tuned = fineTuned(config);
    expect(runConfigSchema.parse(tuned)).toEqual(tuned);
    expect(tuned.optimizer.learningRate).toBeCloseTo(0.1 * config.optimizer.learningRate, 9);
    expect(fineTuned(tuned)).toEqual(tuned);
    expect([tuned.warmUpEpochs, tuned.schedule.kind, tuned.epochs, tuned.model]).toEqual([1, 'cosine', config.epochs, config.model]);
    expect(forgetting(config, config.optimizer.learningRate)).toContain('would be lost');
    expect(forgetting(tuned, config.optimizer.learningRate)).toBeNull();
    // Frozen statistics alone make no rate a tenth.
    const frozen = { ...config, fineTune: { ...config.fineTune, batchNorm: 'running' as const } };
    expect([config, tuned, frozen].map(fullRateOf)).toEqual(Array(3).fill(config.optimizer.learningRate));
  }
  const { config } = findPreset('light');
  expect(forgetting(config, config.optimizer.learningRate)).toContain('A rate of 0.0015 is that of a start from nothing');
  expect(forgetting(config, config.optimizer.learningRate)).toContain('about 0.00015');
});
