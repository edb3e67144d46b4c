// A run that decides for the mean IoU: offsets fitted on training images, beside the weights and part of what predicts.
import path from 'node:path';
import { expect, test } from 'vitest';
import { evaluate } from '#ml/train/evaluate';
import { fitOffsets, offsetSamples } from '#ml/train/class-offsets';
import { EncNet } from '#ml/models/encnet';
import { readCheckpoint, readModel, writeCheckpoint, writeModel } from '#ml/weights/checkpoint';
import { readWeights } from '#ml/weights/read-weights';
import type { TrainJob } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, ofType, runFit, smallConfig } from '../helpers/training.ts';

const changes: Partial<RunConfig> = { decision: 'mean-iou', epochs: 3, emaDecay: 0.9 };

const jobOn = (data: string, own: Partial<RunConfig> = {}): TrainJob => ({
  kind: 'train',
  config: smallConfig({ ...changes, ...own }),
  ...jobData(data),
  outDir: path.join(temporaryFolder(), 'run'),
  resumeFrom: null,
  initialWeights: null,
});
const last = ({ outDir }: TrainJob) => path.join(outDir, 'last.ckpt');

test('keeps offsets beside the weights, and predicts with them what it scored', async () => {
  const job = jobOn(await makeDataset({ train: 6, val: 3 }));
  const events = await runFit(job);
  const { state, model } = readCheckpoint(last(job));
  expect(state.offsets).toHaveLength(11);
  expect(state.offsets!.some((offset) => offset !== 0)).toBe(true);
  const predicting = readModel(last(job));
  const bias = (tensors: typeof model) => [...tensors.get('decoder.conv_seg.bias')!.data];
  bias(predicting.model).forEach((value, id) => expect(value).toBeCloseTo(bias(model)[id] + state.offsets![id], 5));

  const net = new EncNet(job.config.model, 11, 1);
  net.parameters.load(predicting.model);
  const pool = createPool(job.maskFormat);
  const scores = await evaluate(net, pool, job.validation, job.config, {
    epoch: 2,
    classWeights: null,
    offsets: null,
    progress: () => Promise.resolve(),
  });
  expect([...scores.confusion.counts]).toEqual(ofType(events, 'epoch').at(-1)!.confusion);
  // What validation is shown to take in all: training images are looked at before it.
  expect(ofType(events, 'validating').map(({ done, total, fitted }) => `${done}/${total}, ${fitted} of them for offsets`)).toEqual(
    [9, 9, 9].flatMap((total) => Array.from({ length: total }, (_, i) => `${i + 1}/${total}, 6 of them for offsets`)),
  );
  await pool.close();
  net.dispose();
});

test('what is kept of an epoch that is not scored decides by offsets of its own, also where that was stopped', async () => {
  const data = await makeDataset({ train: 6, val: 3 });
  const kept: Partial<RunConfig> = { epochs: 5, validateEvery: 4, checkpointEvery: 2 };
  const [straight, halted] = [jobOn(data, kept), jobOn(data, kept)];
  const events = await runFit(straight);
  // After epoch 2 it looks at 6 images for offsets alone; 4 and 5 are scored on 3 more.
  expect(ofType(events, 'validating').map(({ done, total }) => done === total && total)).toEqual(
    [6, 9, 9].flatMap((total) => Array.from({ length: total }, (_, i) => i + 1 === total && total)),
  );
  const { state, model } = readCheckpoint(path.join(straight.outDir, 'epoch-0002.ckpt'));
  const net = new EncNet(straight.config.model, 11, 1);
  net.parameters.load(model);
  const pool = createPool(straight.maskFormat);
  expect(await fitOffsets(net, pool, straight.train, straight.config, () => Promise.resolve())).toEqual(state.offsets);
  await pool.close();
  net.dispose();

  await runFit(halted, (event, control) => event.type === 'validating' && event.total === 6 && event.done === 2 && control.stop());
  await runFit({ ...halted, resumeFrom: last(halted) });
  const [a, b] = [straight, halted].map(({ outDir }) => readCheckpoint(path.join(outDir, 'epoch-0002.ckpt')));
  expect([b.state.offsets, b.model]).toEqual([a.state.offsets, a.model]);
});

test('an epoch that a person wants to be the last is scored, also where that was said while offsets alone were fitted', async () => {
  const job = jobOn(await makeDataset({ train: 6, val: 3 }), { epochs: 8, validateEvery: 8, checkpointEvery: 2 });
  const events = await runFit(job, (event, control) => event.type === 'validating' && event.total === 6 && (control.stopAfterEpoch = true));
  expect(ofType(events, 'done')[0]).toMatchObject({ reason: 'stopped', epoch: 2 });
  expect(readCheckpoint(last(job)).state.history.map(({ miou }) => miou !== null)).toEqual([false, true]);
});

test('ends as it would have without a stop, also where it is stopped while offsets are fitted', async () => {
  const data = await makeDataset({ train: 6, val: 3 });
  const [straight, halted] = [jobOn(data), jobOn(data)];
  await runFit(straight);
  await runFit(halted, (event, control) => event.type === 'validating' && event.done === 2 && control.stop());
  await runFit({ ...halted, resumeFrom: last(halted) });
  const [a, b] = [straight, halted].map((job) => readCheckpoint(last(job)));
  expect(b.state.offsets).toEqual(a.state.offsets);
  expect(b.state.history.map(({ miou }) => miou)).toEqual(a.state.history.map(({ miou }) => miou));
  expect(b.model).toEqual(a.model);
  expect(b.training).toEqual(a.training);
});

