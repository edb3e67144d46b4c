import { protocolText } from '#shared/metrics/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageEntry } from '#shared/contract/datasets';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import { checkConfig, findPreset, presets, withSetting } from '#shared/training/presets';
import type { EpochMetrics } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { classRows } from '../../src/renderer/features/library/class-rows.ts';
import {
  filterImages,
  hasFault,
  isUnlabelled,
  labelledShare,
  soundFilter,
  unfiltered,
  usualFilter,
  type LibraryFilter,
} from '../../src/renderer/state/image-filter.ts';
import { matches } from '../../src/renderer/state/palette.ts';
import { settingRows } from '#shared/training/compare-settings';
import { againstBaseline } from '../../src/renderer/features/runs/against.ts';
import { classLines, epochLine, scored } from '../../src/renderer/features/train/curves.ts';
import { runColumns } from '../../src/renderer/features/runs/columns.ts';
import { parallelAxes } from '../../src/renderer/features/runs/parallel.ts';
import { differingSettings, scoresBySetting } from '../../src/renderer/features/runs/sweep-scores.ts';
import { filterRuns, sortRuns, type RunOrder } from '../../src/renderer/features/runs/filter.ts';
import {
  changedCount,
  parseNumbers,
  readSetting,
  changedSettings,
  findSettings,
  settingGroups,
  valueText,
  writeSetting,
} from '../../src/renderer/features/train/settings.ts';
import { contrast, lineColour, parseColour } from '../../src/renderer/ui/colour.ts';
import { fitted, spread } from '../../src/renderer/ui/line-ends.ts';
import { envelope, lastKnown, smooth } from '../../src/renderer/ui/series.ts';
import { bytes, duration, fraction, megabytes, percent } from '../../src/renderer/ui/format.ts';
import { leastMs } from '../helpers/least-ms.ts';

const entry = (id: string, over: Partial<ImageEntry> = {}): ImageEntry => ({
  id,
  split: id.split('/')[0],
  name: id,
  width: 4,
  height: 4,
  hasMask: true,
  state: 'labelled',
  problems: [],
  classPixels: [8, 4, 4],
  imageStamp: 's',
  revision: 'r',
  surveyed: true,
  editedAt: null,
  ...over,
});
const all: LibraryFilter = { split: 'all', mask: 'all', className: null, problems: false, sort: 'name', size: 100 };

test('the library filters by split, mask, class and problems, and sorts', () => {
  const images = [
    entry('train/a', { classPixels: [0, 16, 0] }),
    entry('train/b', { hasMask: false, classPixels: null }),
    entry('val/c', { problems: [{ kind: 'mask', text: 'x' }], editedAt: '2026' }),
  ];
  const ids = (filter: Partial<LibraryFilter>) =>
    filterImages(images, { ...all, ...filter }, undefined, ['sky', 'road']).map(({ id }) => id);
  expect(ids({ split: 'train' })).toEqual(['train/a', 'train/b']);
  expect(ids({ mask: 'without' })).toEqual(['train/b']);
  expect(ids({ className: 'sky' })).toEqual(['val/c']);
  expect(ids({ problems: true })).toEqual(['val/c']);
  // What has no mask yet is no fault, as it is counted; asked for by itself it is shown.
  images.push(entry('val/d', { problems: [{ kind: 'no-mask', text: 'none yet' }], hasMask: false }));
  expect(ids({ problems: true })).toEqual(['val/c']);
  expect(images.filter(hasFault).map(({ id }) => id)).toEqual(['val/c']);
  images.pop();
  expect(ids({ sort: 'least-labelled' })[0]).toBe('train/b');
  expect(ids({ sort: 'newest-edit' })[0]).toBe('val/c');
  expect(labelledShare(images[2])).toBeCloseTo(0.75);
});

