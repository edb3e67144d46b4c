import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:buffer';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readMask } from '#files/mask-png';
import { cocoAnnotations, packed, type CocoAnnotation } from '#services/dataset-exports/coco';
import { formOfExport, type OutClass } from '#services/dataset-exports/forms';
import { reportOf } from '#services/dataset-exports/report';
import { mostZipFiles, sinkAt } from '#services/dataset-exports/sink';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { exportFormNames, type ExportFormName } from '#shared/data/export-forms';
import { locateDataset } from '#services/layouts/recognise';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { PredictionProgress, ReviewMasks } from '#shared/contract/review';
import type { TrainingStatus } from '#shared/contract/training';
import { AppError } from '#shared/errors';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { filesBelow } from '#files/files-below';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

interface Instances {
  annotations: (CocoAnnotation & { id: number; image_id: number })[];
}

const idsOf = (folder: string): Map<string, number[]> => {
  const { images, classSet } = locateDataset(folder);
  return new Map(images.map(({ split, name, maskFile }) => [`${split}/${name}`, [...readMask(maskFile, classSet.format).ids]]));
};
const out = () => path.join(temporaryFolder(), 'out');
const exported = async (folder: string, to: ExportFormName, target = out()) => {
  const report = await exportData({ ...locateDataset(folder), to, out: target, exportImage });
  return { target, report };
};

test.each(['segnet', 'camvid', 'voc'] as const)('a data set that goes out as %s opens here as it was', async (to) => {
  const folder = await makeDataset();
  const { target, report } = await exported(folder, to);
  expect(report).toEqual({ images: 6, notes: [] });
  const { classSet, problems } = locateDataset(target);
  expect(classSet.classes.map(({ name, color }) => ({ name, color }))).toEqual(
    locateDataset(folder).classSet.classes.map(({ name, color }) => ({ name, color })),
  );
  expect(problems).toEqual([]);
  expect(idsOf(target)).toEqual(idsOf(folder));
});

test.each(publishedSets)('$name goes out in every form, its images and statistics with it', async (set) => {
  const folder = temporaryFolder();
  await set.draw(folder);
  const labelled = locateDataset(folder).images.filter(({ maskFile }) => existsSync(maskFile)).length;
  for (const to of exportFormNames) {
    const { target, report } = await exported(folder, to);
    expect([to, report.images]).toEqual([to, labelled]);
    expect(readFileSync(path.join(target, 'report.csv'), 'utf8')).toMatch(/^split,class,pixels,share,images\n/);
    expect((await filesBelow(target)).length).toBeGreaterThan(labelled);
  }
});

