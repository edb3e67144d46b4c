// What is told of the starter model is what it is: its file, its description, its card and its curve agree.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readModel } from '#ml/weights/checkpoint';
import { builtInClassSet } from '#services/class-sets/class-set';
import { checkConfig, findPreset } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { curveOf, numbersIn, numbersOf, withNumbers, type StarterFile } from '../scripts/starter/card.ts';
import { modelName } from '../scripts/starter/cli.ts';
import { root } from './helpers/workbench.ts';

const text = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const file = path.join(root, 'resources/models', modelName);
const starter = JSON.parse(text('resources/models/starter.json')) as StarterFile;

/** What of a recipe says how it learns: not how long, on how many threads, or reckoned in what. */
const learnt = ({
  epochs: _epochs,
  data: { workers: _workers, cacheMb: _cacheMb, ...data },
  precision: _precision,
  checkpointEvery: _every,
  ...config
}: RunConfig) => ({
  ...config,
  data,
});

test('the file is the one that is described, and knows its classes, its recipe and how sure it is', () => {
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(starter.sha256);
  const model = readModel(file);
  expect(model.classes.map(({ name }) => name)).toEqual(builtInClassSet('camvid-11').classes.map(({ name }) => name));
  expect(model.config).toEqual(checkConfig(starter.config));
  expect(model.epoch).toBe(starter.epoch);
  expect(model.temperature).toBeCloseTo(starter.calibration.temperature, 4);
});

test('it was trained by preset light, to the end, and its weights are those of the best epoch', () => {
  expect(learnt(checkConfig(starter.config))).toEqual(learnt(findPreset('light').config));
  expect(starter.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: starter.config.epochs }, (_, n) => n + 1));
  const best = Math.max(...starter.epochs.map(({ miou }) => miou ?? 0));
  expect(starter.epochs[starter.epoch - 1].miou).toBe(best);
  // Half precision changes little.
  expect(Math.abs(starter.miou - best)).toBeLessThan(0.003);
});

test('its score is the mean of its classes, inside its interval', () => {
  const ious = starter.perClass.map(({ iou }) => iou!);
  expect(ious.reduce((sum, iou) => sum + iou, 0) / ious.length).toBeCloseTo(starter.miou, 6);
  expect(starter.interval[0]).toBeLessThan(starter.miou);
  expect(starter.interval[1]).toBeGreaterThan(starter.miou);
});

test('the card and the curve tell these numbers', () => {
  const card = text('docs/starter-model.md');
  expect(numbersIn(card)).toBe(numbersOf(starter));
  expect(withNumbers(card, numbersOf(starter))).toBe(card);
  expect(text('docs/images/starter-curve.svg')).toBe(curveOf(starter.epochs));
  for (const [, picture] of card.matchAll(/\]\((images\/[^)]+)\)/g))
    expect(readFileSync(path.join(root, 'docs', picture)).length).toBeGreaterThan(0);
});

test('a card without a place for numbers is an error', () => {
  expect(() => withNumbers('# Nothing', 'x')).toThrow('The card has no <!-- numbers');
});
