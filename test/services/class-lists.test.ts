// Lists of classes as people and programs have them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { datasetFolder, locateDataset } from '#services/layouts/recognise';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';

const [width, height] = [12, 8];
let folder: string;
beforeEach(() => (folder = temporaryFolder()));

const mask = writtenPng({ width, height, depth: 8, colourType: 0, samples: Array.from({ length: width * height }, (_, i) => i % 2) });

function put(file: string, content: string | Uint8Array): void {
  const at = path.join(folder, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
}

/** Writes photos and masks, by their names: what begins with `=` is a mask. */
async function lay(files: string): Promise<void> {
  for (const file of files.split(' ')) {
    if (file.startsWith('=')) put(file.slice(1), mask);
    else if (file.endsWith('.jpg'))
      put(
        file,
        await sharp({ create: { width, height, channels: 3, background: 'teal' } })
          .jpeg()
          .toBuffer(),
      );
    else put(file, 'something');
  }
}

describe('lists of classes', () => {
  const road2 = { name: 'construction--flat--road', readable: 'Road', color: [128, 64, 128], instances: false, evaluate: true };
  const sky2 = { name: 'nature--sky', readable: 'Sky', color: [70, 130, 180], instances: false, evaluate: true };

  test.each([
    ['config.json', { version: '1.1', labels: [sky2, road2] }, ['nature--sky', 'construction--flat--road']],
    ['config_v2.0.json', { version: '2.0', labels: [road2, sky2] }, ['construction--flat--road', 'nature--sky']],
    ['rs19-config.json', { labels: [road2, sky2] }, ['construction--flat--road', 'nature--sky']],
    ['class_list.json', { '#ff0000': 'Car 1', '#b6593b': 'Sidebars' }, ['Car 1', 'Sidebars']],
  ])('as published sets have them: %s', async (name, content, names) => {
    await lay('images/1.jpg =masks/1.png');
    put('config_v1.2.json', JSON.stringify({ labels: [sky2, { ...road2, name: 'older' }] }));
    if (!name.endsWith('v2.0.json')) rmSync(path.join(folder, 'config_v1.2.json'));
    put(name, JSON.stringify(content));
    expect(locateDataset(folder).classSet.classes.map((each) => each.name)).toEqual(names);
  });

  test.each([
    ['classes.txt', '1 road 128 64 128\n2 sky 70 130 180\n', [1, 2]],
    ['classes.txt', '7,road,128,64,128\n9,sky,70,130,180\n', [7, 9]],
    ['classes.txt', '1 128 64 128 road\n2 70 130 180 sky\n', [1, 2]],
    ['classes.txt', '128 64 128 255 road\n70 130 180 255 sky\n', [0, 1]],
    ['classes.txt', '128 64 128 0 road\n70 130 180 255 sky\n', [0, 1]],
    ['classes.txt', '7 128 64 128 road\n11 70 130 180 sky\n', [7, 11]],
    ['class_dict.csv', 'name,id,category\nroad,7,flat\nsky,23,sky\n', [7, 23]],
    ['class_dict.csv', 'name,id,class\nroad,7,\nsky,23,1\n', [7, 23]],
    ['class_dict.csv', 'name,r,g,b,category\nroad,128,64,128,flat\nsky,70,130,180,sky\n', [0, 1]],
    ['labels.csv', 'id,name,category\n3,road,flat\n5,sky,sky\n', [3, 5]],
    ['class_dict.csv', 'name,id\nroad,7.0\nsky,23.0\n', [7, 23]],
    ['class_dict.csv', 'name,value,id,trainId\nroad,7,7,0\nsky,23,23,10\n', [7, 23]],
    ['labels.csv', 'label,name,r,g,b\n3,road,128,64,128\n5,sky,70,130,180\n', [3, 5]],
    ['labels.csv', 'name,id,trainId\nroad,0,0\nsky,1,1\n', [0, 1]],
    ['classes.csv', 'id,name\n-1,license plate\n4,road\n6,sky\n', [4, 6]],
  ])('numbers are values wherever they stand: %s %j', async (name, content, values) => {
    await lay('images/1.jpg =masks/1.png');
    put(name, content);
    const { classes } = locateDataset(folder).classSet;
    expect(classes.map((each) => each.name)).toEqual(['road', 'sky']);
    expect(classes.map((each) => each.value)).toEqual(values);
    if (content.includes('128')) expect(classes.map(({ color }) => color.join())).toEqual(['128,64,128', '70,130,180']);
  });

  test.each([
    ['name,r,g,b,id,train_id\nroad,128,64,128,7,0\nsky,70,130,180,23,10\n', [0, 1]],
    ['name,r,g,b,trainId\nroad,128,64,128,255\nsky,70,130,180,255\n', [0, 1]],
    ['name,r,g,b,category_id\nroad,128,64,128,1\nsky,70,130,180,1\n', [0, 1]],
    ['name,r,g,b,id\nroad,128,64,128,1001\nsky,70,130,180,2\n', [0, 1]],
    ['name,r,g,b,id\nroad,128,64,128,\nsky,70,130,180,2\n', [0, 1]],
    ['name,r,g,b,id\nroad,128,64,128,-1\nsky,70,130,180,1\n', [0, 1]],
    ['name,r,g,b,id\nroad,128,64,128,4\nsky,70,130,180,6\n', [4, 6]],
    ['id,name,r,g,b\n1,road,128,64,128\n2,sky,70,130,180\n-1,plate,0,0,142\n', [1, 2, 254]],
    ['name,r,g,b,value\nroad,128,64,128,4\nsky,70,130,180,6\nplate,0,0,142,0.5\n', [4, 6, 254]],
  ])('of a list with colours numbers that are no values tell nothing: %j', async (content, values) => {
    await lay('images/1.jpg =masks/1.png');
    put('class_dict.csv', content);
    const { classes } = locateDataset(folder).classSet;
    expect(classes.map(({ name, color, value }) => [name, color.join(), value])).toEqual([
      ['road', '128,64,128', values[0]],
      ['sky', '70,130,180', values[1]],
      ...(values.length > 2 ? [['plate', '0,0,142', values[2]]] : []),
    ]);
  });

  test.each([
    'id,label\n1,cat\n2,dog\n',
    'image,label\n1.jpg,cat\n2.jpg,dog\n',
    'filename,road,sky,car\n1.jpg,1,0,1\n2.jpg,0,1,1\n',
    'id,label\n1,cat\n2,cat\n',
    'Straße',
  ])('a table of something else is no list of classes: %j', async (content) => {
    await lay('train/1.jpg =trainannot/1.png');
    put('labels.csv', content);
    expect(locateDataset(folder).arrangement.classes).toEqual({ builtIn: 'camvid-11' });
    put('classes.txt', 'road\nsky\n');
    expect(locateDataset(folder).arrangement.classes).toEqual({ file: 'classes.txt' });
  });

  test('of two lists the one that was read before others were known goes first', async () => {
    await lay('images/1.jpg =masks/1.png');
    put('labels.csv', 'id,name\n1,road\n2,sky\n');
    put('classes.txt', 'bg\nroad\nsky\n');
    expect(locateDataset(folder).arrangement.classes).toEqual({ file: 'classes.txt' });
  });

  test('a list of classes that has a line of something else is refused, and a table that is none is told', async () => {
    await lay('train/1.jpg =trainannot/1.png');
    put('classes.csv', 'name,r,g,b\nroad,128,64,128\nsky,70,130,x\n');
    expect(() => locateDataset(folder)).toThrow('classes.csv, line 3 is "sky,70,130,x"');
    rmSync(path.join(folder, 'classes.csv'));
    put('labels.csv', 'id,label\n1,cat\n2,cat\n');
    expect(locateDataset(folder).problems.join()).toContain('labels.csv is read as no list of classes: ');
    folder = temporaryFolder();
    await lay('images/1.jpg =masks/1.png');
    put('labels.csv', 'id,label\n1,cat\n2,cat\n');
    expect(() => locateDataset(folder)).toThrow('labels.csv is read as no list of classes: ');
  });

  test('a list that is called as one goes before one that may be anything, wherever it lies', async () => {
    await lay('images/1.jpg =masks/1.png');
    put('config.json', JSON.stringify({ labels: [{ ...road2, name: 'cat' }, sky2] }));
    put('masks/classes.txt', 'road\nsky\n');
    expect(locateDataset(folder).arrangement.classes).toEqual({ file: 'masks/classes.txt' });
  });

  test('two columns that could be the value are refused, with both', async () => {
    await lay('images/1.jpg =masks/1.png');
    put('class_dict.csv', 'name,id,trainId\nroad,7,0\nsky,23,10\n');
    expect(() => locateDataset(folder)).toThrow(/class_dict.csv.*"road".*"id" 7 and the "trainId" 0/);
  });

  test.each([{ width: 480, height: 360 }, { model: 'unet', classes: 2 }, { classes: ['a', 'b'], lr: 1 }, 'not json'])(
    'a configuration of something else is none: %j',
    async (content) => {
      await lay('train/1.jpg =trainannot/1.png');
      put('config.json', JSON.stringify(content));
      expect(locateDataset(folder).arrangement.classes).toEqual({ builtIn: 'camvid-11' });
    },
  );

  test.each([
    ['label_colors.txt', '128 64 128 255 Road\n0 0 0 255 Void\n', ['Road', 'Void']],
    ['label_colors.txt', '128 64 128 24 hour parking\n9 9 9 Road\n', ['24 hour parking', 'Road']],
    ['class_dict.csv', 'name,r,g,b\n"lane, white",255,255,255\n', ['lane, white']],
    ['class_dict.csv', 'name;r;g;b\nlane;255;255;255\n', ['lane']],
    ['labelmap.txt', 'background:::\nroad:::\n', ['background', 'road']],
    ['classes.txt', '0 sky\n3 road\n', ['sky', 'road']],
    ['classes.txt', '1 sky\n3 road\n-1 ignore\n', ['sky', 'road']],
    ['classes.txt', 'name\nsky\nroad\n', ['sky', 'road']],
    ['classes.txt', 'sky,1\nroad,0\n', ['sky', 'road']],
    ['classes.txt', 'sky\nlabel\n', ['sky', 'label']],
    ['classes.txt', '0. sky\n1. road\n', ['sky', 'road']],
    ['classes.txt', '0 - sky\n1 - road\n', ['sky', 'road']],
    ['classes.txt', 'sky=1\nroad=0\n', ['sky', 'road']],
    ['classes.txt', '"sky"\n"road"\n', ['sky', 'road']],
    ['codes.txt', Buffer.from('Stra\xdfe\n', 'latin1'), ['Stra\xdfe']],
  ])('%s: %j', async (name, content, names) => {
    await lay('images/1.jpg =masks/1.png');
    put(name, content);
    expect(locateDataset(folder).classSet.classes.map((each) => each.name)).toEqual(names);
  });

  const [road, sky] = [
    { name: 'road', color: [128, 64, 128] },
    { name: 'sky', color: [70, 130, 180] },
  ];
  test.each<[string, string, unknown[]]>([
    [
      'label_colors.txt',
      '1 128 64 128 road\n2 70 130 180 sky\n',
      [
        { ...road, value: 1 },
        { ...sky, value: 2 },
      ],
    ],
    ['label_colors.txt', '0 0 0 255 road\n1 0 0 255 sky\n', [{ color: [0, 0, 0] }, { color: [1, 0, 0] }]],
    [
      'class_dict.csv',
      'name,id,r,g,b\nroad,7,128,64,128\nsky,23,70,130,180\n',
      [
        { ...road, value: 7 },
        { ...sky, value: 23 },
      ],
    ],
    [
      'class_dict.csv',
      'name,r,g,b,id\nroad,128,64,128,1\nsky,70,130,180,0\n',
      [
        { ...road, value: 1 },
        { ...sky, value: 0 },
      ],
    ],
    ['class_dict.csv', 'name,b,g,r\nroad,128,64,128\nsky,180,130,70\n', [road, sky]],
    ['class_dict.csv', 'r,g,b,name\n128,64,128,road\n70,130,180,sky\n', [road, sky]],
    [
      '_classes.csv',
      'Pixel Value, Class\n0, road\n3, sky\n',
      [
        { name: 'road', value: 0 },
        { name: 'sky', value: 3 },
      ],
    ],
    ['classes.txt', 'road 128 64 128\nsky 70 130 180\n', [road, sky]],
    ['labels.txt', '128,64,128,road\n70,130,180,sky\n', [road, sky]],
    ['classes.json', '[{"name":"road","color":"#804080"},{"name":"sky","rgb":[70,130,180]}]', [road, sky]],
    [
      'classes.json',
      '{"0":"road","4":"sky"}',
      [
        { name: 'road', value: 0 },
        { name: 'sky', value: 4 },
      ],
    ],
    [
      'classes.json',
      '{"sky":4,"road":0}',
      [
        { name: 'sky', value: 4 },
        { name: 'road', value: 0 },
      ],
    ],
    ['classes.json', '{"#804080":"road","#4682b4":"sky"}', [road, sky]],
    ['classes.json', '{"categories":[{"id":3,"name":"road"}]}', [{ name: 'road', value: 3 }]],
  ])('%s tells more than names: %j', async (name, content, classes) => {
    await lay('images/1.jpg =masks/1.png');
    put(name, content);
    expect(locateDataset(folder).classSet.classes).toMatchObject(classes);
  });

  test.each([
    ['class_dict.csv', 'name,r,g,b\nroad,128,64,x\n', 'line 2 is "road,128,64,x"'],
    ['classes.json', '[{"name":"road","color":"purple"}]', 'a "color" as [128, 64, 128] or "#804080"'],
  ])('and what is none is told: %s, %j', async (name, content, text) => {
    await lay('images/1.jpg =masks/1.png');
    put(name, content);
    expect(() => locateDataset(folder)).toThrow(text);
  });

  test.each<[string, unknown[], Record<string, number>]>([
    [
      '"id"',
      [
        { id: 3, name: 'car', supercategory: 'vehicle' },
        { id: 1, name: 'road' },
      ],
      { car: 3, road: 1 },
    ],
    [
      '"index" in an object',
      [
        { index: 1, name: 'a' },
        { index: 0, name: 'b' },
      ],
      { a: 1, b: 0 },
    ],
    [
      '"value" before "id"',
      [
        { id: 30, value: 0, name: 'a' },
        { id: 31, value: 1, name: 'b' },
      ],
      { a: 0, b: 1 },
    ],
    [
      'two that are the same',
      [
        { id: 1, trainId: 1, name: 'a' },
        { id: 0, trainId: 0, name: 'b' },
      ],
      { a: 1, b: 0 },
    ],
  ])('of other programs have their values by their own name: %s', async (_, classes, values) => {
    await lay('images/1.jpg =masks/1.png');
    put('classes.json', JSON.stringify(classes));
    expect(Object.fromEntries(locateDataset(folder).classSet.classes.map((each) => [each.name, each.value]))).toEqual(values);
  });

  test.each([
    [[{ id: 7, trainId: 0, name: 'road' }, 'x'], 'gives "road" the "id" 7 and the "trainId" 0: say with "value" which of them masks hold'],
    [[{ id: 300, name: 'road' }, 'x'], 'gives "road" the "id" 300: a value must be 0 to 255'],
  ])('and are refused where it is not known which: %j', async (classes, why) => {
    await lay('images/1.jpg =masks/1.png');
    put('classes.json', JSON.stringify({ classes }));
    expect(() => locateDataset(folder)).toThrow(why);
  });

  test.each([
    ['class_names.txt', '_background_\nroad\n', 'SegmentationClass'],
    ['labels.txt', '__ignore__\n_background_\nroad\n', 'SegmentationClass'],
    ['class_names.txt', '_background_\nroad\n', 'SegmentationClassPNG'],
  ])('of labelme are those of its export, and not those of VOC: %s %#', async (name, content, masks) => {
    await lay(`JPEGImages/1.jpg SegmentationClass/1.npy =${masks}/1.png`);
    put(name, content);
    const { classSet, images } = locateDataset(folder);
    expect(classSet.classes.map((each) => each.name)).toEqual(['_background_', 'road']);
    expect([0, 1].map((value) => classSet.format.toId[value])).toEqual([0, 1]);
    expect(images.map(({ maskFile }) => path.relative(folder, maskFile))).toEqual([path.join(masks, '1.png')]);
  });

  test.each([
    ['classes.json', JSON.stringify(Array.from({ length: 256 }, (_, i) => `c${i}`)), 'one of 255 or not labelled'],
    ['classes.json', JSON.stringify(Array.from({ length: 257 }, (_, i) => `c${i}`)), '1 to 255 names'],
    ['codes.txt', Array.from({ length: 257 }, (_, i) => `c${i}`).join('\n'), 'it must be 1 to 255'],
    ['classes.json', '{"a":"sky"}', 'must hold "classes"'],
    ['codes.txt', `${'x'.repeat(61)}1\n`, 'codes.txt, line 1 is'],
    ['classes.txt', '0 sky\n1 road\n300 other\n', 'gives "other" the number 300: a class must have one from 0 to 255'],
  ])('%s that is none says the rule: %#', async (name, content, words) => {
    await lay('images/1.jpg =masks/1.png');
    put(name, content);
    expect(() => locateDataset(folder)).toThrow(words);
  });

  test('masks that are all very large are looked at as well, and how they name classes is no guess', async () => {
    await lay('images/1.jpg');
    const [wide, high] = [6000, 4000];
    put('class_dict.csv', 'name,r,g,b\nroad,9,9,9\nsky,1,2,3\n');
    const ids = sharp(new Uint8Array(wide * high).fill(1), { raw: { width: wide, height: high, channels: 1 } });
    put('masks/1.png', new Uint8Array(await ids.toColourspace('b-w').png({ compressionLevel: 1 }).toBuffer()));
    expect(locateDataset(folder).arrangement.masks).toBe('value');
  });

  test('255 classes open, and the last of them is read', async () => {
    put('classes.json', JSON.stringify(Array.from({ length: 255 }, (_, i) => `c${i}`)));
    await lay('images/1.jpg');
    put('masks/1.png', writtenPng({ width, height, depth: 8, colourType: 0, samples: new Array<number>(width * height).fill(254) }));
    const { classSet } = locateDataset(folder);
    expect([classSet.classes.length, classSet.format.toId[254], classSet.format.voidValue]).toEqual([255, 254, 255]);
  });

  test.each(['classes.json', 'codes.txt', 'class_dict.csv'])('of 256 in %s the one that is named void is not labelled', async (name) => {
    await lay('images/1.jpg =masks/1.png');
    const names = Array.from({ length: 256 }, (_, i) => (i === 0 ? 'Void' : `c${i}`));
    const coloured = `name,r,g,b\n${names.map((each, i) => `${each},${i},0,0`).join('\n')}`;
    put(name, name === 'classes.json' ? JSON.stringify(names) : name === 'codes.txt' ? names.join('\n') : coloured);
    const { classes, format } = locateDataset(folder).classSet;
    expect([classes.length, classes[254].name, classes[254].value, format.voidValue]).toEqual([255, 'c255', 255, 0]);
    expect(format.toId[0]).toBe(255);
  });
});

test.each([
  ['UTF-16, as PowerShell writes it', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('["Straße","Fußweg"]', 'utf16le')])],
  ['Windows-1252', Buffer.from('["Straße","Fußweg"]', 'latin1')],
  ['UTF-8 with its mark', Buffer.from('\uFEFF["Straße","Fußweg"]')],
])('a list in JSON is read in %s', async (_, content) => {
  await lay('train/a.jpg =trainannot/a.png');
  put('classes.json', content);
  expect(locateDataset(folder).classSet.classes.map(({ name }) => name)).toEqual(['Straße', 'Fußweg']);
});

