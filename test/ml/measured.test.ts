// What a run measures: the terms of its loss, the norm of its gradients, the loss on validation images; and nothing where there is nothing.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { describeImage } from '#ml/assistant/describe-image';
import { crossEntropy, crossEntropySum } from '#ml/losses/cross-entropy';
import { idsOf } from '#ml/losses/label-tensors';
import type { SamplePool } from '#ml/data/sample-pool';
import { EncNet } from '#ml/models/encnet';
import { tf } from '#ml/tensor/runtime';
import { predictSample, scoresOf } from '#ml/train/predict';
import { Control, Stopped } from '#ml/train/control';
import { predictSamples } from '#ml/train/predict-samples';
import { readCheckpoint, readModel } from '#ml/weights/checkpoint';
import type { Sureness } from '#shared/metrics/sureness';
import { plainEvaluation } from '#shared/training/run-config';
import { windowsOf } from '#shared/training/windows';
import type { PredictJob, TrainerEvent, TrainJob } from '#shared/training/messages';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, ofType, runFit, smallConfig, smallJob } from '../helpers/training.ts';

/** Labels nothing on the images of a split. */
function makeVoid(job: TrainJob, split: 'train' | 'validation', images?: number): void {
  const png = writtenPng({ width: 64, height: 48, depth: 8, colourType: 0, samples: new Array<number>(64 * 48).fill(11) });
  for (const { maskFile } of job[split].slice(0, images)) writeFileSync(maskFile!, png);
}

test('the loss of an image without a gradient is that with one, weighted and not', () => {
  const logits = tf.randomNormal([1, 6, 7, 4], 0, 2, 'float32', 3);
  const labels = Uint8Array.from({ length: 42 }, (_, i) => (i % 5 === 0 ? 255 : i % 4));
  for (const classWeights of [null, [1, 2, 0.5, 3]]) {
    for (const borderWeight of [1, 3]) {
      const weights = { classWeights, borderWeight };
      const { sum, weight } = crossEntropySum(tf.logSoftmax(logits), idsOf(labels, [6, 7], 4, 255, weights), 255, weights);
      expect(sum / weight).toBeCloseTo(crossEntropy(logits, labels, 255, weights).loss, 5);
    }
  }
  expect(crossEntropySum(tf.logSoftmax(logits), new Int32Array(42).fill(255), 255)).toEqual({ sum: 0, weight: 0 });
});

/** What a network says of a sample whose image is 64 x 48. */
async function withLogits(net: EncNet, pool: SamplePool, sample: TrainJob['train'][number]) {
  const { source, scores } = await scoresOf(net, pool, sample, { inputSize: [48, 64], evaluation: plainEvaluation });
  return { logits: scores, labels: source.labels! };
}

test('the loss of a prediction is that of its probabilities, also of several looks and of mirrored images', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 1, val: 1 }));
  const [net, pool] = [new EncNet(smallConfig().model, 11, 1), createPool(maskFormat)];
  const [sample] = train;
  const lossOf = async (changes: object, of = sample) => {
    const options = { inputSize: [48, 64] as const, evaluation: plainEvaluation, loss: { classWeights: null }, ...changes };
    const { loss } = await predictSample(net, pool, of, options);
    return loss!.sum / loss!.weight;
  };
  const plain = await lossOf({});
  expect(plain).toBeGreaterThan(0);
  expect(await lossOf({ evaluation: { ...plainEvaluation, sliding: true } })).toBeCloseTo(plain, 4);
  // What is added to logits while a network learns is added to what it is measured by; of one look and of several, offsets or not.
  const shifts = Array.from({ length: 11 }, (_, id) => id / 4);
  const { logits, labels } = await withLogits(net, pool, sample);
  const learnt = crossEntropy(logits, labels, 255, { classWeights: null, shifts });
  const offsets = shifts.map((shift) => 1 - shift);
  for (const changes of [{}, { offsets }, { evaluation: { ...plainEvaluation, sliding: true } }])
    expect(await lossOf({ loss: { classWeights: null, shifts }, ...changes })).toBeCloseTo(learnt.loss, 4);
  tf.dispose([logits, learnt.gradient]);
  // Mirrored in memory or as files, image and label alike.
  const folder = temporaryFolder();
  const [imageFile, maskFile] = ['image.png', 'mask.png'].map((name) => path.join(folder, name));
  await sharp(sample.imageFile).flop().toFile(imageFile);
  const { values: samples } = readStoredMask(sample.maskFile!);
  const mirrored = samples.map((_, i) => samples[i - (i % 64) + 63 - (i % 64)]);
  writeFileSync(maskFile, writtenPng({ width: 64, height: 48, depth: 8, colourType: 0, samples: [...mirrored] }));
  const asFiles = await lossOf({}, { id: 'mirrored', imageFile, maskFile });
  expect(await lossOf({ flips: { horizontal: true, vertical: false } })).toBeCloseTo(asFiles, 4);
  expect(Math.abs(asFiles - plain)).toBeGreaterThan(1e-4);
  expect((await predictSample(net, pool, train[0], { inputSize: [48, 64], evaluation: plainEvaluation })).loss).toBeNull();
  await pool.close();
  net.dispose();
});

