// Every form that a mask comes in: it is read as it is meant, and written back with nothing changed but what was painted.
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { codeText, decodeStoredMask } from '#files/mask-png';
import { newForm } from '#files/mask-form';
import { isOwnCode } from '#files/mask-legend';
import { recoded } from '#files/mask-recoding';
import { encodeStoredMask } from '#files/mask-writing';
import { readPng, writePng } from '#files/png/png';
import type { MaskFormat, Rgb } from '#shared/classes/class-info';
import { writtenPng, type WrittenPng } from '../../scripts/sample/png-writing.ts';

const channelsOf = [1, 0, 3, 1, 2, 0, 4];
const kinds = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ colourType: 0, depth })),
  ...[8, 16].map((depth) => ({ colourType: 2, depth })),
  ...[1, 2, 4, 8].map((depth) => ({ colourType: 3, depth })),
  ...[8, 16].flatMap((depth) => [4, 6].map((colourType) => ({ colourType, depth }))),
];
const colours: Rgb[] = [
  [0, 0, 0],
  [255, 255, 255],
  [128, 64, 128],
  [0, 0, 142],
  [7, 7, 7],
];
/** Few kinds of pixels, as masks have them: of classes, of none, and such that 8 bits cannot tell. */
const pixelArbitrary = (colourType: number, depth: number) => {
  const most = 2 ** depth - 1;
  const grey = fc.constantFrom(...[0, 1, 2, 3, 7, 11, 200, 255, 256, 40_000, most].filter((value) => value <= most));
  const alpha = fc.constantFrom(most, most, 0, Math.floor(most / 2));
  const scale = (byte: number) => (byte * most) / 255;
  const color = fc.oneof(
    fc.constantFrom(...colours).map((each) => each.map(scale)),
    grey.map((value) => [value, value, value]),
    fc.constant([most, 0, 1]),
  );
  if (colourType === 2) return color;
  if (colourType === 6) return fc.tuple(color, alpha).map(([rgb, a]) => [...rgb, a]);
  if (colourType === 4) return fc.tuple(grey, alpha).map(([value, a]) => [value, a]);
  return grey.map((value) => [value]);
};
const pngArbitrary: fc.Arbitrary<WrittenPng> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    width: fc.integer({ min: 1, max: 19 }),
    height: fc.integer({ min: 1, max: 11 }),
    interlaced: fc.boolean(),
    filters: fc.array(fc.constantFrom(0, 1, 2, 3, 4), { minLength: 1, maxLength: 5 }),
    beside: fc.constantFrom(
      [],
      [
        { type: 'gAMA', data: Buffer.from([0, 0, 177, 143]) },
        { type: 'tEXt', data: Buffer.from('Author\0A labeller') },
      ],
    ),
  })
  .chain(({ kind, ...rest }) => {
    const entries = Math.min(2 ** kind.depth, 256);
    const palette = Array.from({ length: entries }, (_, n) => colours[n % 7] ?? [n, 255 - n, n]).flat();
    const extra = kind.colourType === 3 ? { palette, transparency: [255, 128, 255].slice(0, entries) } : {};
    return fc
      .array(pixelArbitrary(kind.colourType, kind.depth), { minLength: rest.width * rest.height, maxLength: rest.width * rest.height })
      .map((pixels) => ({ ...kind, ...rest, ...extra, samples: pixels.flat() }));
  });

const byValue: MaskFormat = {
  toId: Array.from({ length: 256 }, (_, value) => (value < 12 ? (value === 11 ? 255 : value) : -1)),
  voidValue: 11,
};
const byColour: MaskFormat = {
  toId: Array.from({ length: 256 }, (_, code) => (code < 4 ? (code === 0 ? 255 : code - 1) : -1)),
  voidValue: 0,
  by: 'colour',
  colours: Array.from({ length: 256 }, (_, code) => (code < 4 ? colours[code] : null)),
};

const samplesOf = (content: Uint8Array) => readPng(content, 'm.png', () => undefined);
/** Red, green, blue and alpha of each pixel, of 16 bits: what any other program sees. */
function seen(content: Uint8Array): number[][] {
  const { header, samples, palette, transparency } = samplesOf(content);
  const channels = channelsOf[header.colourType];
  const full = (sample: number) => (sample * 65_535) / (2 ** header.depth - 1);
  return Array.from({ length: samples.length / channels }, (_, pixel) => {
    const here = [...samples.subarray(pixel * channels, (pixel + 1) * channels)];
    if (header.colourType === 3) {
      const [place] = here;
      return [...palette!.subarray(3 * place, 3 * place + 3), transparency?.[place] ?? 255].map((byte) => byte * 257);
    }
    const scaled = here.map(full);
    const grey = header.colourType === 0 || header.colourType === 4;
    const alpha = header.colourType >= 4 ? scaled.at(-1)! : 65_535;
    return [...(grey ? [scaled[0], scaled[0], scaled[0]] : scaled.slice(0, 3)), alpha];
  });
}

