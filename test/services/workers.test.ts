// The worker threads of main: what they read, write and refuse, on real threads and files.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { greyForm } from '#files/mask-form';
import { encodeStoredMask } from '#files/mask-writing';
import { revisionOf } from '#files/revision';
import { builtInClassSet } from '#services/class-sets/class-set';
import { revisionFile } from '#services/edits/revision-store';
import { readPng } from '#files/png/png';
import { classSetFrom } from '#services/class-sets/class-set';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { Workers } from '#services/workers/workers';
import { temporaryFolder } from '../helpers/dataset.ts';
import { workerEntry } from '../helpers/services.ts';

const size = { width: 40, height: 30 };
const classSet = builtInClassSet('camvid-11');
let folder: string;
let maskFile: string;
let store: string;
let workers: Workers;

const mask = (value: number) => encodeStoredMask({ ...size, values: new Uint8Array(size.width * size.height).fill(value) });

beforeEach(() => {
  folder = temporaryFolder();
  maskFile = path.join(folder, 'mask.png');
  store = path.join(folder, 'store');
  workers = new Workers(workerEntry);
});
afterEach(() => workers.close());

const read = () => workers.run('readMask', { maskFile, ...size, format: classSet.format, known: [] });

describe('reading a mask', () => {
  test('gives its stored values in memory that threads share, and a copy of them', async () => {
    writeFileSync(maskFile, mask(4));
    const { values, snapshot, revision } = await read();
    expect(new Set(values)).toEqual(new Set([4]));
    expect(values.buffer).toBeInstanceOf(SharedArrayBuffer);
    values[0] = 9;
    expect(snapshot[0]).toBe(4);
    expect(revision).toBe(revisionOf(readFileSync(maskFile)));
  });

  test('that is not there gives void and no revision', async () => {
    const { values, revision } = await read();
    expect([new Set(values), revision]).toEqual([new Set([11]), null]);
  });

  test.each([
    ['no PNG', () => Buffer.from('not a mask'), /mask\.png is not a whole PNG/],
    ['cut off', () => Buffer.from(mask(4)).subarray(0, 60), /mask\.png is not a whole PNG/],
    [
      'of another size',
      () => Buffer.from(encodeStoredMask({ width: 4, height: 3, values: new Uint8Array(12) })),
      /must be 40 x 30 as its image, received 4 x 3/,
    ],
  ])('that is %s is an error with its code, also from another thread', async (_, content, words) => {
    writeFileSync(maskFile, content());
    await expect(read()).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringMatching(words) as string });
    // The thread goes on with the next.
    writeFileSync(maskFile, mask(2));
    expect((await read()).values[0]).toBe(2);
  });
});