test('a photo that its file turns goes out as it is seen, with its mask', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const [image, mask] = ['train', 'trainannot'].map((name) => path.join(folder, name, 'train-0.png'));
  const { width, height } = await sharp(mask).metadata();
  // Stored on its side: what is seen has the mask's size.
  await sharp({ create: { width: height, height: width, channels: 3, background: 'teal' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(image.replace('.png', '.jpg'));
  rmSync(image);
  const { target, report } = await exported(folder, 'segnet');
  expect(report.notes).toEqual([]);
  expect(await sharp(path.join(target, 'train/train-0.png')).metadata()).toMatchObject({ width, height });
  expect(idsOf(target).get('train/train-0')).toEqual(idsOf(folder).get('train/train-0'));
});

test('Cityscapes names are found, and what it lacks is told and unlabeled', async () => {
  const folder = await makeDataset({ layout: 'reference' });
  const { target, report } = await exported(folder, 'cityscapes');
  expect(report.notes.join()).toMatch(/Cityscapes has no Animal, Archway/);
  // What has ids and none to train on comes in again as what it is.
  expect(locateDataset(target).classSet.name).toBe('Cityscapes-34');
  const plain = await makeDataset();
  writeFileSync(path.join(plain, 'classes.json'), '["road","sky","car"]');
  const { target: narrow } = await exported(plain, 'cityscapes');
  expect(locateDataset(narrow).classSet.name).toBe('Cityscapes-19');
});

test('names that begin as remarks and quotes do stay in their split in lists of VOC', async () => {
  const folder = await makeDataset({ train: 2, val: 1 });
  for (const each of ['train', 'trainannot'])
    ['# b.png', '"q".png'].forEach((name, at) => renameSync(path.join(folder, each, `train-${at}.png`), path.join(folder, each, name)));
  const { target } = await exported(folder, 'voc');
  const { images, problems } = locateDataset(target);
  expect([images.map(({ split }) => split), problems]).toEqual([['train', 'train', 'val'], []]);
});

test('images two folders deep are in the folder of a city for Cityscapes, where its readers look', async () => {
  const folder = await makeDataset({ train: 2, val: 1 });
  for (const each of ['train', 'trainannot']) {
    mkdirSync(path.join(folder, each, 'york/monday'), { recursive: true });
    for (const name of ['train-0.png', 'train-1.png'])
      renameSync(path.join(folder, each, name), path.join(folder, each, 'york/monday', name));
  }
  const { target } = await exported(folder, 'cityscapes');
  expect(readdirSync(path.join(target, 'leftImg8bit/train/york--monday'))).toEqual(['train-0_leftImg8bit.png', 'train-1_leftImg8bit.png']);
});

test.skipIf(process.platform === 'win32')('a backslash of a name is none in the files, nor in the lists of them', async () => {
  const folder = await makeDataset({ train: 2, val: 1 });
  for (const each of ['train', 'trainannot'])
    ['a\\b.png', 'a_b.png'].forEach((name, at) => renameSync(path.join(folder, each, `train-${at}.png`), path.join(folder, each, name)));
  for (const to of ['segnet', 'voc'] as const) {
    const { target, report } = await exported(folder, to);
    expect(report).toEqual({ images: 3, notes: [] });
    const { images, problems } = locateDataset(target);
    expect([to, images.filter(({ maskFile }) => existsSync(maskFile)).length, problems]).toEqual([to, 3, []]);
    expect((await filesBelow(target)).filter(({ file }) => file.includes('\\'))).toEqual([]);
  }
  const { target } = await exported(folder, 'coco');
  const list = JSON.parse(readFileSync(path.join(target, 'annotations/panoptic_train.json'), 'utf8')) as {
    images: { file_name: string }[];
  };
  for (const { file_name } of list.images) expect(existsSync(path.join(target, 'images/train', file_name))).toBe(true);
});

test('colours that mean not labelled are listed where a class has that name, too', async () => {
  const folder = await makeDataset({ layout: 'reference' });
  const names = locateDataset(folder).classSet.classes.map(({ name }) => name);
  expect(names).toContain('Void');
  for (const [to, list] of [
    ['camvid', 'label_colors.txt'],
    ['voc', 'labelmap.txt'],
  ] as const) {
    const { target } = await exported(folder, to);
    const listed = readFileSync(path.join(target, list), 'utf8');
    expect(listed.split('\n').filter((line) => /\d/.test(line))).toHaveLength(names.length + 1);
    expect(locateDataset(target).classSet.classes.map(({ name }) => name)).toEqual(names);
  }
});

test.each(['voc', 'coco'] as const)('a zip holds the same files of %s, and is there whole or not at all', async (to) => {
  const folder = await makeDataset();
  const { target } = await exported(folder, to);
  const zip = path.join(temporaryFolder(), `${to}.zip`);
  await exported(folder, to, zip);
  const entries = unzipSync(readFileSync(zip));
  const below = (await filesBelow(target)).map(({ file }) => path.relative(target, file).split(path.sep).join('/')).sort();
  expect(Object.keys(entries).sort()).toEqual(below);
  for (const name of below) expect(Buffer.compare(Buffer.from(entries[name]), readFileSync(path.join(target, name)))).toBe(0);
  await expect(exported(folder, to, zip)).rejects.toThrow(`${zip} is there already`);

  const stop = new AbortController();
  const place = temporaryFolder();
  const cancelled = exportData({
    ...locateDataset(folder),
    to: 'segnet',
    out: path.join(place, 'x'),
    exportImage,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  expect(readdirSync(place)).toEqual([]);
});

test('an export that ends early leaves nothing, also of images that were still in hand', async () => {
  const folder = await makeDataset();
  const place = temporaryFolder();
  const late: Promise<unknown>[] = [];
  const slowly: typeof exportImage = (input) => {
    const made = new Promise((resolve) => setTimeout(resolve, input.name === 'train-0' ? 0 : 200)).then(() => exportImage(input));
    late.push(made);
    return made;
  };
  const stop = new AbortController();
  const options = { ...locateDataset(folder), to: 'segnet' as const, out: path.join(place, 'x'), exportImage: slowly, signal: stop.signal };
  await expect(exportData({ ...options, onProgress: () => stop.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  await Promise.all(late);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(readdirSync(place)).toEqual([]);
});

test('a thread that ends under an export ends it too: no image is passed over as if it could not be read', async () => {
  const ended: typeof exportImage = () => Promise.reject(new AppError('cancelled', 'The workbench is closing'));
  const place = temporaryFolder();
  const options = { ...locateDataset(await makeDataset()), to: 'segnet' as const, out: path.join(place, 'x'), exportImage: ended };
  await expect(exportData(options)).rejects.toMatchObject({ code: 'cancelled' });
  expect(readdirSync(place)).toEqual([]);
});

test('what cannot go out is left out and told, and nothing at all is refused', async () => {
  const folder = await makeDataset();
  writeFileSync(path.join(folder, 'trainannot/train-0.png'), 'broken');
  rmSync(path.join(folder, 'trainannot/train-1.png'));
  const { report } = await exported(folder, 'segnet');
  expect(report.images).toBe(4);
  expect(report.notes).toEqual([expect.stringMatching(/^left out: .*train-0.png is not a whole PNG/), 'left out: 1 image without a mask']);
  rmSync(path.join(folder, 'trainannot'), { recursive: true });
  rmSync(path.join(folder, 'valannot'), { recursive: true });
  await expect(exported(folder, 'segnet')).rejects.toThrow('None of the images has a mask');
});

test("COCO's list of instances may be longer than a string can be", () => {
  // Stripes of two classes on a mask of 512 x 512: runs as short as those of leaves and fences are.
  const [width, height] = [512, 512];
  const ids = Uint8Array.from({ length: width * height }, (_, at) => Number(Math.floor(at / width) % 3 > 0));
  const coco = cocoAnnotations({ width, height, ids }, 2).map(packed);
  const entry = { split: 'train', name: 'a', extension: '.png', width, height, coco };
  const entries = Array.from({ length: 800 }, (_, at) => ({ ...entry, name: `a${at}` }));
  const classes = ['Road', 'Sky'].map((name, id) => ({ name, color: [id, 0, 0] as [number, number, number] }));
  const instances = formOfExport.coco.lists(entries, classes).find(({ path: file }) => file === 'annotations/instances_train.json')!;
  let size = 0;
  for (const piece of instances.content as Iterable<string>) size += piece.length;
  expect(size).toBeGreaterThan(constants.MAX_STRING_LENGTH);
  const [few] = [formOfExport.coco.lists(entries.slice(0, 2), classes).at(-1)!].map(
    ({ content }) => JSON.parse([...content].join('')) as Instances,
  );
  expect(few.annotations.map(({ id, image_id }) => [id, image_id])).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ]);
  expect(few.annotations[3]).toEqual({ id: 4, image_id: 2, ...cocoAnnotations({ width, height, ids }, 2)[1] });
});

test('and the export can be stopped while they are written', async () => {
  const place = temporaryFolder();
  const stop = new AbortController();
  const options = {
    ...locateDataset(await makeDataset()),
    to: 'coco' as const,
    out: path.join(place, 'x'),
    exportImage,
    signal: stop.signal,
  };
  // After the last image, so that only the lists are left.
  const stopped = exportData({ ...options, onProgress: (done, total) => (done === total ? stop.abort() : undefined) });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  expect(readdirSync(place)).toEqual([]);
});

test("COCO's run lengths, unrolled, are the mask", () => {
  const masks = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      ids: fc
        .array(fc.constantFrom(0, 1, 2, 255), { minLength: width * height, maxLength: width * height })
        .map((ids) => Uint8Array.from(ids)),
    }),
  );
  fc.assert(
    fc.property(masks, ({ width, height, ids }) => {
      const back = new Uint8Array(width * height).fill(255);
      for (const { category_id: category, area, bbox, segmentation } of cocoAnnotations({ width, height, ids }, 3)) {
        const inside = segmentation.counts.flatMap((count, run) => new Array<boolean>(count).fill(run % 2 === 1));
        expect(inside).toHaveLength(width * height);
        expect(inside.filter(Boolean)).toHaveLength(area);
        const places = inside.flatMap((isIn, at) => (isIn ? [{ x: Math.floor(at / height), y: at % height }] : []));
        for (const { x, y } of places) back[y * width + x] = category - 1;
        const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)];
        expect(bbox).toEqual([
          Math.min(...xs),
          Math.min(...ys),
          Math.max(...xs) - Math.min(...xs) + 1,
          Math.max(...ys) - Math.min(...ys) + 1,
        ]);
      }
      expect(back).toEqual(ids);
    }),
  );
});

