// How photos are turned before they are seen, as an established decoder turns them.
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { shownSize, storedAt } from '#files/orientation';

const size = { width: 5, height: 3 };
const stored = Uint8Array.from({ length: 15 }, (_, i) => i * 16);

test.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i is that of libvips', async (orientation) => {
  const tiff = await sharp(stored, { raw: { ...size, channels: 1 } })
    .withMetadata({ orientation })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  const { data, info } = await sharp(tiff).autoOrient().toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const shown = shownSize(size, orientation);
  expect({ width: info.width, height: info.height }).toEqual(shown);
  const from = storedAt(orientation, size);
  const ours = Array.from({ length: 15 }, (_, i) => stored[from(i % shown.width, Math.floor(i / shown.width))]);
  expect(ours).toEqual([...data]);
});
