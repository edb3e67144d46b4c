// TIFFs written by their description, in forms that no library here writes.

type Tag = [tag: number, type: number, count: number, value: number];

export interface Tiff {
  width: number;
  height: number;
  bits: 1 | 8 | 16 | 32;
  /** 0 grey whose smallest sample is white, 1 grey, 2 colours, 3 a palette. */
  kind: 0 | 1 | 2 | 3;
  channels?: number;
  /** Samples row by row. */
  samples: readonly number[];
  palette?: readonly number[];
  compression?: number;
  /** How often its picture is in it. */
  pages?: number;
  /** What else it says of itself. */
  also?: readonly Tag[];
  /** Bytes of its pixels that are cut off at its end. */
  missing?: number;
}

/** A file as its format's description has it: little-endian, its pixels last, in one strip and not packed. */
export function tiff(options: Tiff): Uint8Array {
  const { width, height, bits, kind, channels = 1, samples, palette = [], compression = 1, pages = 1, also = [], missing = 0 } = options;
  const rowBytes = Math.ceil((width * channels * bits) / 8);
  const pixels = Buffer.alloc(rowBytes * height);
  samples.forEach((value, at) => {
    const [row, column] = [Math.floor(at / (width * channels)), at % (width * channels)];
    if (bits === 1) pixels[row * rowBytes + (column >> 3)] |= value << (7 - (column & 7));
    else pixels.writeUIntLE(value, row * rowBytes + (column * bits) / 8, bits / 8);
  });
  const map = Buffer.alloc(palette.length * 2);
  palette.forEach((value, at) => map.writeUInt16LE(value, at * 2));
  const tagsAt = (colours: number): Tag[] => {
    const own: Tag[] = [
      [256, 3, 1, width],
      [257, 3, 1, height],
      [258, 3, 1, bits],
      [259, 3, 1, compression],
      [262, 3, 1, kind],
      [273, 4, 1, colours + map.length],
      [277, 3, 1, channels],
      [278, 3, 1, height],
      [279, 4, 1, pixels.length],
    ];
    if (palette.length > 0) own.push([320, 3, palette.length, colours]);
    return [...own, ...also].sort(([a], [b]) => a - b);
  };
  const begin = 8;
  const bytes = 6 + 12 * tagsAt(0).length;
  const tags = tagsAt(begin + pages * bytes);
  const directories = Array.from({ length: pages }, (_, page) => {
    const directory = Buffer.alloc(bytes);
    directory.writeUInt16LE(tags.length);
    tags.forEach(([tag, type, count, value], i) => {
      directory.writeUInt16LE(tag, 2 + 12 * i);
      directory.writeUInt16LE(type, 4 + 12 * i);
      directory.writeUInt32LE(count, 6 + 12 * i);
      directory.writeUInt32LE(value, 10 + 12 * i);
    });
    directory.writeUInt32LE(page + 1 < pages ? begin + (page + 1) * bytes : 0, bytes - 4);
    return directory;
  });
  const head = Buffer.from([0x49, 0x49, 42, 0, begin, 0, 0, 0]);
  return Buffer.concat([head, ...directories, map, pixels.subarray(0, pixels.length - missing)]);
}