describe('a save', () => {
  const stage = (expected: string | null, value: number, known: string | null = null) =>
    workers.run('stageMask', {
      ...size,
      maskFile,
      values: new Uint8Array(size.width * size.height).fill(value),
      form: greyForm,
      toId: classSet.format.toId,
      classSet,
      expected,
      store,
      known,
    });
  const publish = (revision: string | null, expected: string | null) =>
    workers.run('publishMask', { maskFile, among: [], revision, expected, store });

  test('is staged beside what was there, tells what it holds, and becomes the file', async () => {
    writeFileSync(maskFile, mask(4));
    const before = revisionOf(readFileSync(maskFile));
    const staged = await stage(before, 7);
    if ('conflict' in staged) throw new Error('no conflict was expected');
    expect(readStoredMask(maskFile).values[0]).toBe(4);
    expect(staged.classPixels[7]).toBe(size.width * size.height);
    expect([before, staged.revision].every((revision) => existsSync(revisionFile(store, revision)))).toBe(true);
    expect(await publish(staged.revision, before)).toEqual({ published: true });
    expect(readStoredMask(maskFile).values[0]).toBe(7);
    expect(readdirSync(folder).sort()).toEqual(['mask.png', 'store']);
  });

  test('finds another program’s file before and after it was staged, keeps that, and writes nothing over it', async () => {
    writeFileSync(maskFile, mask(4));
    const before = revisionOf(readFileSync(maskFile));
    const staged = await stage(before, 7);
    if ('conflict' in staged) throw new Error('no conflict was expected');
    writeFileSync(maskFile, mask(5));
    const theirs = revisionOf(readFileSync(maskFile));
    expect(await publish(staged.revision, before)).toEqual({ conflict: theirs });
    expect(await stage(before, 7)).toEqual({ conflict: theirs });
    expect(readStoredMask(maskFile).values[0]).toBe(5);
    expect(existsSync(revisionFile(store, theirs))).toBe(true);
  });

  test('of what was a file before takes that, and encodes it anew where it is no longer kept', async () => {
    const known = revisionOf(mask(7));
    const [dir, file] = [path.dirname(revisionFile(store, known)), revisionFile(store, known)];
    expect(await stage(null, 7, known)).toMatchObject({ revision: known });
    expect(existsSync(file)).toBe(true);
    expect(readdirSync(dir)).toHaveLength(1);
  });

  test('to nothing takes the file away, and only the one that is expected', async () => {
    writeFileSync(maskFile, mask(4));
    const before = revisionOf(readFileSync(maskFile));
    expect(await publish(null, 'another')).toEqual({ conflict: before });
    expect(await publish(null, before)).toEqual({ published: true });
    expect(existsSync(maskFile)).toBe(false);
  });

  test('from a store that was tampered with is refused, and the file stays', async () => {
    writeFileSync(maskFile, mask(4));
    const before = revisionOf(readFileSync(maskFile));
    const staged = await stage(before, 7);
    if ('conflict' in staged) throw new Error('no conflict was expected');
    writeFileSync(revisionFile(store, staged.revision), mask(1));
    await expect(publish(staged.revision, before)).rejects.toMatchObject({ code: 'corrupt-file' });
    expect(readStoredMask(maskFile).values[0]).toBe(4);
  });
});

test('ids for a window are packed, and values of no class are void', async () => {
  const values = Uint8Array.from({ length: 256 }, (_, value) => value);
  const shownIds = Array.from({ length: 256 }, (_, value) => (value < 11 ? value : 255));
  const packed = await workers.run('packIds', { values, shownIds });
  const ids = inflateRawSync(packed.ids);
  expect(packed.codes).toHaveLength(256);
  expect([...ids.subarray(0, 13)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 255]);
});