test('a temperature changes how sure a network is, in every way to look, and no class', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 1, val: 1 }));
  const [net, pool] = [new EncNet(smallConfig().model, 11, 1), createPool(maskFormat)];
  const inputSize = [32, 48] as const;
  const ways = [plainEvaluation, { ...plainEvaluation, sliding: true }, { ...plainEvaluation, flip: true }];
  for (const evaluation of ways) {
    const [cold, hot] = await Promise.all(
      [1, 4].map((temperature) => predictSample(net, pool, train[0], { inputSize, evaluation, temperature, sureness: true })),
    );
    // Averaged looks are averaged probabilities, which a temperature changes each for itself.
    if (evaluation === plainEvaluation) expect(hot.ids).toEqual(cold.ids);
    const mean = ({ confidence }: Sureness) => confidence.reduce((sum, value) => sum + value, 0) / confidence.length;
    expect(mean(hot.sureness!)).toBeLessThan(mean(cold.sureness!));
  }
  const [cold, hot] = await Promise.all([1, 4].map((temperature) => describeImage(net, pool, train[0], [48, 64], temperature)));
  hot.logits.values.forEach((logit, i) => expect(logit).toBeCloseTo(cold.logits.values[i] / 4, 5));
  await pool.close();
  net.dispose();
});

test('scales count alike at each pixel, however many windows of theirs lie over it', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 1, val: 1 }));
  const [net, pool] = [new EncNet(smallConfig().model, 11, 1), createPool(maskFormat)];
  const inputSize = [32, 48] as const;
  const probabilitiesAt = async (...scales: number[]) => {
    const { scores } = await scoresOf(net, pool, train[0], { inputSize, evaluation: { sliding: true, flip: false, scales } });
    const shares = tf.tidy(() => tf.div(scores, tf.sum(scores, -1, true)));
    const values = shares.dataSync<'float32'>();
    tf.dispose([scores, shares]);
    return values;
  };
  const [one, other, both] = [await probabilitiesAt(1), await probabilitiesAt(1.5), await probabilitiesAt(1, 1.5)];
  const furthest = both.reduce((far, value, at) => Math.max(far, Math.abs(value - (one[at] + other[at]) / 2)), 0);
  expect(furthest).toBeLessThan(1e-5);
  await pool.close();
  net.dispose();
});

test('another scale of a whole image is seen at the nearest sides that leave the remainders learnt at', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 1, val: 1 }));
  const [net, pool] = [new EncNet(smallConfig().model, 11, 1), createPool(maskFormat)];
  const learnt = { size: [40, 32] as const, stride: 16 };
  const seen: (readonly [number, number])[] = [];
  const render = pool.render.bind(pool);
  pool.render = (sample, view, size) => (seen.push(size), render(sample, view, size));
  const inputSize = [48, 64] as const;
  for (const scales of [[0.75, 1, 1.5], [0.1]])
    (await scoresOf(net, pool, train[0], { inputSize, evaluation: { ...plainEvaluation, scales }, learnt })).scores.dispose();
  expect(seen).toEqual([
    [40, 48],
    [48, 64],
    [72, 96],
    [8, 16],
  ]);
  await pool.close();
  net.dispose();
});

test('windows are added up where they lie, and a stop between looks leaves no tensor behind', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 1, val: 1 }));
  const [net, pool] = [new EncNet(smallConfig().model, 11, 1), createPool(maskFormat)];
  const evaluation = { sliding: true, flip: true, scales: [1, 1.5] };
  const inputSize = [32, 32] as const;
  let looks = 0;
  const between = () => (++looks, Promise.resolve());
  const { scores } = await scoresOf(net, pool, train[0], { inputSize, evaluation, between });
  const made = evaluation.scales.flatMap((scale) => windowsOf([48, 64], [32 / scale, 32 / scale]));
  expect(looks).toBe(2 * made.length);
  // Each scale is divided by how many windows lie over a pixel, mirror images not counted.
  const sums = tf.tidy(() => tf.sum(scores, -1).dataSync<'float32'>());
  for (const sum of sums) expect(sum).toBeCloseTo(4, 4);
  scores.dispose();
  const before = tf.memory().numTensors;
  for (const last of [1, 3, looks / 2 + 1]) {
    let seen = 0;
    const stop = () => (++seen >= last ? Promise.reject(new Stopped()) : Promise.resolve());
    await expect(scoresOf(net, pool, train[0], { inputSize, evaluation, between: stop })).rejects.toBeInstanceOf(Stopped);
    expect(tf.memory().numTensors).toBe(before);
  }
  await pool.close();
  net.dispose();
});

