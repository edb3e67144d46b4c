import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { writeAtomic } from '#files/atomic-write';
import { greyForm, paletteForm } from '#files/mask-form';
import { encodeMask, readMask, readStoredMask } from '#files/mask-png';
import { builtInClassSet } from '#services/class-sets/class-set';
import { identityFormat, temporaryFolder } from '../helpers/dataset.ts';

test('any mask of a class set survives its PNG, to the last id', () => {
  const { format, classes } = builtInClassSet('camvid-11');
  const file = path.join(temporaryFolder(), 'mask.png');
  const mask = fc.tuple(fc.integer({ min: 1, max: 33 }), fc.integer({ min: 1, max: 33 })).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      ids: fc
        .array(fc.constantFrom(...classes.map(({ id }) => id), 255), { minLength: width * height, maxLength: width * height })
        .map((ids) => Uint8Array.from(ids)),
    }),
  );
  fc.assert(
    fc.property(mask, fc.boolean(), (each, withPalette) => {
      const form = withPalette ? paletteForm(Array.from({ length: 12 }, (_, i) => [i, i, i])) : greyForm;
      writeAtomic(file, encodeMask(each, format, form));
      const back = readMask(file, format);
      const { file: content, ...decoded } = back;
      expect(readFileSync(file).equals(content)).toBe(true);
      const expected = { ...each, ids: [...each.ids], form: { ...form, colours: format.colours }, illegal: [] };
      expect({ ...decoded, ids: [...back.ids] }).toEqual(expected);
      expect(Math.max(...readStoredMask(file).values)).toBeLessThanOrEqual(11);
    }),
    { numRuns: 60 },
  );
});

test('what another program reads from our mask is what we meant', async () => {
  const file = path.join(temporaryFolder(), 'mask.png');
  const ids = Uint8Array.from({ length: 20 }, (_, index) => index % 11);
  writeAtomic(file, encodeMask({ width: 5, height: 4, ids }, identityFormat));
  const { data, info } = await sharp(file).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  expect({ width: info.width, height: info.height, data: [...data] }).toEqual({ width: 5, height: 4, data: [...ids] });
});

test.each([
  [1, [0, 1]],
  [2, [0, 1, 2, 3]],
  [4, [0, 1, 2, 9, 15]],
] as const)('a grey PNG of %i bits is read by value', async (depth, values) => {
  const { encode } = await import('fast-png');
  const file = path.join(temporaryFolder(), 'mask.png');
  const [width, height] = [7, 3];
  const rowBytes = Math.ceil((width * depth) / 8);
  const packed = new Uint8Array(rowBytes * height);
  const expected: number[] = [];
  for (let i = 0; i < width * height; i++) {
    const value = values[i % values.length];
    const [y, x] = [Math.floor(i / width), i % width];
    const bit = x * depth;
    packed[y * rowBytes + (bit >> 3)] |= value << (8 - depth - (bit & 7));
    expected.push(value);
  }
  writeFileSync(file, encode({ width, height, data: packed, depth, channels: 1 }));
  expect([...readStoredMask(file).values]).toEqual(expected);
});

test('a failed write leaves the old file whole and no temporary file', () => {
  const folder = temporaryFolder();
  const target = path.join(folder, 'taken');
  mkdirSync(path.join(target, 'inside'), { recursive: true });
  expect(() => writeAtomic(target, 'new')).toThrow();
  expect(existsSync(path.join(target, 'inside'))).toBe(true);
  expect(readdirSync(folder)).toEqual(['taken']);
  const file = path.join(folder, 'file.txt');
  writeAtomic(file, 'one');
  writeAtomic(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
});
