// A TIFF mask is converted by what its pixels store, or refused with the reason.
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'tiff';
import { pngOfTiff } from '#files/tiff';
import { AppError } from '#shared/errors';
import { tiff, type Tiff } from '../helpers/tiff-file.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-tiff-'));
afterAll(() => rmSync(folder, { recursive: true }));

function convert(content: Uint8Array) {
  const file = path.join(folder, 'm.tif');
  writeFileSync(file, content);
  return pngOfTiff(content, file);
}

const sides = fc.record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 9 }) });

describe('samples come as they are stored', () => {
  test.each([1, 8, 16].flatMap((bits) => [1, 0].map((kind) => ({ bits, kind }) as Pick<Tiff, 'bits'> & { kind: 0 | 1 })))(
    'grey: %o',
    async ({ bits, kind }) => {
      await fc.assert(
        fc.asyncProperty(sides, fc.infiniteStream(fc.integer({ min: 0, max: 2 ** bits - 1 })), async (size, stream) => {
          const samples = [...stream.take(size.width * size.height)];
          const png = await convert(tiff({ ...size, bits, kind, samples }));
          expect(png.header).toEqual({ ...size, depth: bits === 16 ? 16 : 8, colourType: 0, interlaced: false });
          expect([...png.samples]).toEqual(samples);
        }),
      );
    },
  );

  test('whatever profile says how they look', async () => {
    const raw = Uint8Array.from({ length: 3 * 64 }, (_, at) => (at * 37) % 256);
    const content = await sharp(raw, { raw: { width: 8, height: 8, channels: 3 } })
      .withIccProfile('p3')
      .tiff({ compression: 'none' })
      .toBuffer();
    expect((await sharp(content).metadata()).icc).toBeDefined();
    const png = await convert(content);
    expect([...png.samples]).toEqual([...(decode(content)[0].data as Uint8Array)]);
  });

  test('a palette keeps its numbers and its colours', async () => {
    const palette = [
      0,
      0xc8c8,
      0,
      ...Array<number>(253).fill(0),
      0,
      0,
      0xc8c8,
      ...Array<number>(253).fill(0),
      0x1414,
      ...Array<number>(255).fill(0),
    ];
    const png = await convert(tiff({ width: 3, height: 1, bits: 8, kind: 3, samples: [2, 0, 1], palette }));
    expect([png.header.colourType, [...png.samples], [...png.palette!.slice(0, 9)]]).toEqual([
      3,
      [2, 0, 1],
      [0, 0, 20, 200, 0, 0, 0, 200, 0],
    ]);
  });

  test('colours of 16 bits stay so, and channels that are alike are grey', async () => {
    const colours = [1000, 25700, 65535, 1, 2, 3];
    const png = await convert(tiff({ width: 2, height: 1, bits: 16, kind: 2, channels: 3, samples: colours }));
    expect([png.header.depth, png.header.colourType, [...png.samples]]).toEqual([16, 2, colours]);
    const grey = await convert(tiff({ width: 2, height: 1, bits: 8, kind: 2, channels: 3, samples: [7, 7, 7, 9, 9, 9] }));
    expect([grey.header.colourType, [...grey.samples]]).toEqual([0, [7, 9]]);
  });

  test.each(['none', 'lzw', 'deflate'] as const)('as another program packs them: %s', async (compression) => {
    const values = Buffer.from(Array.from({ length: 40 * 30 }, (_, at) => at % 11));
    const packed = await sharp(values, { raw: { width: 40, height: 30, channels: 1 } })
      .tiff({ compression, predictor: 'none' })
      .toBuffer();
    expect([...(await convert(packed)).samples]).toEqual([...values]);
  });
});

