// Small data sets laid out as the published ones are, file by file. What each must be read as is told beside it.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { writtenPng, type WrittenPng } from './png-writing.ts';
import { drawScene } from './scene.ts';

type Rgb = readonly [number, number, number];
type Classes = readonly (readonly [name: string, color: Rgb])[];

/** How a set must be read. */
export interface PublishedSet {
  name: string;
  /** Part of the layout's name. */
  title: string;
  classSet: string;
  /** Names of the first and the last class, and how many there are. */
  classes: readonly [first: string, last: string, count: number];
  /** Images of each split. */
  splits: Readonly<Record<string, number>>;
  /** An id, and the class id that pixel `index` of image number `n` must have; 255 is void. */
  firstId: string;
  idAt: (n: number, index: number) => number;
  /** Draws it. */
  draw: (folder: string) => Promise<void>;
}

export const drawnSize = { width: 40, height: 30 };
const pixels = drawnSize.width * drawnSize.height;

const camvid32: Classes = [
  ['Animal', [64, 128, 64]],
  ['Archway', [192, 0, 128]],
  ['Bicyclist', [0, 128, 192]],
  ['Bridge', [0, 128, 64]],
  ['Building', [128, 0, 0]],
  ['Car', [64, 0, 128]],
  ['CartLuggagePram', [64, 0, 192]],
  ['Child', [192, 128, 64]],
  ['Column_Pole', [192, 192, 128]],
  ['Fence', [64, 64, 128]],
  ['LaneMkgsDriv', [128, 0, 192]],
  ['LaneMkgsNonDriv', [192, 0, 64]],
  ['Misc_Text', [128, 128, 64]],
  ['MotorcycleScooter', [192, 0, 192]],
  ['OtherMoving', [128, 64, 64]],
  ['ParkingBlock', [64, 192, 128]],
  ['Pedestrian', [64, 64, 0]],
  ['Road', [128, 64, 128]],
  ['RoadShoulder', [128, 128, 192]],
  ['Sidewalk', [0, 0, 192]],
  ['SignSymbol', [192, 128, 128]],
  ['Sky', [128, 128, 128]],
  ['SUVPickupTruck', [64, 128, 192]],
  ['TrafficCone', [0, 0, 64]],
  ['TrafficLight', [0, 64, 64]],
  ['Train', [192, 64, 128]],
  ['Tree', [128, 128, 0]],
  ['Truck_Bus', [192, 128, 192]],
  ['Tunnel', [64, 0, 64]],
  ['VegetationMisc', [192, 192, 0]],
  ['Void', [0, 0, 0]],
  ['Wall', [64, 192, 0]],
];
const vocColours: Rgb[] = Array.from({ length: 256 }, (_, index) => {
  const channel = (bit: number) => Array.from({ length: 8 }, (_, j) => ((index >> (3 * j + bit)) & 1) << (7 - j)).reduce((a, b) => a | b);
  return [channel(0), channel(1), channel(2)];
});
/** As CVAT writes an export: its own labels, a background first. */
const cvat: Classes = [
  ['background', [0, 0, 0]],
  ['road', [128, 64, 128]],
  ['car', [0, 0, 142]],
  ['person', [220, 20, 60]],
];

const turned = (n: number, index: number, count: number) => (n * 7 + Math.floor(index / 5)) % count;
const grey = (values: readonly number[]): Omit<WrittenPng, 'width' | 'height'> => ({ depth: 8, colourType: 0, samples: values });
const coloured = (colours: readonly Rgb[]): Omit<WrittenPng, 'width' | 'height'> => ({ depth: 8, colourType: 2, samples: colours.flat() });
const each = <T>(of: (index: number) => T): T[] => Array.from({ length: pixels }, (_, index) => of(index));

/** Writes a set's files below a folder. */
class Pen {
  private readonly folder: string;
  private count = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  private to(file: string): string {
    const at = path.join(this.folder, file);
    mkdirSync(path.dirname(at), { recursive: true });
    return at;
  }

  text(file: string, ...lines: string[]): void {
    writeFileSync(this.to(file), lines.join('\n') + '\n');
  }

