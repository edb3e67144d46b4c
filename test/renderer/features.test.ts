import { expect, test } from 'vitest';
import type { ImageEntry } from '#shared/contract/datasets';
import { findPreset, withSetting } from '#shared/training/presets';
import { classKey, classOfKey } from '../../src/renderer/features/annotate/class-keys.ts';
import { classRows } from '../../src/renderer/features/library/class-rows.ts';
import { filterImages, labelledShare, type LibraryFilter } from '../../src/renderer/features/library/filter.ts';
import { matches } from '../../src/renderer/features/palette.ts';
import { settingRows } from '../../src/renderer/features/runs/compare.ts';
import { readSetting, settingGroups, writeSetting } from '../../src/renderer/features/train/settings.ts';
import { duration, fraction, megabytes, percent } from '../../src/renderer/ui/format.ts';

const entry = (id: string, over: Partial<ImageEntry> = {}): ImageEntry => ({
  id, split: id.split('/')[0], name: id, width: 4, height: 4, hasMask: true, state: 'labelled', problems: [], classPixels: [8, 4, 4], imageStamp: 's', revision: 'r', surveyed: true, editedAt: null, ...over,
});
const all: LibraryFilter = { split: 'all', mask: 'all', classId: null, problems: false, sort: 'name', size: 100 };

test('the library filters by split, mask, class and problems, and sorts', () => {
  const images = [entry('train/a', { classPixels: [0, 16, 0] }), entry('train/b', { hasMask: false, classPixels: null }), entry('val/c', { problems: ['x'], editedAt: '2026' })];
  const ids = (filter: Partial<LibraryFilter>) => filterImages(images, { ...all, ...filter }).map(({ id }) => id);
  expect(ids({ split: 'train' })).toEqual(['train/a', 'train/b']);
  expect(ids({ mask: 'without' })).toEqual(['train/b']);
  expect(ids({ classId: 0 })).toEqual(['val/c']);
  expect(ids({ problems: true })).toEqual(['val/c']);
  expect(ids({ sort: 'least-labelled' })[0]).toBe('train/b');
  expect(ids({ sort: 'newest-edit' })[0]).toBe('val/c');
  expect(labelledShare(images[2])).toBeCloseTo(0.75);
});

test('class shares are sorted, with what is not labelled last', () => {
  const rows = classRows([2, 6, 2], [{ id: 0, name: 'a', color: [1, 1, 1] }, { id: 1, name: 'b', color: [2, 2, 2] }]);
  expect(rows.map(({ name, share }) => [name, share])).toEqual([['b', 0.6], ['a', 0.2], ['Not labelled', 0.2]]);
  expect(classRows(null, [])).toEqual([]);
});

test('class keys reach the first twelve classes and lead back', () => {
  for (let id = 0; id < 12; id++) expect(classOfKey(classKey(id), 12)).toBe(id);
  expect(classOfKey('9', 5)).toBeNull();
  expect(classKey(12)).toBe('');
});

test('every setting of the recipe is there in every preset and can be written', () => {
  for (const name of ['light', 'reference', 'tiny']) {
    const config = structuredClone(findPreset(name).config);
    for (const { path } of settingGroups.flatMap(({ settings }) => settings)) {
      expect(readSetting(config, path)).toBeDefined();
      writeSetting(config, path, readSetting(config, path));
    }
    expect(config).toEqual(findPreset(name).config);
  }
});

test('the palette finds by words, what begins with them first', () => {
  const command = (label: string, hint: string) => ({ key: label, label, hint, run: () => undefined });
  const commands = [command('Go to Train', 'place'), command('train/0001', 'image'), command('first light', 'run')];
  expect(matches(commands, 'train').map(({ label }) => label)).toEqual(['train/0001', 'Go to Train']);
  expect(matches(commands, 'light run').map(({ label }) => label)).toEqual(['first light']);
  expect(matches(commands, 'zebra')).toEqual([]);
});

test('comparing runs shows only what differs', () => {
  const { config } = findPreset('tiny');
  expect(settingRows([config, withSetting(config, 'seed', 5)])).toEqual([{ path: 'seed', values: ['17', '5'] }]);
  expect(settingRows([config, config])).toEqual([]);
  expect(settingRows([config]).length).toBeGreaterThan(30);
});

test('numbers are shown with their units', () => {
  expect([fraction(0.43126), fraction(null), percent(0.125), duration(45), duration(1080), duration(7500), duration(null), megabytes(512), megabytes(2150)])
    .toEqual(['0.431', '–', '12.5 %', '45 s', '18 min', '2 h 5 min', '–', '512 MB', '2.1 GB']);
});
