// What a split is to a run, and which of its weights a prediction was made with, in the words that stand beside scores.
import { expect, test } from 'vitest';
import type { PredictionInfo } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import { splitRole, weightsText } from '../../src/renderer/state/split-role.ts';

const run = { id: 'r', status: 'finished', bestEpoch: 12 } as RunSummary;
const of = (split: string, told = split) => ({ split, protocol: { split: told } }) as PredictionInfo;

test('a split that a run learns from, one that it was chosen by, and one that it has not seen', () => {
  expect(splitRole(run, of('train'))).toContain('has learnt from these images');
  expect(splitRole(run, of('val'))).toContain('its best epoch was chosen by them');
  expect(splitRole(run, of('test'))).toBeNull();
});

test('nothing is said of what has learnt elsewhere, or of parts of a split', () => {
  expect(splitRole({ ...run, id: 'starter-1234' }, of('val'))).toBeNull();
  expect(splitRole(run, of('val', 'val, trained on but for part 2 of 5'))).toBeNull();
  expect(splitRole(undefined, of('train'))).toBeNull();
});

test('weights are told by their epoch, and as those of before where the run has better ones', () => {
  expect(weightsText(run, false)).toBe('best weights, epoch 12');
  expect(weightsText({ ...run, bestEpoch: null }, false)).toBe('last weights');
  expect(weightsText(run, true)).toBe('weights of an earlier epoch');
  expect(weightsText({ ...run, status: 'running' }, false)).toBeNull();
});
