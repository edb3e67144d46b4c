// What reads a data set's own files: its zip, its lists, and what a person said of it.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { pngOfTiff } from '../../src/files/tiff.ts';
import { readClassFile } from '../../src/main/services/class-sets/class-files.ts';
import { classSetFrom } from '../../src/main/services/class-sets/class-set.ts';
import { locateDataset } from '../../src/main/services/layouts/recognise.ts';
import { unzipBeside } from '../../src/main/services/layouts/unzip.ts';
import * as grammar from './grammar.ts';
import type { Target } from './target.ts';

const text = (...lines: string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`);

const arrangement = {
  version: 1,
  title: 'own',
  sources: [{ split: 'train', name: 'train', images: 'photos', masks: 'labels' }],
  below: true,
  imageSuffix: '',
  maskSuffix: '_L',
  splits: { by: 'lists', lists: { val: 'val.txt' }, rest: 'train' },
  classes: { name: 'own', voidValue: 255, classes: [{ value: 0, name: 'Sky', color: [1, 2, 3] }, 'Road'] },
  masks: 'value',
  newMasks: 'palette',
  readAs: { 'value 7': 'Road', 'colour 1 2 3': null },
};

const lists: Readonly<Record<string, string>> = { 'val.txt': 'seq/b.png\n', 'encnet.json': JSON.stringify(arrangement) };

/** A data set whose images are the files of `photos` and whose masks are those of `labels`. */
async function drawSet(folder: string): Promise<void> {
  const png = await sharp({ create: { width: 4, height: 3, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  for (const name of ['photos/a.png', 'photos/seq/b.png', 'labels/a_L.png', 'labels/seq/b_L.png']) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, png);
  }
  for (const [name, list] of Object.entries(lists)) writeFileSync(path.join(folder, name), list);
}

/** The lists of a class set, by the name that tells how they are read. */
const classLists: Readonly<Record<string, Buffer>> = {
  'label_colors.txt': text('64 128 64\tAnimal', '192 0 128 Archway', '0,128,192,Bicyclist'),
  'class_dict.csv': text('name,r,g,b', 'Animal,64,128,64', '"Bridge, old",0,128,64'),
  'labelmap.txt': text('# label:color_rgb:parts:actions', 'road:128,64,128::', 'sky:1,2,3:a,b:c'),
  'codes.txt': text('Animal', 'Archway', 'Void'),
};

const locatedIn = (folder: string): void => {
  const { images } = locateDataset(folder);
  const outside = images.find(({ imageFile, maskFile }) => [imageFile, maskFile].some((file) => !file.startsWith(folder + path.sep)));
  if (outside) throw new Error(`${outside.id} lies outside of ${folder}`);
};

/** @param folder where inputs are written */
export function dataSetTargets(folder: string): Target[] {
  const set = path.join(folder, 'set-of-pairs');
  let drawn: Promise<void> | null = null;
  /** Puts a file into the data set and reads that. */
  const within = (name: string) => async (bytes: Buffer) => {
    await (drawn ??= drawSet(set));
    writeFileSync(path.join(set, name), bytes);
    try {
      locatedIn(set);
    } finally {
      writeFileSync(path.join(set, name), lists[name]);
    }
  };
  return [
    {
      name: 'zip',
      covers: ['src/main/services/layouts/unzip', 'node_modules/yauzl'],
      seeds: zipSeeds,
      run: async (bytes) => {
        const at = path.join(folder, 'zips');
        rmSync(at, { recursive: true, force: true });
        mkdirSync(at, { recursive: true });
        writeFileSync(path.join(at, 'set.zip'), bytes);
        const failure = await unzipBeside(path.join(at, 'set.zip')).then(
          () => null,
          (error: unknown) => error,
        );
        // Whole or not at all, and nowhere else.
        const left = readdirSync(at).filter((name) => name !== 'set.zip' && (name !== 'set' || failure));
        if (left.length > 0) throw new Error(`it left ${left.join()}`);
        if (failure instanceof Error) throw failure;
      },
    },
    {
      name: 'arrangement',
      grammar: grammar.json,
      covers: ['src/main/services/layouts/own-arrangement', 'src/main/services/layouts/locate', 'src/shared/data/arrangement'],
      seeds: () => [Buffer.from(lists['encnet.json'])],
      run: within('encnet.json'),
    },
    {
      name: 'split-list',
      covers: ['src/main/services/layouts/splits', 'src/files/text-lines'],
      seeds: () => [text('seq/b.png', 'photos/a.png labels/a_L.png'), text('"photos/a.png" "labels/a_L.png"', './seq\\b'), text('a', 'b')],
      run: within('val.txt'),
    },
    {
      name: 'tiff',
      covers: ['src/files/tiff', 'node_modules/tiff'],
      seeds: tiffSeeds,
      run: async (bytes) => {
        const file = path.join(folder, 'mask.tif');
        writeFileSync(file, bytes);
        await pngOfTiff(bytes, file);
      },
    },
    ...Object.entries(classLists).map(([name, seed]): Target => ({
      name,
      covers: ['src/main/services/class-sets/class-files', 'src/files/text-lines'],
      seeds: () => [seed],
      run: (bytes) => {
        const file = path.join(folder, name);
        writeFileSync(file, bytes);
        classSetFrom(readClassFile(file), { by: 'colour' }, file);
      },
    })),
  ];
}

function tiffSeeds(): Promise<Buffer[]> {
  const values = Buffer.from(Array.from({ length: 12 * 8 * 3 }, (_, at) => at % 5));
  const drawn = (channels: 1 | 3) => sharp(values.subarray(0, 12 * 8 * channels), { raw: { width: 12, height: 8, channels } });
  const forms = [drawn(1).tiff({ compression: 'none' }), drawn(1).tiff({ compression: 'lzw' }), drawn(3).tiff({ compression: 'deflate' })];
  return Promise.all(forms.map((form) => form.toBuffer()));
}

function zipSeeds(): Buffer[] {
  const file = new Uint8Array(200).fill(7);
  return [
    zipSync({ 'set/images/a.png': file, 'set/labels/a.png': file, 'set/codes.txt': new Uint8Array(3) }),
    zipSync({ 'a.png': file, '../b.png': file, '__MACOSX/c.png': file }, { level: 0 }),
    zipSync({ 'a.jpg': [file, { attrs: 0o120777 * 2 ** 16, os: 3 }], 'b.jpg': [file, { mtime: '1999-01-01' }] }),
  ].map((bytes) => Buffer.from(bytes));
}