  /** An image, and its mask where it has one. */
  async pair(image: string, mask: string | null, png?: (n: number) => Omit<WrittenPng, 'width' | 'height'>): Promise<void> {
    const n = this.count++;
    const photo = sharp(drawScene(900 + n, drawnSize.width, drawnSize.height).pixels, { raw: { ...drawnSize, channels: 3 } });
    await (image.endsWith('.jpg') ? photo.jpeg({ quality: 92 }) : photo.png()).toFile(this.to(image));
    if (mask) writeFileSync(this.to(mask), writtenPng({ ...drawnSize, ...png!(n) }));
  }
}

const inColours = (classes: Classes) => (n: number) => coloured(each((index) => classes[turned(n, index, classes.length)][1]));
const inValues = (count: number, void_: number) => (n: number) =>
  grey(each((index) => (index % 11 === 0 ? void_ : turned(n, index, count))));
const voided = (count: number) => (n: number, index: number) => (index % 11 === 0 ? 255 : turned(n, index, count));
const of32 = { classSet: 'CamVid-32', classes: ['Animal', 'Wall', 32] as const, idAt: (n: number, index: number) => turned(n, index, 32) };
const colourLines = (classes: Classes) => classes.map(([name, color]) => `${color.join(' ')}\t\t${name}`);

/** The stored values of Cityscapes' label ids, at their class ids: 0 is void. */
const labelId = (n: number, index: number) => turned(n, index, 34);

