// A window with three images under review, of the starter model's predictions.
import path from 'node:path';
import type { PredictionProgress } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { findPreset, withSetting } from '#shared/training/presets';
import { expect } from 'vitest';
import { ReviewState } from '../../src/renderer/state/review.svelte.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, eventually, openBench } from './window.ts';

/** Review as it is opened in a window; whoever asks destroys it. */
export async function reviewIn(window: TestWindow): Promise<ReviewState> {
  const state = new ReviewState(window.session);
  await state.load();
  return state;
}

/** A data set whose three images of val are predicted and under review; whoever asks destroys the review, then closes the window. */
export async function openReview(): Promise<{ folder: string; bench: TestBench; window: TestWindow; review: ReviewState }> {
  const { folder, bench, window } = await openBench({ train: 1, val: 3 });
  window.session.go('review');
  const run = await bench.call<RunSummary>('runs.addStarter');
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  expect(await done).toMatchObject({ state: 'finished', done: 3 });
  await eventually(() => window.session.runs.length > 0);
  return { folder, bench, window, review: await reviewIn(window) };
}

/** Trains another run for one epoch, and predicts val with it. @returns it and its prediction */
export async function anotherRun(bench: TestBench, seed = 17): Promise<{ run: RunSummary; predictionId: string }> {
  const ended = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  const config = { ...withSetting(withSetting(findPreset('tiny').config, 'epochs', 1), 'batchSize', 1), seed };
  const run = await bench.call<RunSummary>('training.start', { config, name: 'another' });
  await ended;
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  return { run, predictionId: (await done).predictionId };
}

/** The file of an image's label, in the folder of `openReview`. */
export const maskFileOf = (folder: string, imageId: string): string => path.join(folder, `${imageId.replace('val/', 'valannot/')}.png`);
