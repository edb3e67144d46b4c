// What lies around a PNG's pixels fills no memory, and its pixels no more than its size.
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeStoredMask } from '#files/mask-png';
import { encodeStoredMask } from '#files/mask-writing';
import { readPng } from '#files/png/png';
import { png, pngChunk, pngHeader } from '../../scripts/soak/hostile-files.ts';

const accept = () => undefined;

test('any mask comes out as it went in, also cut into many chunks of pixels', () => {
  const mask = fc
    .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) })
    .chain(({ width, height }) =>
      fc.tuple(fc.constant({ width, height }), fc.uint8Array({ minLength: width * height, maxLength: width * height })),
    );
  fc.assert(
    fc.property(mask, fc.integer({ min: 1, max: 50 }), ([size, values], step) => {
      const file = Buffer.from(encodeStoredMask({ ...size, values }));
      expect([...decodeStoredMask(file, 'm').values]).toEqual([...values]);
      const at = file.indexOf('IDAT') - 4;
      const data = file.subarray(at + 8, at + 8 + file.readUInt32BE(at));
      const parts = Array.from({ length: Math.ceil(data.length / step) }, (_, n) =>
        pngChunk('IDAT', data.subarray(n * step, (n + 1) * step)),
      );
      const cut = Buffer.concat([
        file.subarray(0, at),
        pngChunk('tEXt', Buffer.from('a\0b')),
        pngChunk('IDAT', Buffer.alloc(0)),
        ...parts,
        pngChunk('IEND', Buffer.alloc(0)),
      ]);
      expect([...decodeStoredMask(cut, 'm').values]).toEqual([...values]);
    }),
    { numRuns: 100 },
  );
});

test('more chunks of pixels than any writer makes are refused', () => {
  const many = Array.from({ length: 100_001 }, () => pngChunk('IDAT', Buffer.from([1])));
  expect(() => readPng(png(pngHeader(), Buffer.concat(many)), 'm.png', accept)).toThrow(
    'm.png is not a whole PNG: it has more than 100000 chunks',
  );
  const empty = Array.from({ length: 150_000 }, () => pngChunk('IDAT', Buffer.alloc(0)));
  const pixels = pngChunk('IDAT', deflateSync(Buffer.alloc(48 * 65)));
  expect(readPng(png(pngHeader(), Buffer.concat(empty), pixels), 'm.png', accept).samples).toHaveLength(64 * 48);
});

test('what is judged by its header is never unpacked', () => {
  const bomb = png(pngHeader(), pngChunk('IDAT', deflateSync(Buffer.alloc(64 << 20))));
  expect(() =>
    readPng(bomb, 'm.png', () => {
      throw new Error('not this one');
    }),
  ).toThrow('not this one');
  const before = process.memoryUsage().arrayBuffers;
  expect(() => readPng(bomb, 'm.png', accept)).toThrow('unpack to more than the 3120 bytes of its size');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
});