test('an image is without a label where that is known: not before it was looked at, nor where its mask cannot be read', () => {
  const empty = entry('train/empty', { classPixels: [0, 0, 16] });
  const unknown = entry('train/unknown', { surveyed: false, classPixels: null });
  const unread = entry('train/unread', { classPixels: null });
  const without = entry('train/without', { hasMask: false, classPixels: null });
  const labelled = entry('train/labelled');
  expect([empty, unknown, unread, without, labelled].filter(isUnlabelled)).toEqual([empty, without]);
  const sorted = filterImages([unread, labelled, unknown, empty], { ...all, sort: 'least-labelled' });
  expect(sorted).toEqual([empty, labelled, unread, unknown]);
});

test('a filter keeps what the data set has that it is for, and how images are shown', () => {
  const filter = { ...all, split: 'test', className: 'road', mask: 'with' as const, sort: 'newest-edit' as const };
  expect(soundFilter(filter, ['train', 'test'], ['sky', 'road'])).toEqual(filter);
  expect(soundFilter(filter, ['train', 'val'], ['void'])).toEqual({ ...filter, split: 'all', className: null });
  expect(unfiltered(filter)).toEqual({ ...usualFilter, sort: 'newest-edit', size: 100 });
});

test('class shares are sorted, with what is not labelled last', () => {
  const rows = classRows(
    [2, 6, 2],
    [
      { id: 0, name: 'a', color: [1, 1, 1] },
      { id: 1, name: 'b', color: [2, 2, 2] },
    ],
  );
  expect(rows.map(({ name, share }) => [name, share])).toEqual([
    ['b', 0.6],
    ['a', 0.2],
    ['Not labelled', 0.2],
  ]);
  expect(classRows(null, [])).toEqual([]);
});

const shownIn = (config: RunConfig) => settingGroups.flatMap(({ settings }) => settings).filter(({ when }) => when?.(config) ?? true);

test('every setting of every preset is shown once, and can be written', () => {
  const leaves = (value: unknown, path: string): string[] => {
    if (value === null || typeof value !== 'object') return [path];
    if (Array.isArray(value)) return path === 'data.size' ? ['data.size.0', 'data.size.1'] : [path];
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
  };
  for (const { config } of presets) {
    const shown = shownIn(config).map(({ path }) => path);
    const all = settingGroups.flatMap(({ settings }) => settings).map(({ path }) => path);
    expect(new Set(all).size).toBe(all.length);
    // The preset has cards, and a fold comes with a sweep and has a line of its own.
    const elsewhere = ['preset', 'fold'];
    expect(leaves(config, '').filter((path) => !elsewhere.includes(path) && !all.includes(path))).toEqual([]);
    const copy = structuredClone(config);
    for (const path of shown) {
      expect(readSetting(copy, path)).toBeDefined();
      writeSetting(copy, path, readSetting(copy, path));
    }
    expect(copy).toEqual(config);
  }
});

test("the ranges of the fields are the schema's", () => {
  for (const { config } of presets) {
    const accepts = (path: string, value: unknown) => {
      try {
        withSetting(config, path, value);
        return true;
      } catch {
        return false;
      }
    };
    for (const setting of shownIn(config)) {
      if (setting.kind === 'number') {
        const { path, min, max, step } = setting;
        const by = step === 1 ? 1 : Math.max(max - min, 1) * 1e-6;
        expect([
          path,
          accepts(path, max),
          accepts(path, max + by),
          accepts(path, min - by),
          accepts(path, min) || accepts(path, min + by),
        ]).toEqual([
          path,
          true,
          path === 'schedule.startDivisor' || path === 'schedule.endDivisor' || path === 'schedule.stepEpochs',
          false,
          true,
        ]);
      }
      if (setting.kind === 'choice' && setting.path !== 'schedule.kind')
        for (const [value] of setting.choices)
          expect([setting.path, value, accepts(setting.path, value)]).toEqual([setting.path, value, true]);
    }
  }
});

test('another schedule brings its own settings', () => {
  const config = structuredClone(findPreset('light').config);
  for (const kind of ['constant', 'step', 'poly', 'cosine', 'one-cycle']) {
    writeSetting(config, 'schedule.kind', kind);
    expect(checkConfig(structuredClone(config)).schedule.kind).toBe(kind);
    for (const { path } of shownIn(config)) expect(readSetting(config, path)).toBeDefined();
  }
});

