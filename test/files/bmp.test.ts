// A BMP mask is converted by what its pixels store, or refused with the reason.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pngOfBmp } from '#files/bmp';
import { AppError } from '#shared/errors';

interface Bmp {
  width: number;
  height: number;
  bits: 1 | 4 | 8 | 24;
  /** Entries of red, green and blue. */
  palette?: number[][];
  /** Bytes between palette and pixels: what some programs leave. */
  gap?: number;
  /** Rows from the highest to the lowest, each of its pixels' indexes, or of red, green and blue. */
  rows: number[][];
}

/** A file as its format's description has it: rows from the lowest, each filled up to four bytes. */
function bmp({ width, height, bits, palette = [], gap = 0, rows }: Bmp): Uint8Array {
  const begin = 54 + 4 * palette.length + gap;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const file = Buffer.alloc(begin + rowBytes * Math.abs(height));
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(begin, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(palette.length, 46);
  palette.forEach(([red, green, blue], at) => file.set([blue, green, red], 54 + 4 * at));
  rows.toReversed().forEach((row, y) => {
    const at = begin + y * rowBytes;
    row.forEach((value, x) => {
      if (bits === 24) file[at + x - (x % 3) + (2 - (x % 3))] = value;
      else if (bits === 8) file[at + x] = value;
      else file[at + Math.floor((x * bits) / 8)] |= value << (8 - bits - ((x * bits) % 8));
    });
  });
  return file;
}

const greys = Array.from({ length: 256 }, (_, value) => [value, value, value]);
const colours = [
  [128, 0, 0],
  [0, 0, 0],
  [7, 8, 9],
];
const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 12 }), gap: fc.constantFrom(0, 2) });
const rowsOf = ({ width, height }: { width: number; height: number }, values: number, channels = 1) =>
  fc.array(fc.array(fc.nat(values - 1), { minLength: width * channels, maxLength: width * channels }), {
    minLength: height,
    maxLength: height,
  });

describe('pixels are taken as they are stored', () => {
  test.each([
    { name: 'greys of 8 bits', bits: 8 as const, palette: greys, values: 256, colourType: 0 },
    { name: 'a palette of 8 bits', bits: 8 as const, palette: colours, values: 3, colourType: 3 },
    { name: 'a palette of 1 bit', bits: 1 as const, palette: colours.slice(0, 2), values: 2, colourType: 3 },
    { name: 'colours', bits: 24 as const, palette: [], values: 256, colourType: 2 },
  ])('$name', ({ bits, palette, values, colourType }) => {
    const files = sizes.chain((size) => rowsOf(size, values, bits === 24 ? 3 : 1).map((rows) => ({ ...size, rows })));
    fc.assert(
      fc.property(files, ({ rows, ...size }) => {
        const png = pngOfBmp(bmp({ ...size, bits, palette, rows }), 'mask.bmp');
        expect(png.header).toMatchObject({ width: size.width, height: size.height, depth: 8, colourType });
        expect([...png.samples]).toEqual(rows.flat());
        expect(png.palette && [...png.palette]).toEqual(colourType === 3 ? palette.flat() : null);
      }),
    );
  });
});

const sound: Bmp = { width: 3, height: 2, bits: 8, palette: colours, rows: Array.from({ length: 2 }, () => [0, 1, 2]) };
test.each([
  { name: 'cut off', file: bmp(sound).subarray(0, -1), says: /pixels end too early/ },
  { name: 'of 4 bits', file: bmp({ ...sound, bits: 4 }), says: /Supported number of bits per pixel/ },
  { name: 'from the top', file: bmp({ ...sound, height: -2 }), says: /3 x -2, and its rows must be stored from the lowest/ },
  {
    name: 'beyond its palette',
    file: bmp({ ...sound, rows: sound.rows.map(() => [0, 1, 3]) }),
    says: /a pixel that its palette does not have/,
  },
  { name: 'of an old kind', file: bmp(sound).fill(12, 14, 15), says: /older than Windows 3/ },
  { name: 'of no size', file: bmp({ ...sound, width: 0, rows: [] }), says: /0 x 2/ },
])('one $name is refused with the reason', ({ file, says }) => {
  expect(() => pngOfBmp(file, '/data/mask.bmp')).toThrow(says);
  expect(() => pngOfBmp(file, '/data/mask.bmp')).toThrow(/^\/data\/mask\.bmp .*: save the mask as a PNG$/);
});

test('whatever the bytes are, it is read or refused', () => {
  const file = Buffer.from(bmp(sound));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const changed = Buffer.from(file);
      for (const [at, value] of changes) changed[at] = value;
      try {
        expect(pngOfBmp(changed, 'mask.bmp').samples.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 2000 },
  );
});
