// What a split is to a run, and which of its weights a prediction was made with, in the words that stand beside scores.
import { expect, test } from 'vitest';
import type { PredictionInfo, ReviewResult, UsedWeights } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import { splitRole, weightsText } from '../../src/renderer/state/split-role.ts';

const run = { id: 'r', status: 'finished', bestEpoch: 12 } as RunSummary;
const of = (split: string, told = split, learntFrom: number | null = null) =>
  ({ prediction: { split, protocol: { split: told } }, images: new Array(5).fill({}), learntFrom }) as unknown as ReviewResult;

test('a split that a run learns from, one that it was chosen by, and one that it has not seen', () => {
  expect(splitRole(run, of('train'))).toContain('has learnt from these images');
  expect(splitRole(run, of('train', 'train', 5))).toContain('has learnt from these images');
  expect(splitRole(run, of('val'))).toContain('its best epoch was chosen by them');
  expect(splitRole(run, of('val', 'val', 0))).toContain('its best epoch was chosen by them');
  expect(splitRole(run, of('test'))).toBeNull();
});

test('a split that was made anew is not called one that the run does not learn from', () => {
  expect(splitRole(run, of('val', 'val', 3))).toBe(
    'The run has learnt from 3 of these 5 images: this is no score of what it does elsewhere.',
  );
  expect(splitRole(run, of('test', 'test', 5))).toContain('has learnt from these images');
  // Of images that were of another split then.
  expect(splitRole(run, of('train', 'train', 0))).toBeNull();
});

test('nothing is said of what has learnt elsewhere, or of parts of a split', () => {
  expect(splitRole({ ...run, id: 'starter-1234' }, of('val'))).toBeNull();
  expect(splitRole(run, of('val', 'val, trained on but for part 2 of 5'))).toBeNull();
  expect(splitRole(undefined, of('train'))).toBeNull();
});

test('weights are told by what was kept of them; in predictions of before by what the run says, as far as it can', () => {
  const by = (weights: UsedWeights | null) => ({ weights }) as PredictionInfo;
  expect(weightsText({ ...run, bestEpoch: 120 }, by({ role: 'best', epoch: 30 }), true)).toBe('best weights, epoch 30');
  expect(weightsText({ ...run, status: 'running' }, by({ role: 'last', epoch: null }), false)).toBe('last weights');
  expect(weightsText(run, by(null), false)).toBe('best weights, epoch 12');
  expect(weightsText({ ...run, bestEpoch: null }, by(null), false)).toBe('last weights');
  expect(weightsText(run, by(null), true)).toBe('weights of an earlier epoch');
  expect(weightsText({ ...run, status: 'running' }, by(null), false)).toBeNull();
});