test('changed settings are counted, and lists of numbers are read as people write them', () => {
  const { config } = findPreset('light');
  const changed = withSetting(withSetting(config, 'epochs', 3), 'seed', 5);
  expect(settingGroups.map((group) => changedCount(group, changed, config))).toEqual([2, 0, 0, 0, 0, 0, 0]);
  expect([
    parseNumbers('0.6, 1.2', 2),
    parseNumbers('312x416', 2),
    parseNumbers('', 2),
    parseNumbers('1', 2),
    parseNumbers('a, b', 2),
    parseNumbers('0.75 1 1.25', null),
  ]).toEqual([[0.6, 1.2], [312, 416], null, undefined, undefined, [0.75, 1, 1.25]]);
  expect([valueText([1, 2]), valueText(null), valueText(true)]).toEqual(['1, 2', '', 'true']);
});

describe('curves', () => {
  test('of 100,000 points keep every peak and stay within a screen', async () => {
    const x = Array.from({ length: 100_000 }, (_, i) => i);
    const y = x.map((i) => Math.sin(i / 900) + (i === 54_321 ? 9 : i === 77_777 ? -9 : 0));
    const shown = envelope({ x, y }, 4000);
    expect(await leastMs(() => envelope({ x, y }, 4000))).toBeLessThan(100);
    expect(shown.x.length).toBeLessThanOrEqual(4000);
    expect(shown.x.every((value, i) => i === 0 || value > shown.x[i - 1])).toBe(true);
    expect([shown.y[shown.x.indexOf(54_321)], shown.y[shown.x.indexOf(77_777)]]).toEqual([y[54_321], y[77_777]]);
  });

  test('of any length keep their lowest and highest value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 2, max: 60 }),
        (y, limit) => {
          const shown = envelope({ x: y.map((_, i) => i), y }, limit).y as number[];
          expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...y), Math.max(...y)]);
        },
      ),
    );
  });

  test('are smoothed without leaning to their first value, and gaps stay gaps', () => {
    expect(smooth([1, 2, 3], 0)).toEqual([1, 2, 3]);
    for (const value of smooth([5, 5, null, 5], 0.9)) expect(value === null ? 5 : value).toBeCloseTo(5, 9);
    expect(smooth([0, 10], 0.5)[1]).toBeCloseTo(20 / 3, 9);
  });
});

test('a line of a dark class stands out on the dark surface and keeps its colour where it can', () => {
  const [dark, light, ink, paper] = ['#17181b', '#ffffff', '#e8eaed', '#1b1d21'];
  for (const colour of ['rgb(64 0 128)', 'rgb(64 64 0)', 'rgb(128 0 0)', 'rgb(192 192 128)', 'rgb(0 0 0)']) {
    expect(contrast(parseColour(lineColour(colour, dark, ink))!, parseColour(dark)!)).toBeGreaterThanOrEqual(2.5);
    expect(contrast(parseColour(lineColour(colour, light, paper))!, parseColour(light)!)).toBeGreaterThanOrEqual(2.5);
  }
  expect(lineColour('rgb(192 192 128)', dark, ink)).toBe('rgb(192 192 128)');
  expect(lineColour('currentColor', dark, ink)).toBe('currentColor');
});

test('runs are found by words in name, tags and note, and by tag', () => {
  const run = (name: string, tags: string[], note = '') =>
    ({ name, tags, note, preset: 'light', status: 'finished', sweep: null }) as unknown as RunSummary;
  const runs = [run('wide crops', ['night']), run('narrow', [], 'for the night'), run('third', ['day'])];
  const found = (text: string, tag = '') => filterRuns(runs, text, tag).map(({ name }) => name);
  expect([found('night'), found('light wide'), found('', 'day'), found('night', 'day'), found('')]).toEqual([
    ['wide crops', 'narrow'],
    ['wide crops'],
    ['third'],
    [],
    ['wide crops', 'narrow', 'third'],
  ]);
});