describe('what cannot be taken as it is stored is refused, and how to help it', () => {
  const grey = { width: 4, height: 2, kind: 1, samples: [0, 1, 2, 3, 4, 5, 6, 7] } as const;
  test.each<[string, Uint8Array, RegExp]>([
    ['32 bits', tiff({ ...grey, bits: 32 }), /m\.tif is a TIFF of 32 bits a sample.*save the mask as a PNG/],
    ['two pages', tiff({ ...grey, bits: 8, pages: 2 }), /is a TIFF of several pages, and which of them is the mask is not known/],
    ['JPEG inside', tiff({ ...grey, bits: 8, compression: 7 }), /is a TIFF packed as a JPEG, which changes labels/],
    ['cut off', tiff({ ...grey, bits: 8 }).slice(0, 12), /m\.tif is a TIFF that cannot be read/],
  ])('%s', async (_, content, words) => {
    await expect(convert(content)).rejects.toThrow(words);
  });

  test('a page that follows itself, for ever', async () => {
    const content = Buffer.from(tiff({ ...grey, bits: 8 }));
    const begin = content.readUInt32LE(4);
    content.writeUInt32LE(begin, begin + 2 + 12 * content.readUInt16LE(begin));
    await expect(convert(content)).rejects.toThrow('several pages');
  });

  test('a palette that has one colour twice', async () => {
    const palette = [
      1,
      1,
      9,
      ...Array<number>(253).fill(0),
      2,
      2,
      9,
      ...Array<number>(253).fill(0),
      3,
      3,
      9,
      ...Array<number>(253).fill(0),
    ];
    const content = tiff({ width: 2, height: 1, bits: 8, kind: 3, samples: [0, 1], palette });
    await expect(convert(content)).rejects.toThrow('has the colour 1 2 3 at 0 and at 1');
  });

  test('whatever its bytes are, it is read or refused in words', async () => {
    const whole = tiff({ ...grey, bits: 16 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        async (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            await convert(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

test.each([
  ['folders within folders without end', 0x8769, 4, 1, null],
  ['more values than the file has bytes', 0xc000, 1, 2_000_000, 'its tags take'],
])('%s are not followed', async (_, tag, type, count, why) => {
  // Its one folder points to itself, by two tags.
  const content = tiff({ width: 2, height: 1, bits: 8, kind: 1, samples: [1, 2] });
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const at = view.getUint32(4, true);
  const entries = view.getUint16(at, true);
  const grown = Buffer.alloc(content.length + 24 + 2 + 12 * entries + 4);
  grown.set(content);
  const folder = content.length;
  grown.writeUInt32LE(folder, 4);
  grown.writeUInt16LE(entries + 2, folder);
  grown.set(content.subarray(at + 2, at + 2 + 12 * entries), folder + 2);
  for (const index of [0, 1]) {
    const place = folder + 2 + 12 * (entries + index);
    grown.writeUInt16LE(index === 0 ? tag : tag + 1, place);
    if (tag === 0x8769 && index === 1) grown.writeUInt16LE(0x8825, place);
    grown.writeUInt16LE(type, place + 2);
    grown.writeUInt32LE(count, place + 4);
    grown.writeUInt32LE(folder, place + 8);
  }
  const begun = performance.now();
  if (why === null) expect([...(await convert(grown)).samples]).toEqual([1, 2]);
  else await expect(convert(grown)).rejects.toThrow(why);
  expect(performance.now() - begun).toBeLessThan(2000);
});

describe('what libtiff cannot read to its end is refused, and not taken for zeros', () => {
  const size = { width: 16, height: 64, bits: 8, kind: 1 } as const;
  const samples = Array.from({ length: 16 * 64 }, (_, at) => 1 + (at % 5));

  test.each([[50000], [34925]])('packed as %i', async (compression) => {
    await expect(convert(tiff({ ...size, samples, compression }))).rejects.toThrow(
      /cannot be decoded: it is packed in a way that is not read/,
    );
  });

  test('cut off', async () => {
    await expect(convert(tiff({ ...size, samples, missing: 300 }))).rejects.toThrow(/cannot be decoded: it is damaged or cut off/);
  });
});
