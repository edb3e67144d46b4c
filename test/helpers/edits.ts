import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { EditState, OpenedMask } from '#shared/contract/edits';
import type { MaskPatch } from '#shared/mask/patch';
import { box } from './box-patch.ts';
import { makeDataset, temporaryFolder } from './dataset.ts';
import { createBench, type TestBench } from './services.ts';

type Caller = Pick<TestBench, 'call'>;

let strokes = 0;

/** The mask as a window opens it, its ids unpacked. */
export async function openMask(bench: Caller, imageId: string, window = 'test'): Promise<OpenedMask> {
  const opened = await bench.call<OpenedMask>('edits.open', { imageId, window });
  return { ...opened, ids: Uint8Array.from(inflateRawSync(opened.ids)) };
}

/** One stroke. @returns when it is durable */
export function stroke(bench: Caller, imageId: string, patch: MaskPatch, name = `test:${++strokes}`): Promise<{ seq: number }> {
  return bench.call('edits.stroke', { imageId, stroke: name, label: 'Brush', patch });
}

/** Fills a whole mask with a class and saves it. */
export async function paint(bench: Caller, imageId: string, classId: number): Promise<EditState> {
  const { width, height } = await openMask(bench, imageId);
  await stroke(bench, imageId, box(0, 0, width, height, classId));
  return bench.call<EditState>('edits.save', { imageId });
}

/** Ends a workbench and puts the files of some folders back as they are now: what a kill at this moment would leave of them. */
export async function endAsKilled({ workbench }: TestBench, folders: readonly string[]): Promise<void> {
  const found = folders.flatMap((at) => readdirSync(at).map((name) => [path.join(at, name), readFileSync(path.join(at, name))] as const));
  await workbench.shutDown();
  for (const [at, bytes] of found) writeFileSync(at, bytes);
}

/**
 * A data set that is open, whose first mask is to be painted on.
 * @param train images to train on
 * @returns its folder, that mask's file, and the bench with the folder that it can be started on again
 */
export async function openMasks(train: number): Promise<{ folder: string; file: string; userData: string; bench: TestBench }> {
  const folder = await makeDataset({ train, val: 1 });
  const userData = temporaryFolder();
  const bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  return { folder, file: path.join(folder, 'trainannot/train-0.png'), userData, bench };
}