describe('a PNG', () => {
  test('of any depth, colour type, passes and filters gives the samples that were written', () => {
    fc.assert(
      fc.property(pngArbitrary, (png) => {
        const { samples, header } = samplesOf(writtenPng(png));
        expect([...samples]).toEqual(png.samples);
        expect(header.interlaced).toBe(png.interlaced);
      }),
      { numRuns: 400 },
    );
  });

  test('is read as libvips reads it', async () => {
    const png: WrittenPng = {
      width: 13,
      height: 9,
      depth: 8,
      colourType: 2,
      interlaced: true,
      filters: [4, 3, 2, 1, 0],
      samples: Array.from({ length: 13 * 9 * 3 }, (_, i) => (i * 37) % 251),
    };
    const file = writtenPng(png);
    expect([...(await sharp(file).raw().toBuffer())]).toEqual([...samplesOf(file).samples]);
    // And what we write of it in passes.
    const ours = writePng(readPng(file, 'm.png', () => undefined));
    expect((await sharp(ours).metadata()).isProgressive).toBe(true);
    expect([...(await sharp(ours).raw().toBuffer())]).toEqual([...samplesOf(file).samples]);
  });
});

describe.each([
  ['value', byValue],
  ['colour', byColour],
] as const)('a mask whose pixels name classes by %s', (_, format) => {
  test('is written back as it was, in whatever form, values and depth: no other byte means anything else', () => {
    fc.assert(
      fc.property(pngArbitrary, (png) => {
        const file = writtenPng(png);
        const mask = decodeStoredMask(file, 'm.png', format);
        const back = encodeStoredMask(mask, mask.form);
        const [was, is] = [samplesOf(file), samplesOf(back)];
        expect([...is.samples]).toEqual([...was.samples]);
        expect(is.header).toEqual(was.header);
        expect([is.palette, is.transparency, is.beside]).toEqual([was.palette, was.transparency, was.beside]);
      }),
      { numRuns: 400 },
    );
  });

  test('changes in the pixel that is painted and in no other, which becomes the class', () => {
    fc.assert(
      fc.property(pngArbitrary, fc.nat(), fc.constantFrom(0, 1, 2, 255), (png, at, id) => {
        const file = writtenPng(png);
        const mask = decodeStoredMask(file, 'm.png', format);
        const pixel = at % mask.values.length;
        const painted = mask.values.slice();
        painted[pixel] = id === 255 ? format.voidValue : format.toId.indexOf(id);
        const back = encodeStoredMask({ ...mask, values: painted }, mask.form);
        const again = decodeStoredMask(back, 'm.png', format);
        expect(again.toId[again.values[pixel]]).toBe(id);
        const [was, is] = [seen(file), seen(back)];
        const [before, after] = [samplesOf(file), samplesOf(back)];
        // By value a file may have to grow in depth, which keeps the values and not the greys.
        if (before.header.depth !== after.header.depth && after.header.colourType === 0) {
          const others = [...after.samples].filter((__, index) => index !== pixel);
          expect(others).toEqual([...before.samples].filter((__, index) => index !== pixel));
        } else expect(is.filter((__, index) => index !== pixel)).toEqual(was.filter((__, index) => index !== pixel));
      }),
      { numRuns: 600 },
    );
  });
});

test('a code keeps what it stands for, however the file is changed and read again', () => {
  const png = { width: 4, height: 1, depth: 8, colourType: 2 };
  const first = decodeStoredMask(writtenPng({ ...png, samples: [9, 9, 1, 8, 8, 1, 0, 0, 142, 9, 9, 1] }), 'm.png', byColour);
  const kindsKnown = [0, 1].map((pixel) => {
    const code = first.values[pixel];
    return {
      code,
      colourType: 2 as const,
      depth: 8,
      samples: [...first.form.legend![code]!],
      color: [...first.form.legend![code]!] as Rgb,
    };
  });
  const next = writtenPng({ ...png, samples: [8, 8, 1, 8, 8, 1, 5, 5, 5, 9, 9, 1] });
  const again = decodeStoredMask(next, 'm.png', byColour, kindsKnown);
  expect([again.values[0], again.values[3]]).toEqual([first.values[1], first.values[0]]);
  expect(codeText(again.values[2], again.form)).toBe('colour 5 5 5');
});