test('runs come in the order of a column, what has no score last either way, and alike ones the newest first', () => {
  const run = (name: string, bestMiou: number | null, createdAt: string) =>
    ({ name, bestMiou, createdAt, status: 'finished', epochsDone: 1, durationSeconds: 1 }) as unknown as RunSummary;
  const runs = [run('b 10', 0.4, '2026-01-01'), run('b 9', 0.6, '2026-01-02'), run('a', null, '2026-01-03'), run('c', 0.4, '2026-01-04')];
  const ordered = (by: RunOrder, descending: boolean) => sortRuns(runs, { by, descending }).map(({ name }) => name);
  expect(ordered('miou', true)).toEqual(['b 9', 'c', 'b 10', 'a']);
  expect(ordered('miou', false)).toEqual(['c', 'b 10', 'b 9', 'a']);
  expect(ordered('name', false)).toEqual(['a', 'b 9', 'b 10', 'c']);
  expect(ordered('date', true)).toEqual(['c', 'a', 'b 9', 'b 10']);
  expect(ordered('status', false)).toEqual(['c', 'a', 'b 9', 'b 10']);
});

test('scores by a setting are the mean and deviation of the runs that have each value, a seed is no value to choose', () => {
  const { config } = findPreset('tiny');
  const run = (learningRate: number, seed: number, miou: number | null) => ({
    name: `${learningRate} ${seed}`,
    config: withSetting(withSetting(config, 'optimizer.learningRate', learningRate), 'seed', seed),
    miou,
  });
  const runs = [run(0.01, 1, 0.4), run(0.002, 1, 0.5), run(0.01, 2, 0.6), run(0.002, 2, null), run(1e-5, 1, 0.1)];
  expect(differingSettings(runs)).toEqual(['optimizer.learningRate', 'seed']);
  const scores = scoresBySetting(runs, 'optimizer.learningRate');
  expect(scores.map(({ value, runs: of }) => [Number(value), of.length])).toEqual([
    [1e-5, 1],
    [0.002, 1],
    [0.01, 2],
  ]);
  expect(scores[2].mean).toBeCloseTo(0.5, 12);
  // By hand: the deviation of 0.4 and 0.6 over n - 1.
  expect(scores[2].deviation).toBeCloseTo(Math.SQRT2 / 10, 12);
  expect([scores[1].mean, scores[1].deviation]).toEqual([0.5, null]);
  const [all] = scoresBySetting(runs, null);
  expect([all.runs.length, all.mean]).toEqual([4, expect.closeTo(0.4, 12)]);
  expect(differingSettings(runs.slice(0, 1))).toEqual([]);
});

test('runs lie on axes of the settings in which they differ and of their score', () => {
  const { config } = findPreset('tiny');
  const run = (rate: number, kind: string, miou: number | null) => ({
    name: `${rate} ${kind}`,
    config: withSetting(withSetting(config, 'optimizer.learningRate', rate), 'loss.region', kind),
    miou,
  });
  const [rates, kinds, score] = parallelAxes([run(1e-4, 'none', 0.2), run(1e-3, 'dice', 0.4), run(1e-2, 'none', null)]);
  // A hundredfold range by its logarithm.
  expect(rates.name).toBe('optimizer.learningRate');
  expect(rates.places).toEqual([0, expect.closeTo(0.5, 12), 1]);
  expect(rates.ticks.map(({ text }) => text)).toEqual(['0.0001', '0.01']);
  expect(kinds.ticks.map(({ text }) => text)).toEqual(['"dice"', '"none"']);
  expect(kinds.places).toEqual([1, 0, 1]);
  expect(score).toEqual({
    name: 'best mIoU',
    ticks: [
      { text: '0.200', at: 0 },
      { text: '0.400', at: 1 },
    ],
    places: [0, 1, null],
  });
  const near = parallelAxes([run(1e-3, 'none', 0.2), run(2e-3, 'none', 0.2), run(4e-3, 'none', 0.2)]);
  expect(near.map(({ places }) => places)).toEqual([
    [0, expect.closeTo(1 / 3, 12), 1],
    [0.5, 0.5, 0.5],
  ]);
});

