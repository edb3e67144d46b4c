// The forms that a data set goes out in: what each file is called and holds. One image at a time, so that worker threads can share them.
import path from 'node:path';
import { paletteForm } from '#files/mask-form';
import { encodeStoredMask } from '#files/mask-writing';
import { rgbPng } from '#files/png/rgb-png';
import type { Rgb } from '#shared/classes/class-info';
import { folded } from '#shared/folded';
import { freeName } from '#shared/free-name';
import { voidColour } from '#shared/classes/void-colour';
import type { ExportFormName } from '#shared/data/export-forms';
import { voidId } from '#shared/mask/void-id';
import { soundArrangement } from '#shared/data/arrangement';
import { cityscapesIds } from './cityscapes-ids.ts';
import { annotationText, cocoAnnotations, packed, panopticMask, type PackedAnnotation } from './coco.ts';

/** A class as it goes out. */
export interface OutClass {
  name: string;
  color: Rgb;
}

/** An image with its mask as class ids. */
export interface OutImage {
  split: string;
  /** Unique within the export, with `/` between its parts. */
  name: string;
  /** With its dot. */
  extension: string;
  picture: Uint8Array;
  width: number;
  height: number;
  ids: Uint8Array;
}

/** A text that may be longer than a string can be comes in pieces. */
export type OutContent = Uint8Array | string | Iterable<string>;

export const isInPieces = (content: OutContent): content is Iterable<string> =>
  typeof content !== 'string' && !(content instanceof Uint8Array);

export interface OutFile {
  path: string;
  content: OutContent;
}

/** What the lists at the end need to know of an image. */
export interface OutEntry {
  split: string;
  name: string;
  extension: string;
  width: number;
  height: number;
  coco?: PackedAnnotation[];
}

interface ExportForm {
  /** Whether images must be PNG. */
  pngAlone?: boolean;
  files: (image: OutImage, classes: readonly OutClass[]) => OutFile[];
  coco?: (image: OutImage, classes: readonly OutClass[]) => PackedAnnotation[];
  lists: (entries: readonly OutEntry[], classes: readonly OutClass[]) => OutFile[];
}

/** The colour of void. More than four classes of such colours are no street. */
const colourOfVoid = (classes: readonly OutClass[]): Rgb => voidColour(classes) ?? [1, 1, 1];

/** Ids as a grey PNG; void is the number of classes, as SegNet's masks have it. */
function greyMask({ width, height, ids }: OutImage, classes: readonly OutClass[]): Uint8Array {
  return encodeStoredMask({ width, height, values: ids.map((id) => (id === voidId ? classes.length : id)) });
}

/** Ids in the classes' colours, RGB of 8 bits. */
export function colourPicture({ width, height, ids }: OutImage, classes: readonly OutClass[]): Uint8Array {
  const none = colourOfVoid(classes);
  const samples = new Uint8Array(3 * ids.length);
  ids.forEach((id, index) => samples.set(id === voidId ? none : classes[id].color, 3 * index));
  return rgbPng(width, height, samples);
}

/** Ids as a palette PNG in the classes' colours; 255 is void. */
function paletteMask({ width, height, ids }: OutImage, classes: readonly OutClass[]): Uint8Array {
  const palette = Array.from({ length: 256 }, (_, id) => classes[id]?.color ?? null);
  palette[voidId] = colourOfVoid(classes);
  return encodeStoredMask({ width, height, values: ids }, paletteForm(palette));
}

const bySplit = (entries: readonly OutEntry[]): [split: string, entries: OutEntry[]][] =>
  [...new Set(entries.map(({ split }) => split))].map((split) => [split, entries.filter((entry) => entry.split === split)]);

/** A name with a line break in it stays on its line. */
const lines = (texts: readonly string[]): string => texts.map((text) => `${text.replace(/[\r\n]+/g, ' ')}\n`).join('');
const quoted = (text: string): string => (/\s/.test(text) ? `"${text}"` : text);

const classesFile = (content: object): OutFile => ({
  path: 'classes.json',
  content: `${JSON.stringify({ name: 'Exported classes', ...content }, null, 1)}\n`,
});

