// That a photo is whole is seen without turning its pixels into anything: by check sums, or decoded small.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { checkPicture } from '#files/picture-check';
import { revisionOf } from '#files/revision';
import { temporaryFolder } from '../helpers/dataset.ts';

const size = { width: 160, height: 120 };
const noise = Buffer.from(Array.from({ length: size.width * size.height * 3 }, (_, i) => (i * 7919 + (i >> 5) * 31) & 255));
const kinds: [string, (image: Sharp) => Sharp][] = [
  ['JPEG', (image) => image.jpeg()],
  ['progressive JPEG', (image) => image.jpeg({ progressive: true })],
  ['WebP', (image) => image.webp()],
  ['TIFF', (image) => image.tiff({ compression: 'lzw' })],
  ['PNG', (image) => image.png()],
  ['interlaced PNG', (image) => image.png({ progressive: true })],
  ['PNG that is turned', (image) => image.png().withMetadata({ orientation: 6 })],
];

test.each(kinds)('a %s tells its size, and is not whole where its end is missing', async (_, encode) => {
  const file = path.join(temporaryFolder(), 'photo.png');
  const bytes = await encode(sharp(noise, { raw: { ...size, channels: 3 } })).toBuffer();
  writeFileSync(file, bytes);
  const { autoOrient, orientation = 1 } = await sharp(bytes).metadata();
  expect(await checkPicture(file)).toEqual({ ...autoOrient, orientation, revision: revisionOf(readFileSync(file)) });
  for (const share of [0.3, 0.9, 0.99]) {
    writeFileSync(file, bytes.subarray(0, Math.floor(share * bytes.length)));
    await expect(checkPicture(file)).rejects.toMatchObject({ code: 'corrupt-file' });
  }
});
