// How masks name classes is seen by looking: by values, by colours, by the first channel, and never otherwise than they were made.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { countCodes } from '#files/mask-writing';
import { readStoredMask } from '#files/mask-png';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { locateDataset } from '#services/layouts/recognise';
import { writtenPng, type WrittenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';

const [width, height] = [12, 8];
const pixels = width * height;
type Rgb = readonly [number, number, number];

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

function put(file: string, content: string | Uint8Array): void {
  const at = path.join(folder, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
}

async function photo(file: string): Promise<void> {
  put(
    file,
    await sharp({ create: { width, height, channels: 3, background: 'teal' } })
      .toFormat(file.endsWith('png') ? 'png' : 'jpeg')
      .toBuffer(),
  );
}

const png = (more: Pick<WrittenPng, 'colourType' | 'samples'> & Partial<WrittenPng>) => writtenPng({ width, height, depth: 8, ...more });
const grey = (valueAt: (i: number) => number) => png({ colourType: 0, samples: Array.from({ length: pixels }, (_, i) => valueAt(i)) });
const coloured = (colourAt: (i: number) => Rgb) =>
  png({ colourType: 2, samples: Array.from({ length: pixels }, (_, i) => colourAt(i)).flat() });

/** Two pairs, with the masks in these two folders. */
async function pairs(images: string, masks: string, mask: Uint8Array): Promise<void> {
  for (const name of ['1', '2']) {
    await photo(`${images}/${name}.jpg`);
    put(`${masks}/${name}.png`, mask);
  }
}

const classesJson = (classes: readonly (readonly [string, Rgb])[]) =>
  put('classes.json', JSON.stringify({ classes: classes.map(([name, color]) => ({ name, color })) }));

/** How a folder is read, and how many pixels of the first mask have each class; null where it is void. */
function read(at = folder) {
  const { arrangement, classSet, images } = locateDataset(at);
  const { values, toId } = readStoredMask(images[0].maskFile, classSet.format);
  const counts = new Map<string, number>();
  countCodes(values).forEach((count, code) => {
    const name = toId[code] === 255 ? 'void' : (classSet.classes.at(toId[code])?.name ?? 'foreign');
    if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
  });
  return { by: arrangement.masks, set: classSet.name, counts: Object.fromEntries(counts) };
}

describe('a list that tells colours', () => {
  const black = [0, 0, 0] as const;
  test.each<[string, (readonly [string, Rgb])[]]>([
    [
      'black and red',
      [
        ['a', black],
        ['b', [255, 0, 0]],
      ],
    ],
    [
      'black, green and blue',
      [
        ['a', black],
        ['b', [0, 255, 0]],
        ['c', [0, 0, 255]],
      ],
    ],
    [
      'black and white',
      [
        ['a', black],
        ['b', [255, 255, 255]],
      ],
    ],
    [
      'black, white and a dark blue',
      [
        ['a', black],
        ['b', [255, 255, 255]],
        ['c', [0, 0, 142]],
      ],
    ],
  ])('and masks of these: %s', async (_, classes) => {
    classesJson(classes);
    await pairs(
      'images',
      'masks',
      coloured((i) => classes[(i >> 2) % classes.length][1]),
    );
    const each = pixels / classes.length;
    expect(read()).toMatchObject({ by: 'colour', counts: Object.fromEntries(classes.map(([name]) => [name, each])) });
    // Its own export is read back alike, though a list of values goes with it.
    const out = path.join(temporaryFolder(), 'camvid');
    await exportData({ ...locateDataset(folder), to: 'camvid', out, exportImage });
    expect(read(out)).toMatchObject({ by: 'colour', counts: Object.fromEntries(classes.map(([name]) => [name, each])) });
  });

  test('and a palette whose numbers are not its places', async () => {
    const classes: [string, Rgb][] = [
      ['sky', [128, 128, 128]],
      ['road', [128, 64, 128]],
      ['car', [64, 0, 128]],
    ];
    classesJson(classes);
    const palette = [classes[2], classes[0], classes[1]].flatMap(([, color]) => color);
    await pairs('images', 'masks', png({ colourType: 3, palette, samples: Array.from({ length: pixels }, (_, i) => (i < 60 ? 0 : 1)) }));
    expect(read()).toMatchObject({ by: 'colour', counts: { car: 60, sky: 36 } });
  });

  test('and masks of values are read by these', async () => {
    classesJson([
      ['sky', [128, 128, 128]],
      ['road', [0, 0, 0]],
      ['car', [64, 0, 128]],
    ]);
    await pairs(
      'images',
      'masks',
      grey((i) => i % 3),
    );
    expect(read()).toMatchObject({ by: 'value', counts: { sky: 32, road: 32, car: 32 } });
  });

  test('one of which two classes have is refused with both names, where masks are of colours', async () => {
    put('label_colors.txt', '0 0 0 Void\n2 128 200 Sky\n128 0 0 Car\n128 0 0 Bus\n');
    const colours: Rgb[] = [black, [2, 128, 200], [128, 0, 0]];
    await pairs(
      'images',
      'masks',
      coloured((i) => colours[(i >> 2) % 3]),
    );
    expect(() => locateDataset(folder)).toThrow(/label_colors\.txt: "Car" and "Bus" have the colour 128 0 0/);
    await pairs(
      'images',
      'masks',
      grey((i) => i % 4),
    );
    expect(read()).toMatchObject({ by: 'value', counts: { Void: 24, Bus: 24 } });
  });
});

describe('own classes in the layout of a published set', () => {
  test.each([
    ['JPEGImages', 'SegmentationClass', 'classes.json', '["road","car","tree"]'],
    ['JPEGImages', 'SegmentationClass', 'labels.txt', 'road\ncar\ntree\n'],
    ['JPEGImages', 'SegmentationClass', 'labelmap.txt', 'road:128,64,128::\ncar:0,0,142::\ntree:0,1,0::\n'],
    ['train', 'trainannot', 'label_colors.txt', '128 64 128 road\n0 0 142 car\n0 1 0 tree\n'],
    ['train_images', 'train_labels', 'class_dict.csv', 'name,r,g,b\nroad,128,64,128\ncar,0,0,142\ntree,0,1,0\n'],
  ])('%s/%s with %s', async (images, masks, list, lines) => {
    put(list, lines);
    await pairs(
      images,
      masks,
      grey((i) => i % 3),
    );
    expect(read()).toMatchObject({ by: 'value', counts: { road: 32, car: 32, tree: 32 } });
  });

  test('ids in the first of three channels are still read there', async () => {
    put('classes.json', '["road","car","tree"]');
    await pairs(
      'images',
      'masks',
      coloured((i) => [i % 3, 77, (i * 7) % 256]),
    );
    expect(read()).toMatchObject({ by: 'first-channel', counts: { road: 32, car: 32, tree: 32 } });
  });
});

describe('masks of a layout whose classes are known, in colours', () => {
  const road: Rgb = [128, 64, 128];
  const sky: Rgb = [128, 128, 128];
  const car: Rgb = [64, 0, 128];
  /** As programs write them that shrink pictures: colours are numbered as they come. */
  function shrunk(colourAt: (i: number) => Rgb): Uint8Array {
    const all = Array.from({ length: pixels }, (_, i) => colourAt(i));
    const texts = [...new Set(all.map((each) => each.join()))];
    const palette = texts.map((text) => text.split(',').map(Number) as unknown as Rgb);
    return png({ colourType: 3, palette: palette.flat(), samples: all.map((each) => texts.indexOf(each.join())) });
  }

  test('are read by them, also where each file numbers its colours in another order', async () => {
    await pairs(
      'train',
      'trainannot',
      shrunk((i) => (i < 40 ? road : sky)),
    );
    put(
      'trainannot/2.png',
      shrunk((i) => (i < 30 ? car : i < 60 ? road : sky)),
    );
    expect(read()).toEqual({ by: 'colour', set: 'CamVid-32', counts: { Road: 40, Sky: pixels - 40 } });
  });

  test('and by their values where a palette only shows what those are, whichever', async () => {
    const values = (i: number) => (i < 40 ? 3 : 0);
    const as = (palette: readonly Rgb[]) =>
      png({ colourType: 3, palette: palette.flat(), samples: Array.from({ length: pixels }, (_, i) => values(i)) });
    for (const palette of [
      [sky, [128, 0, 0], [192, 192, 128], road],
      [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
      ],
      [
        [9, 8, 7],
        [1, 2, 3],
        [4, 5, 6],
        [250, 20, 30],
      ],
    ] as Rgb[][]) {
      await pairs('train', 'trainannot', as(palette));
      expect(read()).toEqual({ by: 'value', set: 'CamVid-11', counts: { Road: 40, Sky: pixels - 40 } });
    }
  });

  test('and asked about where nobody knows their colours, and the first channel is the same in all', async () => {
    await pairs(
      'train',
      'trainannot',
      coloured((i) => (i < 40 ? [0, 255, 0] : [0, 0, 0])),
    );
    expect(() => read()).toThrow(/its classes are not known/);
  });
});
