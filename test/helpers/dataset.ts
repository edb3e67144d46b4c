import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach } from 'vitest';
import { writeAtomic } from '#files/atomic-write';
import { encodeMask } from '#files/mask-png';
import { drawScene } from '../../scripts/sample/scene.ts';
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
      const scene = drawScene(++seed, width, height);
      await sharp(scene.pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(path.join(folder, images, `${split}-${i}.png`));
      writeAtomic(
        path.join(folder, labels, `${split}-${i}.png`),
        encodeMask({ width, height, ids: scene.mask }, identityFormat, { palette: null }),
      );
    }
  }
  return folder;
}

/** The trainer as the tests start it: its source, which Node 24 runs as it stands. */
export const trainerHost = { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath };
