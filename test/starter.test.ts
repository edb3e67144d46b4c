// What is told of the starter model is what it is: its file, its description, its card and its curve agree.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readModel } from '#ml/weights/checkpoint';
import { builtInClassSet } from '#services/class-sets/class-set';
import { checkConfig, findPreset, withSettings } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { curveOf, lengths, numbersIn, numbersOf, runsOf, withNumbers, type StarterFile } from '../scripts/starter/card.ts';
import { modelName } from '../scripts/starter/cli.ts';
import { root } from './helpers/workbench.ts';

const text = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const file = path.join(root, 'resources/models', modelName);
const starter = JSON.parse(text('resources/models/starter.json')) as StarterFile;
/** Preset light as it was then: with batches of eight, and borders that weigh no more than the rest. */
const then = withSettings(findPreset('light').config, {
  batchSize: 8,
  'optimizer.learningRate': 2e-3,
  emaDecay: 0.995,
  'loss.borderWeight': 1,
});

/** What of a recipe says what is learnt and how: not for how long, at what rate, with what seed, on how many threads, in what precision. */
function learnt(config: RunConfig): object {
  const { epochs: _epochs, precision: _precision, checkpointEvery: _kept, validateEvery: _scored, seed: _seed, ...rest } = config;
  const { workers: _workers, cacheMb: _cacheMb, ...data } = config.data;
  const { learningRate: _rate, ...optimizer } = config.optimizer;
  return { ...rest, data, optimizer, schedule: config.schedule.kind };
}

test('the file is the one that is described, and knows its classes, its recipe and how sure it is', () => {
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(starter.sha256);
  const model = readModel(file);
  expect(model.classes.map(({ name }) => name)).toEqual(builtInClassSet('camvid-11').classes.map(({ name }) => name));
  expect(model.config).toEqual(checkConfig(starter.config));
  // Whatever its last run was told to reckon in, who predicts takes what is quicker there.
  expect(model.config.precision).toBe(findPreset('light').config.precision);
  expect(model.epoch).toBe(starter.epoch);
  expect(model.temperature).toBeCloseTo(starter.calibration.temperature, 4);
});

test('it was trained by preset light as it was then, every run to its end, and its weights are those of the best epoch', () => {
  for (const { config, epoch, epochs } of runsOf(starter)) {
    expect(learnt(checkConfig(config))).toEqual(learnt(then));
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: config.epochs }, (_, n) => n + 1));
    expect(epochs[epoch - 1].miou).toBe(Math.max(...epochs.map(({ miou }) => miou ?? 0)));
  }
  // From scratch it is as the preset has it but for its length.
  const { optimizer, schedule, seed } = then;
  expect(checkConfig(runsOf(starter)[0].config)).toMatchObject({ optimizer, schedule, seed });
  // Half precision changes little.
  expect(Math.abs(starter.miou - starter.epochs[starter.epoch - 1].miou!)).toBeLessThan(0.003);
});

test.each(['by one look', 'averaged'])('its score %s is the mean of its classes, inside its interval', (looks) => {
  const { perClass, miou, interval } = looks === 'averaged' ? starter.averaged : starter;
  const ious = perClass.map(({ iou }) => iou!);
  expect(ious.reduce((sum, iou) => sum + iou, 0) / ious.length).toBeCloseTo(miou, 6);
  expect(interval[0]).toBeLessThan(miou);
  expect(interval[1]).toBeGreaterThan(miou);
});

test('the card and the curve tell these numbers', () => {
  const card = text('docs/starter-model.md');
  expect(numbersIn(card)).toBe(numbersOf(starter));
  expect(withNumbers(card, numbersOf(starter))).toBe(card);
  expect(text('docs/images/starter-curve.svg')).toBe(curveOf(runsOf(starter)));
  for (const [, picture] of card.matchAll(/\]\((images\/[^)]+)\)/g))
    expect(readFileSync(path.join(root, 'docs', picture)).length).toBeGreaterThan(0);
});

test('a card of several runs tells their lengths, and its curve goes on where the second began', () => {
  const run = (mious: number[]) => ({
    config: starter.config,
    epoch: mious.length,
    epochs: mious.map((miou, index) => ({ epoch: index + 1, miou })),
  });
  const two = { ...starter, ...run([0.3, 0.5, 0.6]), earlier: [run([0.2])] };
  expect(numbersOf(two)).toContain('the weights of epoch 3 of the last run.');
  expect(lengths(runsOf(two))).toBe('4 epochs in runs of 1 and 3');
  expect(lengths([run([0.1, 0.2]), ...runsOf(two)])).toBe('6 epochs in runs of 2, 1 and 3');
  const curve = curveOf(runsOf(two));
  // Four epochs over 664 pixels from 44 on; the second run begins after the first of them.
  expect([...curve.matchAll(/(\d+\.\d),\d+\.\d/g)].map(([, x]) => x)).toEqual(['210.0', '376.0', '542.0', '708.0']);
  expect(curve).toContain('M210.0 14V');
  expect(curveOf([run([0.2, 0.3])])).not.toContain('dasharray');
});

test('a card without a place for numbers is an error', () => {
  expect(() => withNumbers('# Nothing', 'x')).toThrow('The card has no <!-- numbers');
});
