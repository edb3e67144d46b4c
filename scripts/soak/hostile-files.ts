// Files that were made to harm whoever reads them: each by its name, and what puts it in its place.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** Puts something at a path. @param outside a folder that nothing may be read of or written to */
export type Plant = (file: string, outside: string) => void | Promise<void>;
export type Plants = Readonly<Record<string, Plant>>;

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const size = { width: 64, height: 48 };

export function pngChunk(type: string, data: Uint8Array, crc?: number): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
  bytes.writeUInt32BE(data.length, 0);
  bytes.writeUInt32BE(crc ?? crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

interface Header {
  width?: number;
  height?: number;
  depth?: number;
  colour?: number;
  compression?: number;
  filter?: number;
  interlace?: number;
}

export function pngHeader({ width = size.width, height = size.height, ...rest }: Header = {}): Buffer {
  const { depth = 8, colour = 0, compression = 0, filter = 0, interlace = 0 } = rest;
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, compression, filter, interlace], 8);
  return pngChunk('IHDR', data);
}

export const png = (...chunks: Buffer[]): Buffer => Buffer.concat([signature, ...chunks, pngChunk('IEND', Buffer.alloc(0))]);
const rows = deflateSync(Buffer.alloc(size.height * (size.width + 1)));
const pixels = pngChunk('IDAT', rows);
const sound = png(pngHeader(), pixels);
/** Zeros without end, packed to almost nothing. */
const zeros = (megabytes: number): Buffer => deflateSync(Buffer.alloc(megabytes << 20), { level: 9 });
const packed = (type: string, megabytes: number): Buffer => pngChunk(type, Buffer.concat([Buffer.from('x\0\0'), zeros(megabytes)]));

const write =
  (content: () => Uint8Array | string): Plant =>
  (file) =>
    writeFileSync(file, content());

const cut = (name: string, content: Buffer): Plants =>
  Object.fromEntries(
    [1, 7, 8, 20, 33, 40, content.length - 13, content.length - 1].map((length) => [
      `${name} cut at ${length}`,
      write(() => content.subarray(0, length)),
    ]),
  );

/** PNG files that are none, or claim what they are not. */
export const pngFiles: Plants = {
  empty: write(() => ''),
  'a text': write(() => 'no picture at all\n'),
  ...cut('png', sound),
  'a header of no size': write(() => png(pngHeader({ width: 0 }), pixels)),
  'a header of 30000 x 30000': write(() => png(pngHeader({ width: 30_000, height: 30_000 }), pixels)),
  'a header of 2^31 - 1': write(() => png(pngHeader({ width: 0x7fffffff, height: 0x7fffffff }), pixels)),
  'a header of 2^32 - 1': write(() => png(pngHeader({ width: 0xffffffff, height: 1 }), pixels)),
  ...Object.fromEntries(
    [
      [0, 3],
      [0, 32],
      [2, 4],
      [3, 16],
      [4, 4],
      [5, 8],
      [6, 1],
      [7, 8],
    ].map(([colour, depth]) => [`colour type ${colour} of ${depth} bits`, write(() => png(pngHeader({ colour, depth }), pixels))]),
  ),
  ...Object.fromEntries(
    (['compression', 'filter', 'interlace'] as const).map((name) => [
      `an unknown ${name}`,
      write(() => png(pngHeader({ [name]: 7 }), pixels)),
    ]),
  ),
  'pixels that unpack to 2 GB': write(() => png(pngHeader(), pngChunk('IDAT', Buffer.concat([zeros(512), zeros(512)])))),
  'pixels of another size': write(() => png(pngHeader(), pngChunk('IDAT', deflateSync(Buffer.alloc(9))))),
  'no pixels': write(() => png(pngHeader())),
  'pixels that are not packed': write(() => png(pngHeader(), pngChunk('IDAT', Buffer.alloc(900, 7)))),
  'a profile that unpacks to 1 GB': write(() => png(pngHeader(), packed('iCCP', 1024), pixels)),
  'a text that unpacks to 1 GB': write(() => png(pngHeader(), packed('zTXt', 1024), pixels)),
  'a hundred thousand chunks': write(() =>
    png(pngHeader(), ...Array.from({ length: 100_000 }, () => pngChunk('tEXt', Buffer.from('a\0b'))), pixels),
  ),
  'two headers': write(() => png(pngHeader(), pngHeader({ width: 9000, height: 9000 }), pixels)),
  'a wrong check sum': write(() => png(pngHeader(), pngChunk('IDAT', rows, 1))),
  'a chunk longer than the file': write(() =>
    Buffer.concat([signature, pngHeader(), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('IDAT'), rows]),
  ),
  'a palette of nothing': write(() => png(pngHeader({ colour: 3 }), pngChunk('PLTE', Buffer.alloc(0)), pixels)),
  'a palette of seven bytes': write(() => png(pngHeader({ colour: 3 }), pngChunk('PLTE', Buffer.alloc(7)), pixels)),
  'no palette': write(() => png(pngHeader({ colour: 3 }), pixels)),
  'a filter that is none': write(() => png(pngHeader(), pngChunk('IDAT', deflateSync(Buffer.alloc(size.height * (size.width + 1), 9))))),
  'interlaced and huge': write(() => png(pngHeader({ width: 9999, height: 9999, depth: 16, colour: 6, interlace: 1 }), pixels)),
};