test('the loss of a validation is that of the network, without offsets', async () => {
  const job = jobOn(await makeDataset({ train: 2, val: 2 }));
  const [net, pool] = [new EncNet(job.config.model, 11, 1), createPool(job.maskFormat)];
  const of = async (offsets: number[] | null) =>
    evaluate(net, pool, job.validation, job.config, { epoch: 0, classWeights: null, offsets, progress: () => Promise.resolve() });
  const [plain, decided] = [await of(null), await of([2, ...new Array<number>(10).fill(-1)])];
  expect(decided.loss).toBeCloseTo(plain.loss!, 4);
  expect([...decided.confusion.counts]).not.toEqual([...plain.confusion.counts]);
  // And of the same logits as a step's: with what class weights are taken back by.
  const lossWith = async (priorCorrection: number) => {
    const config = { ...job.config, loss: { ...job.config.loss, priorCorrection } };
    const classWeights = Array.from({ length: 11 }, (_, id) => 1 + 3 * (id % 2));
    const options = { epoch: 0, classWeights, offsets: null, progress: () => Promise.resolve() };
    return (await evaluate(net, pool, job.validation, config, options)).loss!;
  };
  expect(Math.abs((await lossWith(0)) - (await lossWith(0.5)))).toBeGreaterThan(1e-3);
  await pool.close();
  net.dispose();
});

test('images are spread over all that are trained on, where a recipe asks for it', () => {
  const train = Array.from({ length: 300 }, (_, i) => ({ id: String(i), imageFile: '', maskFile: '' }));
  const config = smallConfig(changes);
  const chosen = new Set(offsetSamples(config, train).map(({ id }) => Number(id)));
  expect(chosen.size).toBe(64);
  expect(Math.max(...chosen)).toBeGreaterThan(290);
  expect(offsetSamples(config, train.slice(0, 5))).toHaveLength(5);
  expect(offsetSamples({ ...config, decision: 'likeliest' }, train)).toEqual([]);
});

test('a checkpoint whose offsets are not its classes is refused', async () => {
  const job = jobOn(await makeDataset({ train: 2, val: 1 }));
  await runFit({ ...job, config: { ...job.config, epochs: 1 } });
  const checkpoint = readCheckpoint(last(job));
  writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, offsets: [1, 2] } });
  expect(() => readModel(last(job))).toThrow(/2 offsets for 11 classes/);
  // Such a bias is infinite in 32 bits, and no class is likelier than another.
  writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, offsets: new Array<number>(11).fill(1e39) } });
  expect(() => readModel(last(job))).toThrow(/offsets/);
});

test('a model that is handed on decides by its offsets, and whoever trains on starts from what was trained', async () => {
  const job = jobOn(await makeDataset({ train: 2, val: 1 }));
  await runFit({ ...job, config: { ...job.config, epochs: 1 } });
  const checkpoint = readCheckpoint(last(job));
  const offsets = Array.from({ length: 11 }, (_, id) => id / 8 - 0.5);
  writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, offsets } });
  const decided = readModel(last(job));
  const [bias] = [...decided.model.keys()].filter((name) => /cls_seg\.3\.bias|conv_seg\.bias/.test(name) && !name.startsWith('aux'));
  const trained = [...checkpoint.model.get(bias)!.data];
  const largest = Math.max(...trained.map(Math.abs), 0.75);
  for (const [dtype, digits] of [
    ['F32', largest * 2 ** -23],
    ['F16', largest * 2 ** -10],
  ] as const) {
    const file = path.join(temporaryFolder(), `${dtype}.safetensors`);
    writeModel(file, decided, dtype);
    // Read and written once more, as a calibration does.
    writeModel(file, readModel(file), dtype);
    const predicts = readModel(file);
    expect(predicts.offsets).toEqual(offsets);
    const starts = readWeights(file);
    trained.forEach((value, id) => {
      expect(Math.abs(predicts.model.get(bias)!.data[id] - (value + offsets[id]))).toBeLessThanOrEqual(digits);
      expect(Math.abs(starts.get(bias)!.data[id] - value)).toBeLessThanOrEqual(2 * digits);
    });
    expect(starts.size).toBe(predicts.model.size);
  }
  const file = path.join(temporaryFolder(), 'wrong.safetensors');
  writeModel(file, { ...decided, offsets: [1, 2] }, 'F32');
  for (const read of [readModel, readWeights]) expect(() => read(file)).toThrow(/2 offsets for 11 classes/);
});

test('the hash of a checkpoint is of its offsets too: other decisions are other weights', async () => {
  const job = jobOn(await makeDataset({ train: 2, val: 1 }));
  await runFit({ ...job, config: { ...job.config, epochs: 1 } });
  const checkpoint = readCheckpoint(last(job));
  const hashes = [null, checkpoint.state.offsets, new Array<number>(11).fill(1)].map((offsets) =>
    writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, offsets } }),
  );
  expect(new Set(hashes).size).toBe(3);
  expect(readCheckpoint(last(job)).state.offsets).toEqual(new Array<number>(11).fill(1));
});