test('a run is held against a baseline by its best epoch, class by class, by name', () => {
  const epoch = (number: number, miou: number, perClassIou: (number | null)[]) => ({ epoch: number, miou, perClassIou });
  const detail = (bestEpoch: number, names: string[], epochs: object[]) =>
    ({ summary: { bestEpoch }, classes: names.map((name, id) => ({ id, name, color: [0, 0, 0] })), epochs }) as unknown as RunDetail;
  const before = detail(2, ['sky', 'road'], [epoch(1, 0.1, [0.1, 0.1]), epoch(2, 0.5, [0.75, 0.25])]);
  const now = detail(1, ['road', 'sky', 'pole'], [epoch(1, 0.75, [0.5, null, 0.125])]);
  expect(againstBaseline(before, now)).toEqual([
    { name: 'mIoU', before: 0.5, now: 0.75, change: 0.25 },
    { name: 'road', before: 0.25, now: 0.5, change: 0.25 },
    { name: 'sky', before: 0.75, now: null, change: null },
    { name: 'pole', before: null, now: 0.125, change: null },
  ]);
});

test('columns of the runs: a difference to the baseline only where there is one', () => {
  const run = { id: 'a', status: 'finished', broken: null, bestMiou: 0.5, bestEpoch: null, sweep: null, device: null } as RunSummary;
  expect(runColumns(null).map(({ by }) => by)).not.toContain('gain');
  const gain = runColumns(run).find(({ by }) => by === 'gain')!;
  const other = { ...run, bestMiou: 0.625, measured: 'fold 1 of 5, 11 classes' };
  const baseline = { ...run, measured: 'val, 11 classes' };
  const held = runColumns(baseline).find(({ by }) => by === 'gain')!;
  expect([held.text(other), held.text({ ...other, measured: baseline.measured }), held.note!(baseline)]).toEqual([
    '+0.125 *',
    '+0.125',
    null,
  ]);
  expect(held.note!(other)).toMatch(/^Scored on fold 1 of 5, 11 classes; the baseline on val, 11 classes/);
  expect([gain.text(run), gain.text({ ...run, bestMiou: 0.625 }), gain.text({ ...run, bestMiou: null })]).toEqual([
    'baseline',
    '+0.125',
    '–',
  ]);
  expect(
    runColumns(null)
      .find(({ by }) => by === 'bestEpoch')!
      .text(run),
  ).toBe('–');
});

test('the palette finds by words, images after what one can do, and what begins with them first', () => {
  const command = (label: string, hint: string) => ({ key: label, label, hint, run: () => undefined });
  const commands = [command('Go to Train', 'place'), command('train/0001', 'image'), command('first light', 'run')];
  expect(matches(commands, 'train').map(({ label }) => label)).toEqual(['Go to Train', 'train/0001']);
  expect(matches(commands, 'light run').map(({ label }) => label)).toEqual(['first light']);
  expect(matches([command('Undo', 'annotate'), command('Do it', 'annotate')], 'do').map(({ label }) => label)).toEqual(['Do it', 'Undo']);
  expect(matches(commands, 'zebra')).toEqual([]);
});

test('comparing runs shows only what differs', () => {
  const { config } = findPreset('tiny');
  expect(settingRows([config, withSetting(config, 'seed', 5)])).toEqual([{ name: 'seed', values: ['17', '5'] }]);
  expect(settingRows([config, config])).toEqual([]);
  expect(settingRows([config]).length).toBeGreaterThan(30);
});

test('a protocol is told in one line, with what is not plain', () => {
  const plain = { split: 'val', classes: 11, void: '', resolution: 'input 416 x 312', scales: [1], flip: false };
  expect(protocolText(plain)).toBe('val, 11 classes, void left out, input 416 x 312');
  expect(protocolText({ ...plain, scales: [0.75, 1], flip: true })).toBe(
    'val, 11 classes, void left out, input 416 x 312, scales 0.75, 1, mirrored too',
  );
});

test('numbers are shown with their units', () => {
  expect([
    fraction(0.43126),
    fraction(null),
    percent(0.125),
    duration(45),
    duration(1080),
    duration(7500),
    duration(null),
    megabytes(512),
    megabytes(2150),
    bytes(5e5),
    bytes(1.13e8),
    bytes(2.4e9),
  ]).toEqual(['0.431', '–', '12.5 %', '45 s', '18 min', '2 h 5 min', '–', '512 MB', '2.1 GB', '500 kB', '113 MB', '2.4 GB']);
});