/** The classes as this workbench reads them, beside whatever list the form has. */
const classesOfValues = (classes: readonly OutClass[], voidValue: number): OutFile =>
  classesFile({ voidValue, classes: classes.map(({ name, color }, value) => ({ value, name, color })) });

/** The same where colours name classes: their order alone. */
const classesOfColours = (classes: readonly OutClass[]): OutFile =>
  classesFile({ classes: classes.map(({ name, color }) => ({ name, color })) });

/** Pairs of paths, an image a line, as SegNet and CVAT list them. */
const pairLists = (entries: readonly OutEntry[]): OutFile[] =>
  bySplit(entries).map(([split, here]) => ({
    path: `${split}.txt`,
    content: lines(here.map(({ name, extension }) => `${quoted(`/${split}/${name}${extension}`)} ${quoted(`/${split}annot/${name}.png`)}`)),
  }));

/** Readers refuse a colour that no label has: void is one of these, where no class is called so. */
const freeLabel = (classes: readonly OutClass[], ...names: readonly string[]): string => {
  const isTaken = (name: string) => classes.some((each) => each.name.toLowerCase() === name.toLowerCase());
  return names.find((name) => !isTaken(name)) ?? freeName(names[0], isTaken);
};

const colourLines = (classes: readonly OutClass[]): string[] => {
  const named = `${colourOfVoid(classes).join(' ')} ${freeLabel(classes, 'Void', 'Unlabelled')}`;
  return [named, ...classes.map(({ name, color }) => `${color.join(' ')} ${name}`)];
};

const segnet: ExportForm = {
  files: (image, classes) => [
    { path: `${image.split}/${image.name}${image.extension}`, content: image.picture },
    { path: `${image.split}annot/${image.name}.png`, content: greyMask(image, classes) },
  ],
  lists: (entries, classes) => [...pairLists(entries), classesOfValues(classes, classes.length)],
};

const camvid: ExportForm = {
  files: (image, classes) => [
    { path: `${image.split}/${image.name}${image.extension}`, content: image.picture },
    { path: `${image.split}annot/${image.name}.png`, content: colourPicture(image, classes) },
  ],
  lists: (entries, classes) => [
    ...pairLists(entries),
    { path: 'label_colors.txt', content: lines(colourLines(classes)) },
    classesOfColours(classes),
  ],
};

/** Void is `background` where that is free, as CVAT writes it. */
const voidLabel = (classes: readonly OutClass[]): string =>
  `${freeLabel(classes, 'background', 'ignored', 'void')}:${colourOfVoid(classes).join(',')}::`;

