// Files that are nearly sound: bytes of real ones, changed where readers look.
import fc from 'fast-check';

export interface Mutation {
  kind: 'set' | 'flip' | 'number' | 'cut' | 'double' | 'insert' | 'splice' | 'truncate' | 'word';
  /** Where, as a fraction of the length. */
  at: number;
  value: number;
  length: number;
}

/** Lengths, counts and sizes that readers trust at their peril. */
const numbers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
/** Pieces that formats know, and values that break those who do not look. */
const words = [
  'null',
  '[]',
  '{}',
  '-1',
  '1e999',
  '0',
  '""',
  'true',
  '"__proto__"',
  '[[[[',
  '{"a":',
  'NaN',
  '../',
  '\0',
  '\u{1f600}',
  '255',
  '1e308',
].map((text) => Buffer.from(text));

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'number', 'cut', 'double', 'insert', 'splice', 'truncate', 'word'),
  // Anywhere alike: doubles and small numbers would gather at the beginning.
  at: fc.noBias(fc.nat(1 << 20)).map((at) => at / (1 << 20)),
  value: fc.noBias(fc.nat(0xffffffff)),
  length: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 4096 })),
});

function put(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  changed.set(piece.subarray(0, Math.max(0, changed.length - at)), at);
  return changed;
}

function numberBytes(value: number, width: number, big: boolean): Buffer {
  const bytes = Buffer.alloc(8);
  if (big) bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value) << BigInt(64 - 8 * width)));
  else bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, width);
}

/** @param other bytes that a splice takes from */
export function mutate(bytes: Buffer, { kind, at: share, value, length }: Mutation, other: Buffer): Buffer {
  const at = Math.min(bytes.length, Math.floor(share * bytes.length));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case 'set':
      return put(bytes, at, Buffer.from([value & 255]));
    case 'flip':
      return put(bytes, at, Buffer.from([(bytes[at] ?? 0) ^ (1 << (value & 7))]));
    case 'number':
      return put(bytes, at, numberBytes(numbers[value % numbers.length], [1, 2, 4, 8][length & 3], (value >> 8) % 2 === 0));
    case 'cut':
      return Buffer.concat([before, after.subarray(length)]);
    case 'double':
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(Math.min(length, 64), value & 255), after]);
    case 'splice': {
      const from = value % Math.max(1, other.length);
      return Buffer.concat([before, other.subarray(from, from + length), after.subarray(length)]);
    }
    case 'truncate':
      return before;
    case 'word':
      return Buffer.concat([before, words[value % words.length], after.subarray(length % 3)]);
  }
}
