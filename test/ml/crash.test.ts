import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { standardLimits } from '#shared/data/read-limits';
import { expect, test, vi } from 'vitest';
import { startOf } from '#files/process-identity';
import { readCheckpoint } from '#ml/weights/checkpoint';
import { crashRun } from '../../scripts/soak/crash.ts';
import { makeDataset, temporaryFolder, trainerHost } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { smallConfig } from '../helpers/training.ts';

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

test('a trainer whose workbench is killed in the middle of a step ends with a checkpoint of that step', async () => {
  const data = jobData(await makeDataset({ train: 8, val: 1 }));
  const outDir = temporaryFolder();
  const job = { kind: 'train', ...data, config: smallConfig({ epochs: 50 }), outDir, resumeFrom: null, initialWeights: null };
  const workbench = path.join(temporaryFolder(), 'workbench.mjs');
  writeFileSync(
    workbench,
    `import { fork } from 'node:child_process';
     const stdio = ['ignore', 'ignore', 'pipe', 'ipc'];
     const trainer = fork(${JSON.stringify(trainerHost.entry)}, [], { serialization: 'advanced', stdio });
     process.stdout.write(String(trainer.pid));
     let steps = 0;
     trainer.on('message', ({ type }) => {
       if (type === 'step' && ++steps === 6) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5);
     });
     trainer.send({ type: 'job', job: JSON.parse(${JSON.stringify(JSON.stringify(job))}), limits: ${JSON.stringify(standardLimits)} });`,
  );
  const child = spawn(process.execPath, [workbench], { stdio: ['ignore', 'pipe', 'inherit'] });
  let pid = 0;
  child.stdout.on('data', (text: Buffer) => (pid = Number(text)));
  await new Promise((resolve) => child.on('exit', resolve));
  await vi.waitFor(() => expect(startOf(pid)).toBe(null), { timeout: 60_000, interval: 100 });
  expect(readdirSync(outDir).filter((name) => name !== 'samples.json')).toContain('last.ckpt');
  const { epoch, step } = readCheckpoint(path.join(outDir, 'last.ckpt')).state;
  // Four steps an epoch.
  expect(epoch * 4 + step).toBeGreaterThanOrEqual(6);
});

test('a trainer whose workbench stands still while it ends is heard to its last word', async () => {
  const data = jobData(await makeDataset({ train: 4, val: 1 }));
  const job = {
    kind: 'train',
    ...data,
    config: smallConfig({ epochs: 25 }),
    outDir: temporaryFolder(),
    resumeFrom: null,
    initialWeights: null,
  };
  const workbench = path.join(temporaryFolder(), 'workbench.mjs');
  writeFileSync(
    workbench,
    `import { fork } from 'node:child_process';
     const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
     const trainer = fork(${JSON.stringify(trainerHost.entry)}, [], { serialization: 'advanced', stdio });
     let epochs = 0;
     let last = '';
     trainer.on('message', ({ type }) => {
       if (type === 'epoch') epochs++;
       if (type === 'started') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12_000);
       last = type;
     });
     trainer.on('close', (code) => console.log(epochs, last, code));
     trainer.send({ type: 'job', job: JSON.parse(${JSON.stringify(JSON.stringify(job))}), limits: ${JSON.stringify(standardLimits)} });`,
  );
  const child = spawn(process.execPath, [workbench], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.on('data', (text: Buffer) => (told += text.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  expect(told.trim()).toBe('25 done 0');
});
