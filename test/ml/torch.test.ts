// Weights of ours in the reference's own network: where PyTorch and the reference's text are there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { toNchw } from '../golden-runner/fill.ts';
import { runGoldenFile } from '../golden-runner/run-file.ts';
import { EncNet } from '#ml/models/encnet';
import { tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import { writeCheckpoint } from '#ml/weights/checkpoint';
import { exportModel } from '#ml/weights/export-model';
import { Random } from '#shared/random';
import { findPreset } from '#shared/training/presets';
import { temporaryFolder } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const seed = path.resolve(root, '../shared/seed');
const python = [process.env.ENCNET_PYTHON ?? 'python3', '/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
);
const missing = !python ? 'PyTorch is not installed' : !existsSync(seed) ? "the reference's text is not beside this repository" : null;
if (missing) console.log(`skipped: comparing logits with PyTorch, because ${missing}`);

test.skipIf(missing !== null)("a checkpoint loads in the reference's PyTorch network and gives the same logits", () => {
  const { config } = findPreset('reference');
  const net = new EncNet(config.model, 33, 7);
  const folder = temporaryFolder();
  const file = path.join(folder, 'x.ckpt');
  const state = {
    epoch: 0,
    step: 0,
    sums: { loss: 0, correct: 0, labelled: 0, steps: 0 },
    best: null,
    elapsedSeconds: 0,
    optimizerUpdates: 0,
    precision: 'float32' as const,
    history: [],
    offsets: null,
    originDue: null,
    guard: { smoothed: null, seen: 0 },
  };
  writeCheckpoint(file, { config, classes: [], state, model: net.parameters.toStateDict(), training: new Map(), optimizer: new Map() });

  const random = new Random(5);
  const nhwc = Float32Array.from({ length: 64 * 48 * 3 }, () => random.normal());
  const input = path.join(folder, 'input.json');
  writeFileSync(input, JSON.stringify({ shape: [1, 3, 64, 48], data: [...toNchw(nhwc, [1, 64, 48, 3])] }));
  const printed = execFileSync(python!, [path.join(root, 'test/helpers/torch_logits.py'), seed, file, input], {
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  const theirs = JSON.parse(printed) as { missing: string[]; unexpected: string[]; shape: number[]; logits: number[]; se: number[] };
  expect({ missing: theirs.missing, unexpected: theirs.unexpected, shape: theirs.shape }).toEqual({
    missing: [],
    unexpected: [],
    shape: [1, 33, 64, 48],
  });

  // As .pth it is taken as it is: every tensor, and nothing but tensors in the file.
  const pth = path.join(folder, 'x.pth');
  exportModel({ kind: 'export', checkpoint: file, outFile: pth, format: 'pth', half: false, size: null, notes: {} });
  const strict = execFileSync(python!, [path.join(root, 'test/helpers/torch_strict.py'), seed, pth, input], {
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  expect(JSON.parse(strict)).toEqual({ logits: theirs.logits });

  const tape = new Tape({ training: false, recording: false });
  const { logits, seLogits } = net.forward(tape, tape.constant(tf.tensor(nhwc, [1, 64, 48, 3])));
  for (const [ours, reference] of [
    [toNchw(logits.value.dataSync(), logits.shape), theirs.logits],
    [seLogits.value.dataSync(), theirs.se],
  ] as const) {
    const rms = Math.sqrt(reference.reduce((sum, value) => sum + value * value, 0) / reference.length);
    const worst = reference.reduce((largest, value, index) => Math.max(largest, Math.abs(value - ours[index])), 0);
    expect(worst / rms).toBeLessThan(1e-4);
  }
});

test.skipIf(missing !== null)(
  'a golden case that was never seen before, of another backbone, size, optimiser and lateral connections, is met',
  { timeout: 400_000 },
  () => {
    const folder = temporaryFolder();
    const [configFile, caseFile] = [path.join(folder, 'config.json'), path.join(folder, 'case.json')];
    writeFileSync(
      configFile,
      JSON.stringify({
        backbone: 'resnet18',
        num_classes: 5,
        num_codes: 8,
        lateral: true,
        input_shape: [2, 3, 32, 40],
        seed: 91,
        trajectories: {
          adamw: { optimizer: { name: 'adamw', lr: 0.001, weight_decay: 0.01 }, steps: 3 },
          nesterov: { optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9, weight_decay: 0.0001, nesterov: true }, steps: 3 },
        },
      }),
    );
    execFileSync(python!, [path.join(root, 'test/helpers/golden_case.py'), seed, configFile, caseFile]);
    const report = runGoldenFile(caseFile);
    expect(report.rows.length).toBeGreaterThan(30);
    expect(report.failures).toEqual([]);
  },
);
