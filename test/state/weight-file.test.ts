// Choosing a weight file over the real services: looks whose answers come late, and folders that are left before they are listed.
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPreset, withSetting } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { WeightFileChoice } from '../../src/renderer/state/weight-file.svelte.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { type TestWindow, closeWindow, eventually, openBench } from './window.ts';

const starter = path.resolve(import.meta.dirname, '../../resources/models/light-camvid.safetensors');
let window: TestWindow;
let config: RunConfig;
let choice: WeightFileChoice;

beforeEach(async () => {
  ({ window } = await openBench({ train: 1, val: 1 }));
  config = findPreset('light').config;
  choice = new WeightFileChoice(window.session, () => config);
});
afterEach(() => closeWindow(window));

test('tells what fits, the settings that make more fit, and that these do', async () => {
  config = withSetting(config, 'model.width', 48);
  await choice.look(starter);
  expect(choice.fit).toMatchObject({ file: starter, remedy: { settings: { 'model.width': 32 } } });
  expect(choice.fit!.taken).toBeLessThan(choice.fit!.tensors);
  config = choice.remedied!;
  expect(config.model.width).toBe(32);
  await choice.look(starter);
  expect(choice.fit!.taken).toBe(choice.fit!.tensors);
  expect(choice.remedied).toBeNull();
}, 30_000);

test('a look of before is for nobody once the dialog is closed, opened again, or another file is looked at', async () => {
  const folder = temporaryFolder();
  const other = path.join(folder, 'other.safetensors');
  cpSync(starter, other);
  const first = choice.look(starter);
  const second = choice.look(other);
  await Promise.all([first, second]);
  expect([choice.fit?.file, choice.error]).toEqual([other, '']);
  const late = choice.look(starter);
  choice.end();
  expect(choice.looking).toBe(false);
  await choice.begin();
  await late;
  expect([choice.file, choice.fit, choice.error, choice.looking]).toEqual(['', null, '', false]);
}, 30_000);

test('lists the folder that was asked for last, and remembers it', async () => {
  const folder = temporaryFolder();
  cpSync(starter, path.join(folder, 'weights.safetensors'));
  mkdirSync(path.join(folder, 'deeper'));
  await Promise.all([choice.list(path.join(folder, 'deeper')), choice.list(folder)]);
  expect(choice.listing).toMatchObject({ path: folder, weights: [{ name: 'weights.safetensors' }] });
  await choice.list(path.join(folder, 'nowhere'));
  expect(choice.error).toContain('nowhere');
  expect(choice.listing!.path).toBe(folder);
  const again = new WeightFileChoice(window.session, () => config);
  await again.begin();
  await eventually(() => again.listing?.path === folder);
});
