// How the end of a prediction is told: where Review does not show it, once, and never one that had ended before.
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { PredictionProgress } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import { predictionEnds } from '../../src/renderer/state/prediction-end.ts';
import { Toasts } from '../../src/renderer/state/toasts.svelte.ts';

afterAll(() => void vi.unstubAllGlobals());

let place: string;
let toasts: Toasts;
const go = vi.fn();
let hear: (progress: PredictionProgress) => void;

beforeEach(() => {
  // What a notification asks of the browser.
  vi.stubGlobal('window', {});
  place = 'annotate';
  toasts = new Toasts();
  go.mockClear();
  const runs = [{ id: 'r', name: 'street' } as RunSummary];
  const window = {
    runs,
    toasts,
    go,
    get place() {
      return place;
    },
  };
  hear = predictionEnds(window);
});

function goes(state: PredictionProgress['state'], message: string | null = null, predictionId = 'p'): void {
  hear({ predictionId, runId: 'r', split: 'val', done: 1, total: 2, secondsLeft: null, state, message });
}
const told = () => toasts.list.map(({ kind, text, actions }) => [kind, text, actions.map(({ label }) => label)]);

test('a prediction that is done is told where other things are done, with the way to it', () => {
  goes('running');
  goes('finished');
  expect(told()).toEqual([['info', 'val is predicted by "street".', ['Review']]]);
  toasts.list[0].actions[0].run();
  expect(go).toHaveBeenCalledExactlyOnceWith('review', { runId: 'r' });
});

test('in Review, and of one that was cancelled or had ended before, nothing is told', () => {
  goes('finished');
  goes('running');
  goes('cancelled');
  goes('running', null, 'q');
  goes('finished', null, 'p');
  place = 'review';
  goes('running');
  goes('finished');
  expect(told()).toEqual([]);
});

test('what failed, or was left out, is told wherever one is', () => {
  goes('running');
  goes('failed', 'the disk is full');
  place = 'review';
  goes('running');
  goes('finished', '2 images were left out');
  expect(told()).toEqual([
    ['error', 'Predicting val by "street": the disk is full', ['Review']],
    ['error', '2 images were left out', []],
  ]);
});