test('a smoothed mask, a photo and other formats are refused in words', async () => {
  const photo = await sharp({
    create: { width: 40, height: 40, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 }, background: '#000' },
  })
    .png()
    .toBuffer();
  expect(() => decodeStoredMask(photo, 'm.png', byColour)).toThrow(
    /m\.png has more than \d+ colours or values that are not in the class set/,
  );
  const drawn = sharp({ create: { width: 4, height: 4, channels: 3, background: '#804080' } });
  await expect(async () => decodeStoredMask(await drawn.clone().jpeg().toBuffer(), 'm.png', byColour)).rejects.toThrow(
    'is a JPEG, whose compression has changed its labels',
  );
  await expect(async () => decodeStoredMask(await drawn.clone().tiff().toBuffer(), 'm.png', byColour)).rejects.toThrow('is a TIFF');
});

test('a palette grows by the colours of its classes, and a mask that there was not is written as its data set is', () => {
  const palette = [0, 0, 0, 128, 64, 128];
  const file = writtenPng({ width: 2, height: 1, depth: 1, colourType: 3, palette, samples: [0, 1] });
  const coloured: MaskFormat = { ...byValue, colours: Array.from({ length: 256 }, (_, code) => (code < 12 ? [code, 100, 200] : null)) };
  const mask = decodeStoredMask(file, 'm.png', coloured);
  const grown = samplesOf(encodeStoredMask({ ...mask, values: Uint8Array.of(0, 3) }, mask.form));
  expect(grown.header.depth).toBe(2);
  expect([...grown.palette!]).toEqual([...palette, 2, 100, 200, 3, 100, 200]);
  const fresh = samplesOf(encodeStoredMask({ width: 2, height: 1, values: Uint8Array.of(2, 0) }, newForm(byColour)));
  expect([fresh.header.colourType, ...fresh.samples]).toEqual([2, 128, 64, 128, 0, 0, 0]);
  const indexed = samplesOf(
    encodeStoredMask({ width: 1, height: 1, values: Uint8Array.of(2) }, newForm({ ...coloured, newMasks: 'palette' })),
  );
  expect([indexed.header.colourType, ...indexed.samples]).toEqual([3, 2]);
});

test('a value that is no class stays that value, whatever depth or colours the mask has by now', () => {
  const byValue: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => (value < 2 ? value : -1)), voidValue: 255 };
  const palette = Array.from({ length: 12 }, (_, n) => n * 20);
  const forms = [
    { colourType: 0, depth: 2 },
    { colourType: 0, depth: 4 },
    { colourType: 0, depth: 8 },
    { colourType: 3, depth: 2, palette },
    { colourType: 3, depth: 8, palette },
  ];
  const samples = [0, 1, 2, 3];
  const masks = forms.map((form) => decodeStoredMask(writtenPng({ ...form, width: 2, height: 2, samples }), 'x', byValue));
  for (const kept of masks)
    for (const now of masks) {
      const { values, form } = recoded(kept, now.form, byValue, 'x');
      expect([...values]).toEqual(samples);
      expect([...decodeStoredMask(encodeStoredMask({ width: 2, height: 2, values }, form), 'x', byValue).values]).toEqual(samples);
    }
});

test('a value that is no class stays that value between palettes, colours, alpha and 16 bits, or is refused', () => {
  const byValue: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => (value < 11 ? value : -1)), voidValue: 255 };
  // As most programs pad one: with black, which is the first class as a value.
  const palette = Array.from({ length: 768 }, (_, at) => (at < 33 ? at * 7 : 0));
  const size = { width: 2, height: 1 };
  const masks = {
    palette: writtenPng({ ...size, colourType: 3, depth: 8, palette, samples: [20, 3] }),
    grey: writtenPng({ ...size, colourType: 0, depth: 8, samples: [20, 3] }),
    'grey of 16 bits': writtenPng({ ...size, colourType: 0, depth: 16, samples: [20, 3] }),
    rgb: writtenPng({ ...size, colourType: 2, depth: 8, samples: [20, 20, 20, 3, 3, 3] }),
    rgba: writtenPng({ ...size, colourType: 6, depth: 8, samples: [20, 20, 20, 255, 3, 3, 3, 255] }),
  };
  const decoded = (content: Uint8Array) => decodeStoredMask(content, 'x', byValue);
  const named = ({ values, form, toId }: ReturnType<typeof decoded>) => [...values].map((code) => [codeText(code, form), toId[code]]);
  const expected = [
    ['value 20', -1],
    ['value 3', 3],
  ];
  for (const [from, content] of Object.entries(masks))
    for (const [to, other] of Object.entries(masks)) {
      // A mask of its own, which has no such value yet.
      const now = decoded(other).form;
      const bare = { ...now, legend: now.legend && now.legend.map((each, code) => (isOwnCode(code, byValue) ? each : null)) };
      const taken = recoded(decoded(content), bare, byValue, 'x');
      const file = encodeStoredMask({ ...size, values: taken.values }, taken.form);
      expect(named(decoded(file)), `${from} to ${to}`).toEqual(expected);
    }
  const wide = decoded(writtenPng({ ...size, colourType: 0, depth: 16, samples: [514, 3] }));
  expect(() => recoded(wide, decoded(masks.rgb).form, byValue, 'x')).toThrow('x has value 514, which is not in the class set');
});

