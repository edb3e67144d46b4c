// The curves of runs in the history: what is recorded comes back, also after a resume and beside a damaged row.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EpochMetrics, StepPoint } from '#shared/training/messages';
import { openDatabase, type Db } from '#services/database';
import { WorkFolder } from '#services/datasets/work-folder';
import { RunStore } from '#services/runs/run-store';
import { temporaryFolder } from '../helpers/dataset.ts';
import { smallConfig } from '../helpers/training.ts';

let db: Db;
let store: RunStore;

beforeEach(() => {
  const workFolder = new WorkFolder(temporaryFolder());
  db = openDatabase(workFolder.at('history.db'), false);
  store = new RunStore(db, workFolder);
});
afterEach(() => void db.close());

let runs = 0;
function newRun(): string {
  const id = `run-${++runs}`;
  store.create({ id, name: id, config: smallConfig(), classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] });
  return id;
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
/** Nothing, where nothing was labelled. */
const measured = fc.option(fraction, { freq: 6, nil: null });
const loss = fc.double({ min: 0, max: 9, noNaN: true });
const epochs = fc
  .array(fc.record({ loss, train: measured, test: measured, miou: measured, validationLoss: fc.option(loss, { nil: null }) }), {
    minLength: 1,
    maxLength: 90,
  })
  .map((rows) =>
    rows.map(({ loss, train, test: validation, miou, validationLoss }, index): EpochMetrics => ({
      epoch: index + 1,
      loss,
      trainAccuracy: train,
      validationAccuracy: validation,
      validationLoss,
      miou,
      perClassIou: [miou, null],
      learningRate: 0.1,
      timeSeconds: 10 * (index + 1),
      epochSeconds: 10,
    })),
  );

/** The largest mIoU; null where none was measured. */
function bestOf(rows: readonly EpochMetrics[]): number | null {
  const known = rows.flatMap(({ miou }) => miou ?? []);
  return known.length > 0 ? Math.max(...known) : null;
}

describe('epochs', () => {
  test('come back as they were recorded, with the best of each metric and the epoch it was reached in first', () => {
    fc.assert(
      fc.property(epochs, (rows) => {
        const id = newRun();
        for (const row of rows) store.metrics.addEpoch(id, row, [1, 2, 3, 4]);
        expect(store.metrics.epochs(id)).toEqual(rows);
        const best = bestOf(rows);
        expect(store.summary(id)).toMatchObject({
          epochsDone: rows.length,
          bestMiou: best,
          bestEpoch: best === null ? null : rows.find(({ miou }) => miou === best)!.epoch,
          lastLoss: rows.at(-1)!.loss,
          durationSeconds: 10 * rows.length,
        });
      }),
      { numRuns: 60 },
    );
  });

  test('make a sparkline of at most sixty points that keeps the highest', () => {
    fc.assert(
      fc.property(epochs, (rows) => {
        const id = newRun();
        for (const row of rows) store.metrics.addEpoch(id, row, []);
        const { spark } = store.summary(id);
        const best = bestOf(rows);
        expect(spark.length).toBeLessThanOrEqual(60);
        if (best === null) expect(spark).toEqual([]);
        else expect(Math.max(...spark)).toBeCloseTo(best, 3);
      }),
      { numRuns: 40 },
    );
  });

  test('that only a checkpoint knows are added, and those that are there stay', () => {
    fc.assert(
      fc.property(epochs, fc.nat(90), (rows, known) => {
        const id = newRun();
        for (const row of rows.slice(0, known)) store.metrics.addEpoch(id, row, [9]);
        store.metrics.addMissingEpochs(id, rows);
        store.metrics.addMissingEpochs(id, rows);
        expect(store.metrics.epochs(id)).toEqual(rows);
        // What the checkpoint does not hold is not taken away.
        if (known > 0) expect(store.metrics.confusion(id, 1)).toEqual([9]);
      }),
      { numRuns: 40 },
    );
  });

  test('beside a damaged one are there, and so are its own other values', () => {
    const id = newRun();
    const [row] = fc.sample(epochs, 1)[0];
    for (const epoch of [1, 2]) store.metrics.addEpoch(id, { ...row, epoch }, [1, 2, 3, 4]);
    db.prepare("UPDATE epoch SET per_class_iou = '[1,', confusion = 'none' WHERE epoch = 1").run();
    expect(store.metrics.epochs(id)).toEqual([
      { ...row, epoch: 1, perClassIou: [] },
      { ...row, epoch: 2 },
    ]);
    expect([store.metrics.confusion(id, 1), store.metrics.confusion(id, 2)]).toEqual([null, [1, 2, 3, 4]]);
  });
});

describe('steps', () => {
  const point = (globalStep: number, perEpoch: number): StepPoint => ({
    globalStep,
    epoch: globalStep / perEpoch,
    loss: 1 / globalStep,
    // Every third batch is all void.
    accuracy: globalStep % 3 === 0 ? null : 0.5,
    learningRate: 0.1,
    crossEntropy: 0.5 / globalStep,
    sceneLoss: 0.1,
    auxiliaryLoss: null,
    gradientNorm: 3,
    imagesPerSecond: 7.5,
  });

  test('that a resume does again are dropped first, so that none is there twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }), fc.nat(40), (perEpoch, done, back) => {
        const id = newRun();
        for (let n = 1; n <= done; n++) store.metrics.addStep(id, point(n, perEpoch));
        const from = Math.max(0, done - back);
        store.metrics.dropStepsAfter(id, from / perEpoch);
        expect(store.metrics.steps(id).map(({ globalStep }) => globalStep)).toEqual(Array.from({ length: from }, (_, n) => n + 1));
        for (let n = from + 1; n <= done + 2; n++) store.metrics.addStep(id, point(n, perEpoch));
        expect(store.metrics.steps(id)).toEqual(Array.from({ length: done + 2 }, (_, n) => point(n + 1, perEpoch)));
        expect(store.metrics.steps(id, done)).toHaveLength(2);
      }),
      { numRuns: 60 },
    );
  });

  test('of one run are none of another', () => {
    const [a, b] = [newRun(), newRun()];
    store.metrics.addStep(a, point(1, 2));
    store.metrics.addStep(b, point(2, 2));
    store.metrics.dropStepsAfter(a, 0);
    expect(store.metrics.steps(a)).toEqual([]);
    expect(store.metrics.steps(b)).toHaveLength(1);
  });
});
