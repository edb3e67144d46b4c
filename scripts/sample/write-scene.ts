import { mkdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { encodeStoredMask } from '../../src/files/mask-writing.ts';
import { drawScene } from './scene.ts';

/** Where a scene goes: its photo, a PNG, and its mask, a grey PNG of CamVid-11's stored values. */
export interface SceneFiles {
  image: string;
  mask: string;
}

/** Draws a street scene and writes both its files, with their folders. */
export async function writeScene(
  { image, mask }: SceneFiles,
  { seed, width, height }: { seed: number; width: number; height: number },
): Promise<void> {
  const scene = drawScene(seed, width, height);
  mkdirSync(path.dirname(image), { recursive: true });
  await sharp(scene.pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(image);
  writeAtomic(mask, encodeStoredMask({ width, height, values: scene.mask }));
}
