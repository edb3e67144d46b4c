import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import { writeScene } from '../../scripts/sample/write-scene.ts';
import { root } from './workbench.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-test-'));
  folders.push(folder);
  return folder;
}

/** Stored values are ids, as in our PNG files of CamVid-11. */
export const identityFormat = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };

export interface DatasetOptions {
  layout?: 'segnet' | 'reference';
  width?: number;
  height?: number;
  train?: number;
  val?: number;
}

/** A small street data set, drawn. @returns its folder */
export async function makeDataset(options: DatasetOptions = {}): Promise<string> {
  const { layout = 'segnet', width = 64, height = 48, train = 4, val = 2 } = options;
  const folder = temporaryFolder();
  const names =
    layout === 'segnet'
      ? { train: ['train', 'trainannot'], val: ['val', 'valannot'] }
      : { train: ['train_images', 'train_labels'], val: ['valid_images', 'valid_labels'] };
  let seed = 500;
  for (const [split, count] of [
    ['train', train],
    ['val', val],
  ] as const) {
    const [images, labels] = names[split];
    for (const name of [images, labels]) mkdirSync(path.join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const [image, mask] = [images, labels].map((name) => path.join(folder, name, `${split}-${i}.png`));
      await writeScene({ image, mask }, { seed: ++seed, width, height });
    }
  }
  return folder;
}

/** The trainer as the tests start it: its source, which Node 24 runs as it stands. */
export const trainerHost = { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath };
