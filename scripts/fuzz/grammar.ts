// Changes that keep a format's grammar: a reader is then asked what it thinks of a value, and not merely whether it can parse.
import { crc32 } from 'node:zlib';
import { decode, encode } from '@msgpack/msgpack';
import type { Mutation } from './mutate.ts';

type Path = readonly (string | number)[];

/** What a value may be replaced with. A text that begins with `raw:` stands in the file as it is. */
const values: readonly unknown[] = [
  null,
  [],
  {},
  '',
  0,
  -1,
  1.5,
  255,
  256,
  2 ** 31,
  2 ** 53,
  true,
  'raw:1e999',
  'raw:-0',
  '../../x',
  '__proto__',
  '\0',
  '\u{1f600}',
  'x'.repeat(300),
  [null],
  [[[[]]]],
  { a: { b: {} } },
  [0, 0, 0],
];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]))];
}

/** A copy with the value at a path replaced, doubled, taken away or put under another name. */
function changed(value: unknown, path: Path, { kind, value: choice }: Mutation): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return values[choice % values.length];
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string | number, unknown>;
  if (rest.length > 0) copy[key] = changed(copy[key], rest, { kind, value: choice } as Mutation);
  else if (kind === 'cut' && Array.isArray(copy)) copy.splice(Number(key), 1);
  else if (kind === 'cut') delete copy[key];
  else if (kind === 'double' && Array.isArray(copy)) copy.splice(Number(key), 0, copy[key]);
  else if (kind === 'double') copy[`${String(key)}2`] = copy[key];
  else copy[key] = values[choice % values.length];
  return copy;
}

const pathAt = (paths: readonly Path[], { at }: Mutation): Path => paths[Math.min(paths.length - 1, Math.floor(at * paths.length))];

const change = (value: unknown, mutation: Mutation): unknown => {
  const paths = pathsOf(value);
  return changed(value, pathAt(paths, mutation), mutation);
};

const toJson = (value: unknown): string => JSON.stringify(value).replace(/"raw:([^"]*)"/g, '$1');

/** Changes a JSON text in its values. Texts that are JSON themselves, as in a checkpoint's metadata, are changed within. */
export function json(bytes: Buffer, mutation: Mutation): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    // It has lost its grammar already.
    return bytes;
  }
  const paths = pathsOf(value);
  const path = pathAt(paths, mutation);
  const inner = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);
  if (typeof inner === 'string' && /^[[{]/.test(inner) && mutation.length % 4 > 0) {
    const within = json(Buffer.from(inner), { ...mutation, at: (mutation.at * 997) % 1 }).toString('utf8');
    const put = (at: unknown, [key, ...rest]: Path): unknown =>
      key === undefined ? within : { ...(at as object), [key]: put((at as Record<string | number, unknown>)[key], rest) };
    return Buffer.from(toJson(put(value, path)));
  }
  return Buffer.from(toJson(changed(value, path, mutation)));
}

/** Changes the header of a safetensors file. */
export function safetensors(bytes: Buffer, mutation: Mutation): Buffer {
  if (bytes.length < 8) return bytes;
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > bytes.length - 8) return bytes;
  const header = json(bytes.subarray(8, 8 + length), mutation);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([head, header, bytes.subarray(8 + length)]);
}

/** Changes a MessagePack value. */
export function msgpack(bytes: Buffer, mutation: Mutation): Buffer {
  try {
    return Buffer.from(encode(change(decode(bytes), mutation)));
  } catch {
    // It has lost its grammar already.
    return bytes;
  }
}

/** Changes one record of a journal, or puts one in twice. */
export function journal(bytes: Buffer, mutation: Mutation): Buffer {
  const frames: Buffer[] = [];
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(at + 8, end));
    at = end;
  }
  if (frames.length === 0) return bytes;
  const which = mutation.length % frames.length;
  const made = msgpack(frames[which].subarray(1), mutation);
  frames[which] = Buffer.concat([Buffer.from([mutation.kind === 'flip' ? 1 : 0]), made]);
  const parts = frames.map((payload) => Buffer.concat([Buffer.from(Uint32Array.of(payload.length, crc32(payload)).buffer), payload]));
  return Buffer.concat([bytes.subarray(0, 8), ...parts]);
}

const opcodes = [
  '(',
  '0',
  '.',
  'N',
  '}',
  ']',
  ')',
  't',
  'R',
  's',
  'u',
  'a',
  'e',
  'b',
  'Q',
  '\x85',
  '\x86',
  '\x87',
  '\x94',
  'K\x05',
  'h\0',
  'q\0',
  '\x8a\x01\xff',
  'J\xff\xff\xff\xff',
  'X\0\0\0\0',
  'cx\ny\n',
  'ccollections\nOrderedDict\n',
  'ctorch._utils\n_rebuild_tensor_v2\n',
].map((text) => Buffer.from(text, 'latin1'));

/** Puts an instruction of a pickle's machine between those of a file. */
export function pickle(bytes: Buffer, { at, value }: Mutation): Buffer {
  const begin = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, begin), opcodes[value % opcodes.length], bytes.subarray(begin)]);
}
