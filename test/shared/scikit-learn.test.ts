// Scores of a split are those of scikit-learn (test/golden/scores, made by the script beside it).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Confusion } from '#shared/metrics/confusion';
import { splitScores } from '#shared/metrics/split-scores';

interface Expected {
  classes: number;
  images: { label: number[]; prediction: number[] }[];
  confusion: number[][];
  accuracy: number;
  iou: (number | null)[];
  miou: number;
  precision: (number | null)[];
  recall: (number | null)[];
}

const expected = JSON.parse(readFileSync(path.join(import.meta.dirname, '../golden/scores/scores.json'), 'utf8')) as Expected;

test('the scores of a split equal scikit-learn’s, from the confusion matrices of its images', () => {
  const { classes } = expected;
  const images = expected.images.map(({ label, prediction }, n) => {
    const confusion = new Confusion(classes);
    confusion.add(label, prediction);
    return { id: String(n), confusion: [...confusion.counts], shapes: null };
  });
  const { confusion, miou, pixelAccuracy, perClass } = splitScores(images, classes);
  expect(confusion).toEqual(expected.confusion);
  expect(miou).toBeCloseTo(expected.miou, 12);
  expect(pixelAccuracy).toBeCloseTo(expected.accuracy, 12);
  for (const measure of ['iou', 'precision', 'recall'] as const)
    for (const [id, value] of expected[measure].entries()) {
      if (value === null) expect([measure, id, perClass[id][measure]]).toEqual([measure, id, null]);
      else expect(perClass[id][measure]).toBeCloseTo(value, 12);
    }
});