export const publishedSets: readonly PublishedSet[] = [
  {
    name: 'reference',
    title: 'train_images / train_labels',
    ...of32,
    splits: { train: 3, val: 2 },
    firstId: 'train/0001TP_006690',
    async draw(folder) {
      const pen = new Pen(folder);
      // The ids in the first channel, something else in the others.
      const png = (n: number) => coloured(each((index) => [turned(n, index, 32), 7, 0] as const));
      for (const n of [6690, 6720, 6750]) await pen.pair(`train_images/0001TP_00${n}.png`, `train_labels/0001TP_00${n}.png`, png);
      for (const n of [8550, 8580]) await pen.pair(`valid_images/0016E5_0${n}.png`, `valid_labels/0016E5_0${n}.png`, png);
    },
  },
  {
    name: 'segnet-camvid',
    title: 'train / trainannot',
    classSet: 'CamVid-11',
    classes: ['Sky', 'Bicyclist', 11],
    splits: { train: 3, val: 1, test: 1 },
    firstId: 'train/0001TP_006690',
    idAt: voided(11),
    async draw(folder) {
      const pen = new Pen(folder);
      for (const [split, names] of Object.entries({ train: [6690, 6720, 6750], val: [7959], test: [7965] })) {
        for (const n of names) await pen.pair(`${split}/0001TP_00${n}.png`, `${split}annot/0001TP_00${n}.png`, inValues(11, 11));
        // Its lists name files as they lay on the disk of who made them.
        const lines = names.map((n) => `/SegNet/CamVid/${split}/0001TP_00${n}.png /SegNet/CamVid/${split}annot/0001TP_00${n}.png`);
        pen.text(`${split}.txt`, ...lines);
      }
    },
  },
  {
    name: 'cambridge-camvid',
    title: '701_StillsRaw_full / LabeledApproved_full',
    classSet: 'Classes of label_colors.txt',
    classes: ['Animal', 'Wall', 32],
    splits: { train: 3, val: 1, rest: 1 },
    firstId: '701_StillsRaw_full/0001TP_006690',
    idAt: of32.idAt,
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('label_colors.txt', ...colourLines(camvid32));
      for (const name of ['0001TP_006690', '0001TP_006720', '0006R0_f00930', '0016E5_00390', 'Seq05VD_f00000'])
        await pen.pair(`701_StillsRaw_full/${name}.png`, `LabeledApproved_full/${name}_L.png`, inColours(camvid32));
      pen.text('train.txt', '0001TP_006690.png', '0001TP_006720.png', '0006R0_f00930.png');
      pen.text('val.txt', '0016E5_00390.png');
    },
  },
  {
    name: 'kaggle-camvid',
    title: 'train / train_labels',
    classSet: 'Classes of class_dict.csv',
    classes: ['Animal', 'Wall', 32],
    splits: { train: 2, val: 1, test: 1 },
    firstId: 'train/0001TP_009210',
    idAt: of32.idAt,
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('class_dict.csv', 'name,r,g,b', ...camvid32.map(([name, color]) => `${name},${color.join(',')}`));
      for (const [split, name] of [
        ['train', '0001TP_009210'],
        ['train', '0001TP_009240'],
        ['val', '0016E5_07959'],
        ['test', '0006R0_f00930'],
      ])
        await pen.pair(`${split}/${name}.png`, `${split}_labels/${name}_L.png`, inColours(camvid32));
    },
  },
  {
    name: 'fastai-camvid',
    title: 'images / labels',
    classSet: 'Classes of codes.txt',
    classes: ['Animal', 'Wall', 32],
    splits: { train: 2, val: 2 },
    firstId: 'images/0006R0_f02910',
    idAt: of32.idAt,
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('codes.txt', ...camvid32.map(([name]) => name));
      for (const name of ['0006R0_f02910', '0016E5_08370', 'Seq05VD_f02760', '0001TP_006690'])
        await pen.pair(`images/${name}.png`, `labels/${name}_P.png`, (n) => grey(each((index) => turned(n, index, 32))));
      pen.text('valid.txt', '0016E5_08370.png', '0001TP_006690.png');
    },
  },
  {
    name: 'cvat-camvid',
    title: 'train / trainannot',
    classSet: 'Classes of label_colors.txt',
    classes: ['background', 'person', 4],
    splits: { train: 2, val: 1 },
    firstId: 'train/frame 1',
    idAt: (n, index) => turned(n, index, 4),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('label_colors.txt', ...cvat.map(([name, color]) => `${color.join(' ')} ${name}`));
      for (const [set, name] of [
        ['default', 'frame 1'],
        ['default', 'frame 2'],
        ['Validation', 'frame 3'],
      ])
        await pen.pair(`${set}/${name}.jpg`, `${set}annot/${name}.png`, inColours(cvat));
      pen.text('default.txt', '"/default/frame 1.jpg" "/defaultannot/frame 1.png"', '"/default/frame 2.jpg" "/defaultannot/frame 2.png"');
      pen.text('Validation.txt', '"/Validation/frame 3.jpg" "/Validationannot/frame 3.png"');
    },
  },
  ...(['labelIds', 'labelTrainIds'] as const).map((form): PublishedSet => {
    const ids = form === 'labelIds';
    return {
      name: `cityscapes-${form}`,
      title: 'leftImg8bit / gtFine',
      classSet: ids ? 'Cityscapes-34' : 'Cityscapes-19',
      classes: ids ? ['ego vehicle', 'bicycle', 33] : ['road', 'bicycle', 19],
      splits: { train: 2, val: 1 },
      firstId: 'train/aachen/aachen_000000_000019',
      idAt: (n, index) => {
        if (!ids) return voided(19)(n, index);
        const value = labelId(n, index);
        return value === 0 ? 255 : value - 1;
      },
      async draw(folder) {
        const pen = new Pen(folder);
        for (const [split, city, frame] of [
          ['train', 'aachen', '000000_000019'],
          ['train', 'zurich', '000001_000019'],
          ['val', 'frankfurt', '000000_000294'],
        ]) {
          const name = `${split}/${city}/${city}_${frame}`;
          const png = ids ? (n: number) => grey(each((index) => labelId(n, index))) : inValues(19, 255);
          await pen.pair(`leftImg8bit/${name}_leftImg8bit.png`, `gtFine/${name}_gtFine_${form}.png`, png);
          // Beside them lie a picture of the mask and what it was drawn from.
          pen.text(`gtFine/${name}_gtFine_polygons.json`, '{}');
          await sharp({ create: { ...drawnSize, channels: 3, background: '#804080' } })
            .png()
            .toFile(path.join(folder, `gtFine/${name}_gtFine_color.png`));
        }
      },
    };
  }),
  {
    name: 'voc',
    title: 'JPEGImages / SegmentationClass',
    classSet: 'VOC-21',
    classes: ['background', 'tvmonitor', 21],
    splits: { train: 2, val: 1, rest: 1 },
    firstId: 'JPEGImages/2007_000032',
    idAt: voided(21),
    async draw(folder) {
      const pen = new Pen(folder);
      const palette = [...vocColours.slice(0, 255), [224, 224, 192]].flat();
      const png = (n: number) => ({ depth: 8, colourType: 3, palette, samples: each((index) => voided(21)(n, index)) });
      for (const name of ['2007_000032', '2007_000039', '2007_000063'])
        await pen.pair(`JPEGImages/${name}.jpg`, `SegmentationClass/${name}.png`, png);
      // Most of its photos have no mask.
      await pen.pair('JPEGImages/2007_000027.jpg', null);
      pen.text('ImageSets/Segmentation/train.txt', '2007_000032', '2007_000039');
      pen.text('ImageSets/Segmentation/val.txt', '2007_000063');
      pen.text('ImageSets/Segmentation/trainval.txt', '2007_000032', '2007_000039', '2007_000063');
    },
  },
  {
    name: 'cvat-mask-1.1',
    title: 'JPEGImages / SegmentationClass',
    classSet: 'Classes of labelmap.txt',
    classes: ['background', 'person', 4],
    splits: { train: 2 },
    firstId: 'JPEGImages/street/1',
    idAt: (n, index) => turned(n, index, 4),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('labelmap.txt', '# label:color_rgb:parts:actions', ...cvat.map(([name, color]) => `${name}:${color.join(',')}::`));
      for (const name of ['street/1', 'street/2']) {
        await pen.pair(`JPEGImages/${name}.jpg`, `SegmentationClass/${name}.png`, inColours(cvat));
        await sharp({ create: { ...drawnSize, channels: 3, background: '#000000' } })
          .png()
          .toFile(made(folder, `SegmentationObject/${name}.png`));
      }
      pen.text('ImageSets/Segmentation/default.txt', 'street/1', 'street/2');
    },
  },
  {
    name: 'mmsegmentation',
    title: 'img_dir / ann_dir',
    classSet: 'Two',
    classes: ['road', 'rest', 2],
    splits: { train: 2, val: 1 },
    firstId: 'train/a',
    idAt: voided(2),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('classes.json', JSON.stringify({ name: 'Two', classes: ['road', 'rest'] }));
      for (const name of ['train/a', 'train/b', 'val/c']) await pen.pair(`img_dir/${name}.jpg`, `ann_dir/${name}.png`, inValues(2, 255));
    },
  },
  {
    name: 'pairs-with-splits',
    title: 'images / masks',
    classSet: 'Own classes',
    classes: ['sky', 'ground', 2],
    splits: { train: 2, val: 1 },
    firstId: 'train/1',
    idAt: voided(2),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('classes.json', '\ufeff["sky", "ground"]');
      for (const name of ['train/1', 'train/2', 'validation/3'])
        await pen.pair(`images/${name}.png`, `masks/${name}.png`, inValues(2, 255));
    },
  },
  {
    name: 'splits-with-pairs',
    title: 'images and masks inside',
    classSet: 'Classes of classes.txt',
    classes: ['sky', 'ground', 2],
    splits: { train: 1, val: 1 },
    firstId: 'train/1',
    idAt: voided(2),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('classes.txt', 'sky', 'ground');
      for (const [split, name] of [
        ['train', '1'],
        ['valid', '2'],
      ])
        await pen.pair(`${split}/images/${name}.jpg`, `${split}/masks/${name}_mask.png`, inValues(2, 255));
    },
  },
  {
    name: 'flat',
    title: 'images and masks in one folder',
    classSet: 'Classes of codes.txt',
    classes: ['sky', 'ground', 2],
    splits: { train: 2 },
    firstId: 'images/one',
    idAt: voided(2),
    async draw(folder) {
      const pen = new Pen(folder);
      pen.text('codes.txt', 'sky', 'ground');
      for (const name of ['one', 'two']) await pen.pair(`${name}.jpg`, `${name}_mask.png`, inValues(2, 255));
    },
  },
];

function made(folder: string, file: string): string {
  const at = path.join(folder, file);
  mkdirSync(path.dirname(at), { recursive: true });
  return at;
}