const voc: ExportForm = {
  files: (image, classes) => [
    { path: `JPEGImages/${image.name}${image.extension}`, content: image.picture },
    { path: `SegmentationClass/${image.name}.png`, content: paletteMask(image, classes) },
  ],
  lists: (entries, classes) => [
    ...bySplit(entries).map(([split, here]) => ({
      path: `ImageSets/Segmentation/${split}.txt`,
      content: lines(here.map(({ name }) => (/^[#"]/.test(name) ? `./${name}` : name))),
    })),
    {
      path: 'labelmap.txt',
      content: lines([
        '# label:color_rgb:parts:actions',
        voidLabel(classes),
        ...classes.map(({ name, color }) => `${name.replaceAll(':', '-')}:${color.join(',')}::`),
      ]),
    },
    classesOfValues(classes, 255),
  ],
};

/** Where the files of an image lie in its split: readers look for images right in the folder of a city. */
function cityPath(name: string): string {
  const city = name.includes('/') ? path.posix.dirname(name).replaceAll('/', '--') : (/^([A-Za-z-]+)_\d{6}_/.exec(name)?.[1] ?? 'exported');
  return `${city}/${path.posix.basename(name)}`;
}

const cityscapes: ExportForm = {
  pngAlone: true,
  files(image, classes) {
    const { width, height, ids } = image;
    const at = `${image.split}/${cityPath(image.name)}`;
    const { labelIds, trainIds } = cityscapesIds(classes.map(({ name }) => name));
    const inIds = (of: readonly number[], none: number) => ids.map((id) => (id === voidId ? none : of[id]));
    return [
      { path: `leftImg8bit/${at}_leftImg8bit.png`, content: image.picture },
      { path: `gtFine/${at}_gtFine_labelIds.png`, content: encodeStoredMask({ width, height, values: inIds(labelIds, 0) }) },
      { path: `gtFine/${at}_gtFine_labelTrainIds.png`, content: encodeStoredMask({ width, height, values: inIds(trainIds, 255) }) },
      { path: `gtFine/${at}_gtFine_color.png`, content: colourPicture(image, classes) },
    ];
  },
  // Whoever opens it here again has every class; training ids, which others take, are of nineteen.
  lists: (entries, classes) => (holdsMoreThanTrainIds(classes) ? [readByLabelIds(entries)] : []),
};

/** Whether there are classes that Cityscapes has ids for and no ids to train on. */
function holdsMoreThanTrainIds(classes: readonly OutClass[]): boolean {
  const { labelIds, trainIds } = cityscapesIds(classes.map(({ name }) => name));
  return labelIds.some((id, at) => id > 0 && trainIds[at] === voidId);
}

function readByLabelIds(entries: readonly OutEntry[]): OutFile {
  const arrangement = soundArrangement({
    version: 1,
    title: 'Cityscapes: leftImg8bit / gtFine',
    sources: bySplit(entries).map(([split]) => ({ split, images: `leftImg8bit/${split}`, masks: `gtFine/${split}` })),
    below: true,
    imageSuffix: '_leftImg8bit',
    maskSuffix: '_gtFine_labelIds',
    classes: { builtIn: 'cityscapes-34' },
  });
  return { path: 'encnet.json', content: `${JSON.stringify(arrangement, null, 2)}\n` };
}

/** The list of instances, annotation by annotation. @param about what else is in it, an object as JSON */
function* instances(entries: readonly OutEntry[], about: string): Generator<string> {
  let count = 0;
  yield `${about.slice(0, -1)},"annotations":[`;
  for (const [at, { coco: found = [] }] of entries.entries())
    for (const each of found) yield `${count > 0 ? ',' : ''}${annotationText(each, ++count, at + 1)}`;
  yield ']}';
}

const coco: ExportForm = {
  files: (image) => [
    { path: `images/${image.split}/${image.name}${image.extension}`, content: image.picture },
    { path: `annotations/panoptic_${image.split}/${image.name}.png`, content: panopticMask(image) },
  ],
  coco: (image, classes) => cocoAnnotations(image, classes.length).map(packed),
  lists(entries, classes) {
    const categories = classes.map(({ name, color }, id) => ({ id: id + 1, name, supercategory: 'street', isthing: 0, color }));
    return bySplit(entries).flatMap(([split, here]) => {
      const images = here.map(({ name, extension, width, height }, id) => ({
        id: id + 1,
        file_name: `${name}${extension}`,
        width,
        height,
      }));
      const segments = here.map(({ name, coco: found = [] }, id) => ({
        image_id: id + 1,
        file_name: `${name}.png`,
        segments_info: found.map(({ category_id, area, bbox }) => ({ id: category_id, category_id, area, bbox, iscrowd: 0 })),
      }));
      return [
        { path: `annotations/panoptic_${split}.json`, content: JSON.stringify({ images, annotations: segments, categories }) },
        { path: `annotations/instances_${split}.json`, content: instances(here, JSON.stringify({ images, categories })) },
      ];
    });
  },
};

const colour: ExportForm = {
  files: (image, classes) => [{ path: `${image.split}/${image.name}.png`, content: colourPicture(image, classes) }],
  lists: (_, classes) => [{ path: 'label_colors.txt', content: lines(colourLines(classes)) }],
};

export const formOfExport: Readonly<Record<ExportFormName, ExportForm>> = { segnet, camvid, voc, cityscapes, coco, colour };

/** What an image's files are told apart by in a form: two that a system takes for one name are one, in capitals or not. */
export function placeIn(to: ExportFormName, split: string, name: string): string {
  // All of VOC lies together.
  const at = to === 'voc' ? name : `${split}/${to === 'cityscapes' ? cityPath(name) : name}`;
  return folded(at);
}
