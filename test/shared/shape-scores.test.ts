// Boundaries and objects: against a plain count of every pair of pixels, and against what is counted by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import { shapeCounts, shapeScores } from '#shared/metrics/shape-scores';

/** Masks drawn in letters: a to d are classes, a dot is void. */
function drawn(rows: readonly string[]): { ids: Uint8Array; size: { width: number; height: number } } {
  const ids = Uint8Array.from(rows.join(''), (letter) => (letter === '.' ? voidId : letter.charCodeAt(0) - 97));
  return { ids, size: { width: rows[0].length, height: rows.length } };
}

const scoresOf = (label: readonly string[], prediction: readonly string[], classes: number) => {
  const { ids, size } = drawn(label);
  return shapeScores([shapeCounts(ids, drawn(prediction).ids, size, classes)], classes)!;
};

test('boundary F is as counted by hand: an edge 3 px away is met, one 4 px away is not', () => {
  const label = Array.from({ length: 4 }, () => 'aaaaaabbbbbbbbbb');
  const moved = (by: number) => Array.from({ length: 4 }, () => 'a'.repeat(6 + by) + 'b'.repeat(10 - by));
  expect(scoresOf(label, label, 3).map(({ boundaryF }) => boundaryF)).toEqual([1, 1, null]);
  expect(scoresOf(label, moved(3), 2).map(({ boundaryF }) => boundaryF)).toEqual([1, 1]);
  expect(scoresOf(label, moved(4), 2).map(({ boundaryF }) => boundaryF)).toEqual([0, 0]);
  // Half of the predicted edge is 5 px away: its corner has neighbours that are met. Of a's predicted boundary (2 rows at column 5, 2 at
  // column 10, and the step's row between: columns 6 to 10 of the third row) 2 + 3 of 8 are met, of its labelled 4 all but none.
  const half = [...moved(0).slice(0, 2), ...moved(5).slice(2)];
  const [a] = scoresOf(label, half, 2);
  const predicted = new Set(['5,0', '5,1', '6,2', '7,2', '8,2', '9,2', '10,2', '10,3']);
  const labelled = ['5,0', '5,1', '5,2', '5,3'];
  const near = (one: string, others: Iterable<string>) =>
    [...others].some((other) => {
      const [[x, y], [u, v]] = [one, other].map((place) => place.split(',').map(Number));
      return (x - u) ** 2 + (y - v) ** 2 <= 9;
    });
  const precision = [...predicted].filter((place) => near(place, labelled)).length / predicted.size;
  const recall = labelled.filter((place) => near(place, predicted)).length / labelled.length;
  expect([precision, recall]).toEqual([5 / 8, 1]);
  expect(a.boundaryF).toBeCloseTo((2 * (5 / 8)) / (5 / 8 + 1), 12);
});

test('what the label leaves void is no boundary, and nothing predicted there counts', () => {
  const scores = scoresOf(['aaa...bbb', 'aaa...bbb'], ['aaaabbbbb', 'aaaabbbbb'], 2);
  expect(scores.map(({ boundaryF }) => boundaryF)).toEqual([null, null]);
});

test('an object is found that is predicted by half; each size is counted by itself', () => {
  const label = Array.from({ length: 40 }, (_, y) => `${'a'.repeat(40)}${y < 2 ? 'bb' : 'cc'}aaaa${y === 9 ? 'b' : 'a'}aaa`);
  const prediction = label.map((row, y) => (y === 0 ? row.replace('bb', 'ba') : row.replaceAll('b', 'a')));
  const [a, b, c] = scoresOf(label, prediction, 3);
  // Left of the strip 1,600 pixels, right of it 40 rows of 8 less one.
  expect(a.objects).toEqual([
    { recall: 1, count: 1 },
    { recall: 1, count: 1 },
    { recall: null, count: 0 },
  ]);
  expect(b.objects[0]).toEqual({ recall: 0, count: 2 });
  expect(c.objects[0]).toEqual({ recall: 1, count: 1 });
  const half = label.map((row, y) => (y === 0 ? row : row.replaceAll('b', 'a')));
  expect(scoresOf(label, half, 3)[1].objects[0]).toEqual({ recall: 0.5, count: 2 });
});

test('of any masks it counts what a plain comparison of every two pixels counts, and images add up', () => {
  const pixels = fc.uint8Array({ minLength: 99, maxLength: 99, max: 3 }).map((ids) => ids.map((id) => (id === 3 ? voidId : id)));
  const size = { width: 11, height: 9 };
  const plainBoundary = (ids: Uint8Array) =>
    [...ids.keys()].filter((i) => {
      const [x, y] = [i % 11, Math.floor(i / 11)];
      const beside = [x > 0 && i - 1, x < 10 && i + 1, y > 0 && i - 11, y < 8 && i + 11].filter((at) => at !== false);
      return ids[i] !== voidId && beside.some((at) => ids[at] !== voidId && ids[at] !== ids[i]);
    });
  const apart = (a: number, b: number) => ((a % 11) - (b % 11)) ** 2 + (Math.floor(a / 11) - Math.floor(b / 11)) ** 2;
  fc.assert(
    fc.property(pixels, pixels, (label, predicted) => {
      const prediction = predicted.map((id, i) => (id === voidId ? 0 : label[i] === voidId ? 0 : id));
      const seen = prediction.map((id, i) => (label[i] === voidId ? voidId : id));
      const counts = shapeCounts(label, prediction, size, 3);
      for (let id = 0; id < 3; id++) {
        const of = (ids: Uint8Array) => plainBoundary(ids).filter((i) => ids[i] === id);
        const [found, there] = [of(seen), of(label)];
        const met = (some: number[], others: number[]) => some.filter((i) => others.some((j) => apart(i, j) <= 9)).length;
        expect(counts.slice(id * 10, id * 10 + 4)).toEqual([found.length, met(found, there), there.length, met(there, found)]);
      }
      const [one, two] = [shapeScores([counts], 3), shapeScores([counts, counts, null], 3)];
      expect(two!.map(({ boundaryF }) => boundaryF)).toEqual(one!.map(({ boundaryF }) => boundaryF));
      expect(two!.map(({ objects }) => objects[0].count)).toEqual(one!.map(({ objects }) => 2 * objects[0].count));
    }),
    { numRuns: 60 },
  );
  expect(shapeScores([null], 3)).toBeNull();
});