test('every step tells the terms of its loss, whose weighted sum it is, and the norm of its gradients', async () => {
  const job = await smallJob();
  const { seWeight, auxWeight } = job.config.loss;
  const steps = ofType(await runFit(job), 'step').map(({ metrics }) => metrics);
  expect(steps.length).toBeGreaterThan(1);
  for (const { loss, crossEntropy: ce, sceneLoss, auxiliaryLoss, gradientNorm } of steps) {
    expect(ce! + seWeight * sceneLoss! + auxWeight * (auxiliaryLoss ?? 0)).toBeCloseTo(loss!, 5);
    expect(gradientNorm).toBeGreaterThan(0);
  }
  const { history } = readCheckpoint(path.join(job.outDir, 'last.ckpt')).state;
  expect(history[0].validationLoss).toBeGreaterThan(0);
  const halves = ofType(await runFit({ ...job, outDir: temporaryFolder(), config: { ...job.config, accumulate: 2 } }), 'step');
  for (const { metrics } of halves)
    expect(metrics.crossEntropy! + seWeight * metrics.sceneLoss! + auxWeight * (metrics.auxiliaryLoss ?? 0)).toBeCloseTo(metrics.loss!, 5);
});

test('validation images without a labelled pixel score nothing, not 0, are warned of, and no epoch is the best', async () => {
  const job = await smallJob({ epochs: 2 });
  makeVoid(job, 'validation');
  const events = await runFit(job);
  const epochs = ofType(events, 'epoch');
  expect(epochs.map(({ metrics, best }) => [metrics.miou, metrics.validationAccuracy, metrics.validationLoss, best])).toEqual([
    [null, null, null, false],
    [null, null, null, false],
  ]);
  expect(epochs[0].metrics.trainAccuracy).toBeGreaterThan(0);
  expect(ofType(events, 'log').map(({ text }) => text)).toContainEqual(
    expect.stringContaining('no pixel of the validation images is labelled'),
  );
  expect([existsSync(path.join(job.outDir, 'best.ckpt')), existsSync(path.join(job.outDir, 'last.ckpt'))]).toEqual([false, true]);
  expect(readCheckpoint(path.join(job.outDir, 'last.ckpt')).state.best).toBeNull();
});

test('a step without a labelled pixel has no loss, not 0, and does not pull its epoch down', async () => {
  const job = await smallJob({ epochs: 1, batchSize: 1 });
  makeVoid(job, 'train', 1);
  const events = await runFit(job);
  const steps = ofType(events, 'step').map(({ metrics }) => metrics);
  const blank = steps.filter(({ accuracy }) => accuracy === null);
  expect(blank).toEqual([expect.objectContaining({ loss: null, crossEntropy: null, sceneLoss: null, auxiliaryLoss: null })]);
  const losses = steps.flatMap(({ loss }) => loss ?? []);
  expect(losses).toHaveLength(steps.length - 1);
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  expect(ofType(events, 'epoch')[0].metrics.loss).toBeCloseTo(mean, 6);
});

test('training images without a labelled pixel are refused before anything is trained', async () => {
  const job = await smallJob();
  makeVoid(job, 'train');
  await expect(runFit(job)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('No pixel of the 4 training images is labelled') as string,
  });
  expect(existsSync(path.join(job.outDir, 'last.ckpt'))).toBe(false);
});

test('how sure a prediction is, which images are ranked by, goes by the temperature of its model', async () => {
  const job = await smallJob();
  await runFit(job);
  const model = readModel(path.join(job.outDir, 'best.ckpt'));
  const pool = createPool(job.maskFormat);
  const doubts = async (temperature: number) => {
    const events: TrainerEvent[] = [];
    const predict: PredictJob = {
      ...{ kind: 'predict', checkpoint: '', sha256: null, samples: job.validation, outDir: null, maskFormat: job.maskFormat },
      ...{ evaluation: null, precision: 'float32', classes: null, write: 'ids', names: null, writeSureness: false },
    };
    await predictSamples(predict, { ...model, temperature }, pool, new Control(), (event) => events.push(event));
    return ofType(events, 'scored').map(({ score }) => score);
  };
  const [sure, unsure] = [await doubts(0.25), await doubts(4)];
  expect(sure).toHaveLength(2);
  for (const [place, { uncertainty, confusion }] of unsure.entries()) {
    expect(uncertainty).toBeGreaterThan(sure[place].uncertainty);
    expect(confusion).toEqual(sure[place].confusion);
  }
  await pool.close();
});