test('what a run predicts goes out in the same forms, of its own images, and not with other classes', async () => {
  const folder = await makeDataset({ train: 2, val: 2 });
  const bench = createBench();
  const { arrangement } = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  const trained = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name: 'a run' });
  const { run } = await trained;
  const predicted = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  const { predictionId } = await predicted;
  const target = out();
  const asked = { to: 'voc', split: null, out: target, predictionId };
  expect(await bench.call('datasetExports.start', asked)).toEqual({ out: target, images: 2, notes: [] });
  const there = idsOf(target);
  expect([...there.keys()].sort()).toEqual(['val/val-0', 'val/val-1']);
  for (const [id, ids] of there) {
    const { prediction } = await bench.call<ReviewMasks>('review.masks', { predictionId, imageId: id });
    expect(ids).toEqual([...prediction]);
  }
  await bench.call('datasets.arrange', {
    arrangement: { ...arrangement, classes: { name: 'Two', voidValue: 11, classes: [{ name: 'Sky', value: 0 }] } },
  });
  await expect(bench.call('datasetExports.start', { ...asked, out: out() })).rejects.toThrow(
    /The classes have changed since this prediction/,
  );
  await bench.workbench.shutDown();
});

test('a zip of more files than a zip can count is refused, and nothing is left of it', async () => {
  const target = `${out()}.zip`;
  const sink = sinkAt(target);
  const filled = async () => {
    for (let n = 0; n <= mostZipFiles; n++) await sink.write(`${n}`, new Uint8Array());
  };
  await expect(filled()).rejects.toThrow('would have more than 65,534 files: export into a folder instead');
  await sink.abandon();
  expect(existsSync(target)).toBe(false);
}, 60_000);