test('labels at the ends of lines do not cover each other, keep their order and stay within the plot', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -20, max: 220, noNaN: true }), { minLength: 1, maxLength: 12 }), (wanted) => {
      const placed = spread(wanted, 13, [6.5, 193.5]);
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
      for (let rank = 1; rank < order.length; rank++)
        expect(placed[order[rank]] - placed[order[rank - 1]]).toBeGreaterThanOrEqual(13 - 1e-9);
      expect(Math.min(...placed)).toBeGreaterThanOrEqual(6.5 - 1e-9);
      expect(Math.max(...placed)).toBeLessThanOrEqual(193.5 + 1e-9);
    }),
  );
  // Where there is room they stand where their lines end.
  expect(spread([20, 90, 50], 13, [6.5, 193.5])).toEqual([20, 90, 50]);
});

test('a label that is wider than its room loses its middle', () => {
  const widthOf = (text: string) => 10 * [...text].length;
  expect(fitted('light, seed 17', 140, widthOf)).toBe('light, seed 17');
  expect(fitted('light, seed 17', 139, widthOf)).toBe('light,…eed 17');
  expect(fitted('light, seed 17', 70, widthOf)).toBe('lig… 17');
  expect(fitted('light, seed 17', 5, widthOf)).toBe('…');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 10, max: 300 }), (label, room) => {
      expect(widthOf(fitted(label, room, widthOf))).toBeLessThanOrEqual(room);
    }),
  );
});

test('the curves of validation go on over epochs that were not scored', () => {
  const epoch = (epoch: number, miou: number | null) =>
    ({ epoch, loss: 1 / epoch, miou, perClassIou: miou === null ? [] : [miou, null] }) as EpochMetrics;
  const epochs = [epoch(1, null), epoch(2, 0.25), epoch(3, null), epoch(4, 0.5), epoch(5, 0.75)];
  expect(epochLine(epochs, 'loss').x).toEqual([1, 2, 3, 4, 5]);
  expect(epochLine(epochs, 'miou')).toEqual({ x: [2, 4, 5], y: [0.25, 0.5, 0.75] });
  expect(scored(epochs).map(({ epoch }) => epoch)).toEqual([2, 4, 5]);
  const classes = [0, 1].map((id) => ({ id, name: `class ${id}`, color: [0, 0, 0] as [number, number, number] }));
  expect(classLines(epochs, classes).map(({ x, y }) => [x, y])).toEqual([
    [
      [2, 4, 5],
      [0.25, 0.5, 0.75],
    ],
    [
      [2, 4, 5],
      [null, null, null],
    ],
  ]);
});

test("a line's newest point is its own: other lines go on, and what could not be measured is none to pass over", () => {
  expect(lastKnown([1, 2, undefined, undefined])).toBe(1);
  expect(lastKnown([1, undefined, null, undefined])).toBe(2);
  expect(lastKnown([undefined])).toBeNull();
  expect(lastKnown([])).toBeNull();
});

test('settings are found by words of their group, name, hint or path, and those that differ from the preset by themselves', () => {
  const { config } = findPreset('light');
  const paths = (text: string, changedFrom: RunConfig | null = null, of = config) =>
    findSettings(text, of, changedFrom && changedSettings(of, changedFrom)).flatMap(({ settings }) => settings.map(({ path }) => path));
  expect(paths('')).toEqual(shownIn(config).map(({ path }) => path));
  expect(paths('learningRate')).toContain('optimizer.learningRate');
  expect(paths('LEARNING rate')).toContain('optimizer.learningRate');
  expect(paths('rate of a teapot')).toEqual([]);
  // What means nothing in this recipe is not found either.
  expect(paths('beta1')).toEqual(['optimizer.beta1']);
  expect(paths('beta1', null, findPreset('reference').config)).toEqual([]);
  const changed = withSetting(config, 'epochs', 7);
  expect([paths('', config, config), paths('', config, changed), paths('rate', config, changed)]).toEqual([[], ['epochs'], []]);
});