test('a number that the palette has no entry for is none of the classes that get one, and is named by itself', () => {
  const byColour: MaskFormat = {
    toId: Array.from({ length: 256 }, (_, code) => (code < 2 ? code : code === 255 ? 255 : -1)),
    voidValue: 255,
    by: 'colour',
    own: [0, 1],
    colours: [[9, 9, 9], [128, 64, 128], ...Array<null>(253).fill(null), [0, 0, 0]],
  };
  const file = writtenPng({ colourType: 3, depth: 8, palette: [9, 9, 9, 1, 2, 3], width: 3, height: 1, samples: [0, 2, 2] });
  const before = decodeStoredMask(file, 'x', byColour);
  const [, foreign] = before.values;
  expect([codeText(foreign, before.form), before.toId[foreign]]).toEqual(['value 2', -1]);
  // A class is painted whose colour the palette lacks, also where the number is the last that there can be.
  const last = decodeStoredMask(
    writtenPng({ colourType: 3, depth: 8, palette: [9, 9, 9, 1, 2, 3], width: 3, height: 1, samples: [0, 255, 255] }),
    'x',
    byColour,
  );
  const painted = encodeStoredMask({ width: 3, height: 1, values: Uint8Array.of(1, last.values[1], last.values[2]) }, last.form);
  expect([...readPng(painted, 'x', () => undefined).samples]).toEqual([2, 255, 255]);
  const values = Uint8Array.of(1, before.values[1], before.values[2]);
  const after = decodeStoredMask(encodeStoredMask({ width: 3, height: 1, values }, before.form), 'x', byColour);
  expect([...after.values].map((code) => after.toId[code])).toEqual([1, -1, -1]);
});

test('a mask that is taken where codes are values keeps its own form', () => {
  const byValue: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => (value < 12 ? value : -1)), voidValue: 255 };
  const palette = Array.from({ length: 36 }, (_, n) => n * 7);
  const text = { type: 'tEXt', data: Buffer.from('Author\0Another') };
  const grey = decodeStoredMask(writtenPng({ colourType: 0, depth: 8, width: 2, height: 1, samples: [1, 2] }), 'x', byValue);
  const theirs = writtenPng({ colourType: 3, depth: 8, palette, width: 2, height: 1, samples: [3, 4], beside: [text] });
  const taken = recoded(decodeStoredMask(theirs, 'x', byValue), grey.form, byValue, 'x');
  const {
    header,
    palette: kept,
    beside,
  } = readPng(encodeStoredMask({ width: 2, height: 1, values: taken.values }, taken.form), 'x', () => undefined);
  expect([header.colourType, [...kept!], beside.map(({ type }) => type)]).toEqual([3, palette, ['tEXt']]);
});

test('what is foreign in one form and a class in another leaves that the class it is', () => {
  const byValue: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => (value < 3 ? value : -1)), voidValue: 255 };
  const now = decodeStoredMask(
    writtenPng({ colourType: 3, depth: 8, palette: [0, 0, 0, 128, 0, 0, 0, 128, 0], width: 1, height: 1, samples: [1] }),
    'x',
    byValue,
  );
  const theirs = decodeStoredMask(writtenPng({ colourType: 2, depth: 8, width: 1, height: 1, samples: [128, 0, 0] }), 'x', byValue);
  const { values, toId } = recoded(theirs, now.form, byValue, 'x', now.toId);
  expect([...values].map((code) => toId[code])).toEqual([1]);
});

test('what is read as a class stays so in another palette', () => {
  const toId = Array.from({ length: 256 }, (_, code) => (code < 1 ? code : code === 255 ? 255 : -1));
  const byColour: MaskFormat = {
    toId,
    voidValue: 255,
    by: 'colour',
    own: [0],
    colours: [[9, 9, 9], ...Array<null>(254).fill(null), [0, 0, 0]],
    also: { 'colour 1 2 3': 0 },
  };
  const mask = (palette: number[], samples: number[]) =>
    decodeStoredMask(writtenPng({ colourType: 3, depth: 8, palette, width: 2, height: 1, samples }), 'x', byColour);
  const [kept, now] = [mask([9, 9, 9, 1, 2, 3], [0, 1]), mask([9, 9, 9, 1, 2, 3, 5, 5, 5], [1, 2])];
  const { values, toId: readAs } = recoded(kept, now.form, byColour, 'x', now.toId);
  expect([...values].map((code) => readAs[code])).toEqual([0, 0]);
});