test('an export from a folder that goes away ends there, and leaves nothing that looks whole', async () => {
  const target = out();
  let done = 0;
  const work = exportData({
    ...locateDataset(await makeDataset({ train: 12 })),
    to: 'segnet',
    out: target,
    exportImage: (input) => (++done > 6 ? Promise.reject(new AppError('not-found', 'EIO')) : Promise.resolve(exportImage(input))),
    assertThere: () => {
      if (done > 6) throw new AppError('not-found', 'The folder is not there any more');
    },
  });
  await expect(work).rejects.toMatchObject({ code: 'not-found', message: 'The folder is not there any more' });
  expect(existsSync(target)).toBe(false);
});

test('no annotation of COCO is one of a crowd, which others leave out', async () => {
  const { target } = await exported(await makeDataset(), 'coco');
  const files = (await filesBelow(target)).filter(({ file }) => file.endsWith('.json'));
  const marks = files.flatMap(({ file }) => [...readFileSync(file, 'utf8').matchAll(/"iscrowd":\s*(\d)/g)].map(([, mark]) => mark));
  expect([marks.length > 12, new Set(marks)]).toEqual([true, new Set(['0'])]);
});

test('the statistics run nothing in a spreadsheet, and keep to their rows and columns, whatever classes and splits are called', () => {
  const counts = new Map([['a,b', { pixels: [1, 2, 1], images: [1, 1, 1] }]]);
  const text = reportOf(counts, [
    { name: '=HYPERLINK("x")', color: [1, 2, 3] },
    { name: 'a\rb', color: [4, 5, 6] },
  ] as OutClass[]);
  expect(text.split('\n')).toEqual([
    'split,class,pixels,share,images',
    `"a,b","'=HYPERLINK(""x"")",1,0.250000,1`,
    '"a,b","a\rb",2,0.500000,1',
    '"a,b",Not labelled,1,0.250000,1',
    '',
  ]);
});

test('images of one name go out under names of their own, also where the longer one is taken', async () => {
  const folder = await makeDataset({ train: 3, val: 1 });
  const { images, classSet } = locateDataset(folder);
  const ids = ['train/x', 'train/other/x', 'other/x', 'val/y'];
  const named = images.map((image, n) => ({ ...image, id: ids[n] }));
  const target = out();
  const report = await exportData({ images: named, classSet, to: 'voc', out: target, exportImage });
  expect(report).toEqual({ images: 4, notes: [] });
  const masks = await filesBelow(path.join(target, 'SegmentationClass'));
  expect(masks.map(({ file }) => path.relative(path.join(target, 'SegmentationClass'), file)).toSorted()).toEqual([
    'other/x-2.png',
    'other/x.png',
    'x.png',
    'y.png',
  ]);
});
