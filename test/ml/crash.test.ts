import { expect, test } from 'vitest';
import { crashRun } from '../../scripts/soak/crash.ts';
import { makeDataset, trainerHost } from '../helpers/dataset.ts';
import { jobData, smallConfig } from '../helpers/training.ts';

// The short form of `npm run soak -- crash`, which kills fifty times.
test('a trainer that is killed at random moments loses no epoch, corrupts no file and ends as if nothing had been', async () => {
  const data = jobData(await makeDataset({ train: 4, val: 2 }));
  const report = await crashRun(
    trainerHost,
    { kind: 'train', ...data, config: smallConfig({ epochs: 5, emaDecay: 0.9 }), initialWeights: null },
    5,
    3,
  );
  expect(report).toMatchObject({ lostEpochs: 0, corruptFiles: 0, identical: true });
  expect(report.kills).toBeGreaterThan(0);
});