describe('a picture of a mask', () => {
  test('has the classes’ colours, void is transparent, and it is no wider than asked', async () => {
    const values = new Uint8Array(size.width * size.height).fill(11);
    values.fill(3, 0, size.width * 10);
    writeFileSync(maskFile, encodeStoredMask({ ...size, values }));
    const { classes, format } = classSet;
    const png = await workers.run('maskPicture', { maskFile, format, classes, maxWidth: 20 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([20, 15, 4]);
    expect([...data.subarray(0, 4)]).toEqual([...classes[3].color, 255]);
    expect(data[data.length - 1]).toBe(0);
  });
});

describe('masks for Review', () => {
  test('are both in the prediction’s ids; a class that it does not know is void', async () => {
    const predictionFile = path.join(folder, 'prediction.png');
    // What cannot be read of how sure the network is keeps no mask from being shown.
    const surenessFile = path.join(folder, 'sure.png');
    writeFileSync(surenessFile, 'no picture');
    writeFileSync(predictionFile, mask(1));
    writeFileSync(maskFile, mask(4));
    const { format } = classSet;
    const masks = (to: number) =>
      workers.run('reviewMasks', {
        predictionFile,
        surenessFile,
        maskFile,
        format,
        toPredicted: Array.from({ length: 256 }, (_, id) => (id === 4 ? to : -1)),
      });
    const known = await masks(2);
    expect([known.prediction[0], known.label![0], known.sureness]).toEqual([1, 2, null]);
    expect((await masks(-1)).label![0]).toBe(255);
  });

  test('have no label where there is no file, and refuse one of another size', async () => {
    const predictionFile = path.join(folder, 'prediction.png');
    writeFileSync(predictionFile, mask(1));
    const input = { predictionFile, surenessFile: path.join(folder, 'none.png'), maskFile, format: classSet.format, toPredicted: [] };
    expect((await workers.run('reviewMasks', input)).label).toBeNull();
    writeFileSync(maskFile, encodeStoredMask({ width: 4, height: 3, values: new Uint8Array(12) }));
    await expect(workers.run('reviewMasks', input)).rejects.toThrow('must be 40 x 30 as the prediction, received 4 x 3');
  });
});

test('main goes on while threads work, and their end waits for what they do', async () => {
  const large = { width: 6000, height: 4000 };
  const values = new Uint8Array(large.width * large.height).map((_, index) => (index * 2654435761) % 11);
  const kept = workers.run('stageMask', {
    ...large,
    maskFile,
    values,
    form: greyForm,
    toId: classSet.format.toId,
    classSet,
    expected: null,
    store,
    known: null,
  });
  let turns = 0;
  const turning = setInterval(() => turns++, 5);
  await workers.close();
  clearInterval(turning);
  expect(turns).toBeGreaterThan(20);
  expect(await kept).toHaveProperty('revision');
  await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
});

test('a folder that cannot be written is an error of its own, not of the thread', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(store, 'a file where the store must be');
  writeFileSync(maskFile, mask(4));
  await expect(workers.run('keepMask', { maskFile, store })).rejects.toMatchObject({
    code: 'read-only',
    message: expect.stringContaining('a file is where a folder must be') as string,
  });
});

test.each([
  ['colours that are all alike, by value', 'value', { colourType: 2 as const, pixel: [20, 20, 20], own: [3, 3, 3] }],
  ['grey with alpha, by value', 'value', { colourType: 4 as const, pixel: [20, 255], own: [3, 255] }],
  ['grey, by value', 'value', { colourType: 0 as const, pixel: [20], own: [3] }],
  ['colours with alpha, by colour', 'colour', { colourType: 6 as const, pixel: [9, 8, 7, 255], own: [128, 64, 128, 255] }],
  ['colours, by colour', 'colour', { colourType: 2 as const, pixel: [9, 8, 7], own: [128, 64, 128] }],
] as const)('what is read as a class is written as it, of %s', async (_, by, { colourType, pixel, own }) => {
  const text = by === 'value' ? 'value 20' : 'colour 9 8 7';
  const full = {
    name: 'Four',
    voidValue: 11,
    classes: [0, 1, 2, 3].map((value) => ({ value, name: `c${value}`, color: [128, 64, 125 + value] as [number, number, number] })),
  };
  const { format } = classSetFrom(full, { by, readAs: { [text]: 'c3' } }, 'x');
  const samples = [...pixel, ...own, ...pixel];
  writeFileSync(maskFile, writtenPng({ width: 3, height: 1, depth: 8, colourType, samples }));
  expect(await workers.run('holdsAny', { maskFile, of: ['value 21', 'colour 1 2 3'], format })).toBe(false);
  expect(await workers.run('holdsAny', { maskFile, of: [text], format })).toBe(true);
  expect(await workers.run('rewriteMask', { maskFile, among: [], of: [text], format, store })).not.toBeNull();
  expect(await workers.run('holdsAny', { maskFile, of: [text], format })).toBe(false);
  expect(await workers.run('rewriteMask', { maskFile, among: [], of: [text], format, store })).toBeNull();
  expect([...readPng(readFileSync(maskFile), maskFile, () => undefined).samples]).toEqual([...own, ...own, ...own]);
});

test('a thread that begins leaves the decoders of the process alone: another may be decoding just then', async () => {
  // The switch as a test can see it move: drawings are let in, and would be shut by whoever moves it.
  sharp.unblock({ operation: ['VipsForeignLoadSvg'] });
  try {
    const imageFile = path.join(folder, 'photo.jpg');
    await sharp({ create: { ...size, channels: 3, background: 'red' } }).toFile(imageFile);
    expect(await workers.run('pictureSize', { imageFile })).toEqual(size);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="7"/>');
    expect(await sharp(svg).metadata()).toMatchObject({ width: 9, height: 7 });
  } finally {
    sharp.block({ operation: ['VipsForeignLoadSvg'] });
  }
});
