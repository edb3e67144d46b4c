import { existsSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { notedClasses, type NotedClasses } from '#files/class-note';
import type { MaskFormat } from '#shared/classes/class-info';
import { classList } from '#shared/classes/class-map';
import { sameJson } from '#shared/same-json';
import type { ClassSet } from '#services/class-sets/class-set';
import type { LocatedImage } from '#services/layouts/located-image';
import { counted } from '#shared/counted';
import { predictionNames, shortPredictionName, wholePredictionName } from '#shared/data/prediction-names';
import { AppError } from '#shared/errors';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { assertOutside } from '#services/dataset-exports/out-place';
import { exportFormNames, type ExportFormName } from '#shared/data/export-forms';
import { findDataset, imagesOf } from './dataset.ts';
import { untilInterrupted } from './interrupts.ts';
import { give, say } from './say.ts';

interface ExportDataOptions {
  data: string;
  split?: string;
  to: ExportFormName;
  out: string;
  predictions?: string;
}

const forms = () => new Option('--to <form>', 'what others read').choices(exportFormNames).makeOptionMandatory();

export function registerExportData(program: Command): void {
  program
    .command('export-data')
    .description("Write a data set's labelled images and masks in a form that others read, with class statistics in report.csv.")
    .requiredOption('--data <dir>', 'data set folder')
    .option('--split <name>', 'one split alone')
    .addOption(forms())
    .requiredOption('--out <dir|file.zip>', 'a folder that is not there yet, or a zip')
    .option('--predictions <dir>', 'masks of this folder, as `predict` writes them, in place of the labels')
    .action((options: ExportDataOptions) => run(options));
  program
    .command('convert')
    .description('Write a data set of any layout that opens here in another one: export-data for all of it.')
    .requiredOption('--data <dir>', 'data set folder')
    .addOption(forms())
    .requiredOption('--out <dir|file.zip>', 'a folder that is not there yet, or a zip')
    .action((options: ExportDataOptions) => run(options));
}

/**
 * Images with the masks that `predict` has written: of the last part of their ids, or of all of it where two end alike.
 * @throws AppError 'invalid-argument' where one mask could be that of two images
 */
function withPredictions(images: readonly LocatedImage[], folder: string): LocatedImage[] {
  const isThere = (name: string) => existsSync(path.join(folder, name));
  const names = predictionNames(images.map(({ id }) => id));
  return images.map((image, at) => {
    const [whole, short] = [wholePredictionName(image.id), shortPredictionName(image.id)];
    const name = isThere(whole) ? whole : names[at];
    const byFile = `${path.parse(image.imageFile).name}.png`;
    // `predict` calls its masks as the images' files are called.
    if (!isThere(name) && !isThere(short) && isThere(byFile)) return { ...image, maskFile: path.join(folder, byFile) };
    if (name === short || isThere(name) || !isThere(short)) return { ...image, maskFile: path.join(folder, name) };
    const alike = images.filter(({ id }) => shortPredictionName(id) === short).map(({ id }) => id);
    // Names that differ in letters alone which some disks take for the same: on this one they do not.
    if (alike.length === 1) return { ...image, maskFile: path.join(folder, short) };
    const said = `${path.join(folder, short)} could be the mask of ${alike.join(' and ')}`;
    throw new AppError('invalid-argument', `${said}: call them ${alike.map(wholePredictionName).join(' and ')}`);
  });
}

/** A mask with the classes that it says it is of; null of one that cannot be read, which the export leaves out and tells. */
function noteOf(file: string): [[file: string, noted: NotedClasses | null]] | null {
  try {
    return [[file, notedClasses(file)]];
  } catch (error) {
    // What is said of classes and cannot be read is no mask that may go out by other numbers.
    if (error instanceof AppError && error.code !== 'invalid-argument') return null;
    throw error;
  }
}

/** By which numbers masks name classes: as they say themselves, else those of the data set. */
function formatOf(files: readonly string[], { classes, format }: ClassSet): MaskFormat {
  // What `predict` writes holds values, whatever the masks of the data set are.
  const byValue = { ...format, by: 'value' as const };
  const notes = files.flatMap((file) => noteOf(file) ?? []);
  const [[first, noted] = [null, null]] = notes;
  const other = notes.find((each) => !sameJson(each[1], noted));
  if (other) {
    const differ = 'were predicted for different classes: export them apart';
    const unsaid = 'do not both say which classes they are of: predict those again that an earlier version wrote';
    throw new AppError('invalid-argument', `${first} and ${other[0]} ${noted && other[1] ? differ : unsaid}`);
  }
  if (!noted) {
    if (files.length > 0) say('The masks do not say which classes they are of: their values are taken for those of the data set.');
    return byValue;
  }
  const toId = new Array<number>(256).fill(-1);
  for (const { value, name } of noted) toId[value] = classes.find((each) => each.name === name)?.id ?? -1;
  const lacks = noted.filter(({ value }) => toId[value] < 0).map(({ name }) => name);
  if (lacks.length > 0) {
    const theirs = noted.map(({ name }) => name).join(', ');
    const why = `the data set has ${classList(classes)}, and not ${lacks.join(', ')}`;
    throw new AppError('invalid-argument', `${first} was predicted for ${theirs}; ${why}`);
  }
  return { ...byValue, toId, voidValue: -1, own: undefined, also: undefined };
}

async function run({ data, split, to, out, predictions }: ExportDataOptions): Promise<void> {
  const dataset = await findDataset(data);
  const target = path.resolve(out);
  assertOutside(target, dataset.folder);
  const { classSet } = dataset;
  const chosen = split === undefined ? dataset.located.images : imagesOf(dataset, split);
  const images = predictions ? withPredictions(chosen, path.resolve(predictions)) : chosen;
  const there = images.map(({ maskFile }) => maskFile).filter((file) => existsSync(file));
  const predicted = predictions ? { ...classSet, format: formatOf(there, classSet) } : classSet;
  const onProgress = (done: number, total: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total}   `);
  };
  const report = await untilInterrupted((signal) =>
    exportData({ images, classSet: predicted, to, out: target, exportImage, onProgress, signal }),
  );
  for (const note of report.notes) say(note);
  say(`${counted(report.images, 'image')} in ${target}`);
  give(target);
}
