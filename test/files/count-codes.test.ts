import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countCodes } from '#files/mask-writing';

test('every pixel is counted once, wherever in memory a mask begins and however long it is', () => {
  const masks = fc.record({ offset: fc.nat(9), runs: fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 23 })), { maxLength: 40 }) });
  fc.assert(
    fc.property(masks, ({ offset, runs }) => {
      const values = runs.flatMap(([code, length]) => new Array<number>(length).fill(code));
      const memory = new Uint8Array(offset + values.length + 5).fill(77);
      memory.set(values, offset);
      const expected = new Array<number>(256).fill(0);
      for (const code of values) expected[code]++;
      expect([...countCodes(memory.subarray(offset, offset + values.length))]).toEqual(expected);
    }),
  );
});
