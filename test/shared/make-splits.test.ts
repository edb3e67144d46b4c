import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeSplits, recordingOf, sequenceOf, withOthers } from '#shared/data/make-splits';

const named = (names: readonly string[]) => names.map((name) => ({ id: `images/${name}`, name }));

test.each([
  ['0001TP_006690', '0001TP'],
  ['Seq05VD_f00000', 'Seq05VD'],
  ['aachen_000000_000019', 'aachen_000000'],
  ['street-001', 'street'],
  ['frame 12', 'frame'],
  ['alone', 'alone'],
])('%s is of the recording %s', (name, sequence) => expect(sequenceOf(name)).toBe(sequence));

test('are the same whatever order the images come in', () => {
  const images = Array.from({ length: 30 }, (_, i) => ({ id: `train/${i}`, name: `${i}` }));
  const shares = { val: 0.2, test: 0.1 };
  expect(makeSplits(images.toReversed(), shares, 3, false)).toEqual(makeSplits(images, shares, 3, false));
});

test('every image goes to one split, the same way for the same seed, in about the shares asked for', () => {
  const of = fc.record({
    count: fc.integer({ min: 2, max: 120 }),
    val: fc.integer({ min: 1, max: 45 }),
    test: fc.integer({ min: 0, max: 45 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(of, ({ count, val, test: share, seed }) => {
      const images = named(Array.from({ length: count }, (_, index) => `a_${index}`));
      const made = makeSplits(images, { val: val / 100, test: share / 100 }, seed, false);
      expect(Object.values(made).flat().sort()).toEqual(images.map(({ id }) => id).sort());
      expect(makeSplits(images, { val: val / 100, test: share / 100 }, seed, false)).toEqual(made);
      expect(made.train.length).toBeGreaterThan(0);
      expect(Math.abs((made.val?.length ?? 0) - Math.round((count * val) / 100))).toBeLessThanOrEqual(1);
    }),
  );
});

test('a small set keeps an image for training and one for validation', () => {
  const made = makeSplits(named(['a', 'b', 'c', 'd']), { val: 0.38, test: 0.38 }, 0, false);
  expect(Object.fromEntries(Object.entries(made).map(([split, ids]) => [split, ids.length]))).toEqual({ train: 1, val: 2, test: 1 });
});

test('a recording is never in two splits', () => {
  const images = named(['a', 'b', 'c', 'd', 'e'].flatMap((sequence) => Array.from({ length: 20 }, (_, index) => `${sequence}_${index}`)));
  const made = makeSplits(images, { val: 0.2, test: 0.2 }, 3, true);
  expect(Object.values(made).map((ids) => ids.length)).toEqual([60, 20, 20]);
  for (const ids of Object.values(made)) {
    const others = Object.values(made)
      .filter((each) => each !== ids)
      .flat();
    const sequences = new Set(ids.map((id) => sequenceOf(id)));
    expect(others.some((id) => sequences.has(sequenceOf(id)))).toBe(false);
  }
});

test('recordings are told by their folders too, and not by the split that an image lies in', () => {
  const folders = ['a', 'b', 'c', 'd', 'e'];
  const images = folders.flatMap((folder) => Array.from({ length: 20 }, (_, n) => ({ id: `images/${folder}/frame_${n}` })));
  const made = makeSplits(images, { val: 0.4, test: 0 }, 1, true);
  const recordings = Object.values(made).map((ids) => new Set(ids.map((id) => id.split('/')[1])));
  expect(recordings.reduce((sum, { size }) => sum + size, 0)).toBe(5);
  expect(made['val']).toHaveLength(40);
  expect([recordingOf('train/0001TP_006690'), recordingOf('val/0001TP_009000')]).toEqual(['0001TP', '0001TP']);
});

test('images that are not split anew stay in the split that they are in', () => {
  const all = [
    { id: 'a', split: 'train' },
    { id: 'b', split: 'test' },
    { id: 'c', split: 'test' },
  ];
  const made = { train: ['b'], val: ['a'] };
  expect(withOthers(made, all)).toEqual({ train: ['b'], val: ['a'], test: ['c'] });
  expect(made).toEqual({ train: ['b'], val: ['a'] });
});

test('one long recording is split in no time', () => {
  const images = named(Array.from({ length: 60_000 }, (_, index) => `drive_${String(index).padStart(6, '0')}`));
  const since = performance.now();
  expect(Object.values(makeSplits(images, { val: 0.2, test: 0 }, 1, true)).flat()).toHaveLength(images.length);
  expect(performance.now() - since).toBeLessThan(2000);
});
