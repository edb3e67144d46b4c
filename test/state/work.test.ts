// How far the work on images is: what a person says, what is counted of it, and what the Library shows by it.
import { beforeEach, expect, test, vi } from 'vitest';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { ImageWork, WorkMark } from '#shared/contract/work';
import { filterImages, usualFilter } from '../../src/renderer/state/image-filter.ts';
import { Toasts } from '../../src/renderer/state/toasts.svelte.ts';
import { WorkState } from '../../src/renderer/state/work.svelte.ts';

const image = (id: string, changes: Partial<ImageEntry> = {}) =>
  ({ id, name: id, split: 'train', editedAt: null, hasMask: true, problems: [], classPixels: [1, 0], ...changes }) as unknown as ImageEntry;
const images = [image('a'), image('b', { editedAt: '2026-01-01' }), image('c'), image('d')];
let hear: (changed: readonly ImageWork[]) => void;
let work: WorkState;
let toasts: Toasts;
const mark = vi.fn((asked: { images: { imageId: string; mark: WorkMark | null }[] }) =>
  Promise.resolve(asked.images.map(({ imageId }) => ({ imageId, mark: null, seconds: 0 }))),
);

beforeEach(() => {
  mark.mockClear();
  toasts = new Toasts();
  work = new WorkState({
    client: { work: { mark, all: () => Promise.resolve([]) } as never },
    images: new Map(images.map((each) => [each.id, each])),
    dataset: { id: 'x' } as DatasetInfo,
    isAway: false,
    toasts,
    attempt: async (todo) => (await todo(), true),
    on: (_, listener) => {
      hear = listener as typeof hear;
      return () => undefined;
    },
  });
  hear([
    { imageId: 'a', mark: 'done', seconds: 10 },
    { imageId: 'c', mark: 'look', seconds: 30 },
    { imageId: 'd', mark: null, seconds: 0 },
  ] as ImageWork[]);
});

test('stages are what is said, or else whether somebody has painted; time is the mean of those that were worked on', () => {
  expect(images.map((each) => work.stageOf(each))).toEqual(['done', 'work', 'look', 'new']);
  expect(work.progressOf(images)).toEqual({ counts: { new: 1, work: 1, done: 1, look: 1 }, secondsEach: 20 });
  expect(work.progressOf([])).toEqual({ counts: { new: 0, work: 0, done: 0, look: 0 }, secondsEach: 0 });
});

test('the Library shows the images of one stage, or of one problem', () => {
  const foreign = { kind: 'foreign' as const, text: 'has value 42', foreign: 'value 42' };
  const shown = [...images, image('e', { problems: [foreign], state: 'problem' })];
  const of = (filter: object) => filterImages(shown, { ...usualFilter, ...filter }, work.stageOf).map(({ id }) => id);
  expect(['done', 'work', 'look', 'new', 'all'].map((stage) => of({ work: stage }).join())).toEqual(['a', 'b', 'c', 'd,e', 'a,b,c,d,e']);
  expect(of({ problems: true })).toEqual(['e']);
  expect(of({ problems: true, problem: 'foreign:value 42' })).toEqual(['e']);
  expect(of({ problems: true, problem: 'foreign:value 7' })).toEqual([]);
});

test.each([
  [['a', 'c'], 'done', '2 images are done.'],
  [['a', 'c', 'd'], 'look', '3 images need a look.'],
  [['a', 'c'], null, '2 images have no mark any more.'],
  [['a'], null, 'a has no mark any more.'],
] as const)('what is said of %j can be taken back, in words that fit: %s', async (ids, said, text) => {
  await work.mark([...ids], said);
  expect(toasts.list.map((toast) => toast.text)).toEqual([text]);
  toasts.list[0].actions[0].run();
  await vi.waitFor(() => expect(mark).toHaveBeenCalledTimes(2));
  expect(mark.mock.lastCall![0].images).toEqual(ids.map((imageId) => ({ imageId, mark: null })));
});