test('where a list in JSON is broken is told', async () => {
  await lay('train/a.jpg =trainannot/a.png');
  put('classes.json', '[\n  "Road",\n  "Car",\n]\n');
  expect(() => locateDataset(folder)).toThrow(/classes\.json does not hold .*it is not JSON: Unexpected token '\]'$/);
  put('classes.json', '{\n "name": "x"\n "classes": []}');
  expect(() => locateDataset(folder)).toThrow(/it is not JSON: Expected ',' or '}' after property value at line 3, column 2$/);
});

test('a list around the folder of the images is not left out without a word', async () => {
  await lay('data/train/1.jpg =data/trainannot/1.png data/val/2.jpg =data/valannot/2.png');
  put('classes.txt', 'grass\nwater\n');
  const why = `${path.join(folder, 'classes.txt')} lists classes and lies outside of ${path.join(folder, 'data')}, which holds the images`;
  expect(() => datasetFolder(folder)).toThrow(why);
  put('data/classes.txt', 'grass\nwater\n');
  expect(datasetFolder(folder)).toBe(path.join(folder, 'data'));
});

describe('classes are not guessed from a colour or two', () => {
  const palette = (...colours: number[][]) => Uint8Array.from({ length: 768 }, (_, at) => colours[Math.floor(at / 3)]?.[at % 3] ?? 0);
  const inColours = (...colours: number[][]) => ({
    palette: writtenPng({
      ...{ width, height, depth: 8, colourType: 3 },
      samples: Array.from({ length: width * height }, (_, i) => i % colours.length),
      palette: [...palette(...colours)],
    }),
    rgb: writtenPng({
      ...{ width, height, depth: 8, colourType: 2 },
      samples: Array.from({ length: width * height }, (_, i) => colours[i % colours.length]).flat(),
    }),
  });
  const black = [0, 0, 0];

  test.each([
    ["labelme's palette with one class", [black, [128, 0, 0]]],
    ["labelme's palette with three", [black, [128, 0, 0], [0, 128, 0], [128, 128, 0]]],
    ['red', [black, [255, 0, 0]]],
    ['green', [black, [0, 128, 0]]],
    ['black alone', [black]],
  ])('%s', async (_, colours) => {
    for (const [kind, content] of Object.entries(inColours(...colours))) {
      folder = temporaryFolder();
      await lay('images/1.jpg');
      put('masks/1.png', content);
      expect(() => locateDataset(folder), kind).toThrow('its classes are not known');
    }
  });

  test('and several that are those of a set alone are', async () => {
    await lay('images/1.jpg');
    put('masks/1.png', inColours([128, 64, 128], [64, 0, 128], [64, 64, 0], [0, 128, 192]).rgb);
    expect(locateDataset(folder).arrangement.classes).toEqual({ builtIn: 'camvid-32' });
  });
});

test('masks that hold nothing but the value 0 are of the first class: nothing in them tells a colour', async () => {
  await lay('images/1.jpg');
  put('label_colors.txt', '90 90 90 bg\n128 64 128 crack\n');
  put('masks/1.png', writtenPng({ width, height, depth: 8, colourType: 0, samples: new Array<number>(width * height).fill(0) }));
  expect(locateDataset(folder).arrangement.masks).toBe('value');
  // A palette of the classes' colours tells that they are meant, and so do channels: black is what is not labelled.
  const palette = [0, 0, 0, 128, 64, 128, 0, 128, 0];
  put('masks/1.png', writtenPng({ width, height, depth: 8, colourType: 3, palette, samples: new Array<number>(width * height).fill(0) }));
  expect(locateDataset(folder).arrangement.masks).toBe('colour');
  put('masks/1.png', writtenPng({ width, height, depth: 8, colourType: 2, samples: new Array<number>(3 * width * height).fill(0) }));
  expect(locateDataset(folder).arrangement.masks).toBe('colour');
});
