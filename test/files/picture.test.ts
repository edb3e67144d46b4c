// A picture is what a person sees of it, everywhere: turned as its file says, and on white where it is transparent.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { locks } from 'node:worker_threads';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openPicture, withPicture } from '#files/picture';
import { checkPicture } from '#files/picture-check';
import { decodeSample } from '#ml/data/decode';
import type { ImageEntry } from '#shared/contract/datasets';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { tiff } from '../helpers/tiff-file.ts';

/** Red at the left of what is stored, blue at its right: 8 x 4 pixels. */
const stored = () =>
  sharp(Buffer.from(Array.from({ length: 8 * 4 }, (_, i) => (i % 8 < 4 ? [255, 0, 0] : [0, 0, 255])).flat()), {
    raw: { width: 8, height: 4, channels: 3 },
  });
const rgb = (file: string) => withPicture(file, (image) => image.raw().toBuffer({ resolveWithObject: true }));

describe.each(['png', 'jpeg', 'webp', 'tiff'] as const)('a %s', (format) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of orientation %i is read as it is seen', async (orientation) => {
    const file = path.join(temporaryFolder(), `a.${format}`);
    const options = format === 'webp' ? { lossless: true } : format === 'jpeg' ? { quality: 100, chromaSubsampling: '4:4:4' } : {};
    writeFileSync(file, await stored().toFormat(format, options).withMetadata({ orientation }).toBuffer());
    const seen = await sharp(await sharp(file).autoOrient().png().toBuffer())
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { data, info } = await rgb(file);
    expect([info.width, info.height]).toEqual([seen.info.width, seen.info.height]);
    expect(data.equals(seen.data)).toBe(true);
    const picture = await openPicture(file);
    expect([picture.width, picture.height]).toEqual(orientation < 5 ? [8, 4] : [4, 8]);
    const sample = await decodeSample({ id: 'a', imageFile: file, maskFile: null }, null);
    expect([sample.width, sample.height, Buffer.from(sample.pixels).equals(seen.data)]).toEqual([info.width, info.height, true]);
    expect(picture.isShownAsItIs).toBe(format === 'jpeg' || (format !== 'tiff' && orientation === 1));
  });
});

test('what is transparent lies on white, and never shows the colour that is hidden in it', async () => {
  const file = path.join(temporaryFolder(), 'a.png');
  writeFileSync(
    file,
    await sharp(Buffer.from([255, 0, 0, 0, 0, 0, 255, 255]), { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer(),
  );
  const { pixels } = await decodeSample({ id: 'a', imageFile: file, maskFile: null }, null);
  expect([...pixels]).toEqual([255, 255, 255, 0, 0, 255]);
  expect((await openPicture(file)).isShownAsItIs).toBe(false);
});

test('a picture of more bands than a photo has is refused by its name, and not read as if they were its pixels', async () => {
  const file = path.join(temporaryFolder(), 'five bands.tif');
  const band = { raw: { width: 4, height: 2, channels: 1 as const } };
  await sharp({ create: { width: 4, height: 2, channels: 3, background: 'teal' } })
    .joinChannel([Buffer.alloc(8, 9), Buffer.alloc(8, 200)], band)
    .tiff({ compression: 'none' })
    .toFile(file);
  await expect(decodeSample({ id: 'a', imageFile: file, maskFile: null }, null)).rejects.toThrow(
    `${file} cannot be decoded: its 5 bands are not the colours of a photo: save it as RGB`,
  );
});

describe('a TIFF whose samples are no colours that everybody knows is refused', () => {
  const fileOf = (content: Uint8Array) => {
    const file = path.join(temporaryFolder(), 'a.tif');
    writeFileSync(file, content);
    return file;
  };
  const size = { width: 4, height: 2, kind: 2, samples: Array.from({ length: 32 }, (_, at) => 40 * (at % 4)) } as const;

  test.each<[string, Uint8Array, string]>([
    ['fractions', tiff({ ...size, bits: 32, channels: 3, samples: [], also: [[339, 3, 1, 3]] }), 'its samples are fractions or have signs'],
    ['a fourth band of light', tiff({ ...size, bits: 8, channels: 4, also: [[338, 3, 1, 0]] }), 'its fourth band is not said to be'],
    ['one that is told nothing of', tiff({ ...size, bits: 8, channels: 4 }), 'its fourth band is not said to be'],
    ['cut off', tiff({ ...size, bits: 8, channels: 3, samples: size.samples.slice(0, 24), missing: 7 }), 'it is damaged or cut off'],
    [
      'packed in its own way',
      tiff({ ...size, bits: 8, channels: 3, samples: [], compression: 50000 }),
      'it is packed in a way that is not read',
    ],
  ])('%s', async (_, content, rule) => {
    const file = fileOf(content);
    await expect(decodeSample({ id: 'a', imageFile: file, maskFile: null }, null)).rejects.toThrow(`${file} cannot be decoded: ${rule}`);
    await expect(checkPicture(file)).rejects.toThrow(rule);
  });

  test('and one whose fourth band is transparency is a photo', async () => {
    const file = fileOf(tiff({ ...size, bits: 8, channels: 4, also: [[338, 3, 1, 2]] }));
    expect((await decodeSample({ id: 'a', imageFile: file, maskFile: null }, null)).width).toBe(4);
  });
});

test('a turned photo has its seen size, and a mask as its bytes lie is told; what the window shows is turned as well', async () => {
  const folder = await makeDataset({ train: 2, val: 1 });
  const photo = path.join(folder, 'train/train-0.png');
  writeFileSync(photo, await sharp(photo).withMetadata({ orientation: 6 }).png().toBuffer());
  const bench = createBench();
  const { id } = await bench.call<{ id: string }>('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  const entry = (await bench.call<ImageEntry[]>('datasets.images')).find((each) => each.id === 'train/train-0')!;
  expect(entry).toMatchObject({ width: 48, height: 64, state: 'problem', problems: [{ kind: 'turned' }] });
  const shown = await bench.workbench.assets.handle(new Request(`http://h/asset/${id}/image/train/train-0`));
  const { width, height, orientation } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata();
  expect([width, height, orientation]).toEqual([48, 64, undefined]);
});

test('a small photo with much beside its pixels, as cameras write them, waits for no large one', async () => {
  const file = path.join(temporaryFolder(), 'a.jpg');
  const plain = await stored().jpeg().toBuffer();
  const beside = Buffer.alloc(60_000);
  beside.set([0xff, 0xe1]);
  beside.writeUInt16BE(beside.length - 2, 2);
  writeFileSync(file, Buffer.concat([plain.subarray(0, 2), beside, plain.subarray(2)]));
  const held = Promise.withResolvers<void>();
  const holding = locks.request('a large picture', () => held.promise);
  const late = new Promise((resolve) => setTimeout(resolve, 2000, 'waits'));
  expect(await Promise.race([rgb(file).then(() => 'read'), late])).toBe('read');
  held.resolve();
  await holding;
});