const svg = (body: string): string => `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">${body}</svg>`;
const jpegOf = (width: number, height: number): Buffer => {
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xc2, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
  head.writeUInt16BE(height, 7);
  head.writeUInt16BE(width, 9);
  return Buffer.concat([head, Buffer.alloc(200)]);
};
const tiffOf = (next: number): Buffer => {
  const bytes = Buffer.alloc(64);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(1, 8);
  bytes.writeUInt16LE(256, 10);
  bytes.writeUInt16LE(4, 12);
  bytes.writeUInt32LE(0xffffffff, 14);
  bytes.writeUInt32LE(0x7fffffff, 18);
  bytes.writeUInt32LE(next, 22);
  return bytes;
};

/** Each ten times the one before. */
const entities = Array.from({ length: 12 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`);

/** Pictures of other kinds under a picture's name. */
export const pictureFiles: Plants = {
  'an SVG': write(() => svg('<rect width="9" height="9"/>')),
  'an SVG that shows a file': (file, outside) =>
    writeFileSync(file, svg(`<image href="file://${outside}/secret.png" width="64" height="48"/>`)),
  'an XML bomb': write(() => `<!DOCTYPE x [${entities.join('')}<!ENTITY e0 "ha">]>${svg('<text>&e12;</text>')}`),
  'a page': write(() => '<!doctype html><script>alert(1)</script>'),
  'a PDF': write(() => '%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n'),
  'a GIF of 65535 x 65535': write(() => Buffer.concat([Buffer.from('GIF89a\xff\xff\xff\xff\x80\0\0', 'latin1'), Buffer.alloc(100)])),
  'a JPEG of 65500 x 65500': write(() => jpegOf(65_500, 65_500)),
  'a JPEG of no size': write(() => jpegOf(0, 0)),
  'a TIFF in a circle': write(() => tiffOf(8)),
  'a TIFF that ends early': write(() => tiffOf(60)),
  'a WebP of nothing': write(() => Buffer.from('RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f', 'latin1')),
  'a PNG of 99 megapixels in 16 bits': async (file) => {
    const tall = sharp({ create: { width: 9000, height: 11_000, channels: 4, background: 'red' }, limitInputPixels: false });
    await tall.toColourspace('rgb16').png({ compressionLevel: 1 }).toFile(file);
  },
};

const sparse =
  (bytes: number, head: Uint8Array = Buffer.alloc(0)): Plant =>
  (file) => {
    const handle = openSync(file, 'w');
    writeSync(handle, head);
    ftruncateSync(handle, bytes);
    closeSync(handle);
  };

/** Things that are no plain files. */
export const specialFiles: Plants = {
  'a pipe': (file) => void execFileSync('mkfifo', [file]),
  'a folder': (file) => void mkdirSync(file),
  'a socket': async (file) => {
    // Its name stays when its owner is killed; closing it properly would take it away.
    const server = net.createServer();
    await new Promise<void>((resolve) =>
      server.listen(path.relative(process.cwd(), file).length < 100 ? file : `${file.slice(0, 90)}`, resolve),
    );
    server.unref();
  },
  'a link out': (file, outside) => symlinkSync(path.join(outside, 'secret.png'), file),
  'a link by way of others': (file, outside) => {
    symlinkSync(outside, `${file}.way`);
    symlinkSync(path.join(`${file}.way`, 'secret.png'), file);
  },
  'a link to nothing': (file) => symlinkSync('/nowhere/at/all.png', file),
  'a link to itself': (file) => symlinkSync(file, file),
  'a link to /dev/zero': (file) => symlinkSync('/dev/zero', file),
  'a link to a password file': (file) => symlinkSync('/etc/passwd', file),
  'a file of 3 GB': sparse(3e9, sound),
  ...(process.getuid?.() === 0 ? { 'a device': (file: string) => void execFileSync('mknod', [file, 'c', '1', '5']) } : {}),
};

/** Texts under the name of a JSON file. */
export const jsonFiles: Plants = {
  'not JSON': write(() => '{'),
  'nothing in it': write(() => ''),
  'a million brackets': write(() => '['.repeat(1_000_000)),
  'a million maps': write(() => '{"a":'.repeat(1_000_000)),
  'a hundred and fifty deep': write(() => `${'['.repeat(150)}${']'.repeat(150)}`),
  '50 MB': write(() => `"${'x'.repeat(50_000_000)}"`),
  'no UTF-8': write(() => Buffer.from([0x22, 0xff, 0xfe, 0x22])),
  'the wrong thing': write(() => '[1, "two", null, {"__proto__": {"x": 1}}]'),
  'zero bytes': write(() => Buffer.alloc(4096)),
};
