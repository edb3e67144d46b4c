import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { AppError } from '#shared/errors';
import type { Sample } from '#shared/data/sample';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { imagePattern } from '#shared/data/image-names';
import { identityOf, isThere, lookAt } from '#files/file-identity';
import { folded } from '#shared/folded';
import { freeName } from '#shared/free-name';
import { firstTwice, predictionNames } from '#shared/data/prediction-names';
import { linkRefusal, linkTarget } from '#files/link-target';
import { letLinksInto } from '#files/read-limits';
import type { PrecisionSetting } from '#shared/training/precision';
import { precisionOption } from './options.ts';
import { leaveOut } from './left-out.ts';
import { runJob } from './run-job.ts';
import { give, say } from './say.ts';

interface PredictOptions {
  checkpoint: string;
  images: string[];
  out: string;
  ids: 'stored' | 'dense';
  overwrite: boolean;
  precision?: PrecisionSetting;
}

export function registerPredict(program: Command, host: TrainerHost): void {
  program
    .command('predict')
    .description('Predict label masks: one indexed PNG of stored values an image, of its name and size.')
    .requiredOption('--checkpoint <file>', 'checkpoint, such as best.ckpt')
    .requiredOption('--images <path...>', 'folders or image files')
    .requiredOption('--out <dir>', 'folder for the masks')
    .addOption(precisionOption("the checkpoint's"))
    .addOption(
      new Option('--ids <form>', 'what the masks hold: the stored values of the class set, or its ids 0 … n - 1')
        .choices(['stored', 'dense'])
        .default('stored'),
    )
    .option('--overwrite', 'replace masks that are in the folder already', false)
    .action((options: PredictOptions) => predict(options, host));
}

async function predict(options: PredictOptions, host: TrainerHost): Promise<void> {
  const samples = toldApart(options.images.flatMap(samplesAt));
  if (samples.length === 0) throw new AppError('not-found', `There is no image in ${options.images.join(', ')}`);
  const twice = firstTwice(samples.map(({ id }) => id));
  if (twice !== null)
    throw new AppError(
      'invalid-argument',
      `Two images are named "${twice}": their masks would overwrite each other. Predict one folder after the other`,
    );
  const outDir = path.resolve(options.out);
  assertNothingLost(samples, outDir, options.overwrite);
  const write = options.ids === 'dense' ? 'ids' : 'values';
  let predicted = 0;
  const outcome = await runJob(
    host,
    {
      kind: 'predict',
      checkpoint: path.resolve(options.checkpoint),
      samples,
      outDir,
      maskFormat: null,
      evaluation: null,
      precision: options.precision ?? null,
      classes: null,
      write,
      sha256: null,
      names: null,
      writeSureness: false,
    },
    (event) => {
      if (event.type === 'log') say(event.text);
      if (event.type === 'scored' && event.score.file !== null) {
        predicted++;
        give(event.score.file);
      }
      if (event.type === 'skipped') leaveOut(event);
    },
  );
  if (outcome === 'stopped')
    throw new AppError(
      'cancelled',
      `Stopped: ${predicted} of ${samples.length} images are predicted, and in ${outDir}. The same command with --overwrite predicts all`,
    );
}

/**
 * A folder may have more than one name, by links and by letters that a disk takes for the same.
 * @throws AppError 'invalid-argument' if masks would lie among the images, or take the place of files that are there
 */
function assertNothingLost(samples: readonly Sample[], outDir: string, overwrite: boolean): void {
  const out = identityOf(outDir);
  if (out === null) return;
  if ([...new Set(samples.map(({ imageFile }) => path.dirname(imageFile)))].some((folder) => identityOf(folder) === out))
    throw new AppError(
      'invalid-argument',
      `${outDir} holds the images themselves, which masks would overwrite or be taken for: choose another folder for --out`,
    );
  const there = predictionNames(samples.map(({ id }) => id)).filter((name) => isThere(path.join(outDir, name)));
  if (there.length > 0 && !overwrite)
    throw new AppError(
      'conflict',
      `${path.join(outDir, there[0])}${there.length > 1 ? ` and ${there.length - 1} more` : ''} would be replaced: ` +
        'choose another folder for --out, or give --overwrite if nobody needs what is there',
    );
}

/**
 * Each file once. Images of one name in several folders have their folders before it; of those in one folder the PNG, else the first,
 * has the mask of this name, and the others' masks have their full names.
 */
function toldApart(given: readonly Sample[]): Sample[] {
  const samples = [...new Map(given.map((sample) => [`${sample.id}|${realpathSync(sample.imageFile)}`, sample])).values()];
  // Two that some disks take for one name get names that none does.
  return [...Map.groupBy(samples, ({ id }) => folded(id)).values()].flatMap((alike) => {
    const folders = [...Map.groupBy(alike, ({ imageFile }) => path.dirname(imageFile))];
    if (folders.length === 1) return toldApartByEnding(alike);
    const common = commonFolder(folders.map(([folder]) => folder));
    const before = (folder: string) => path.relative(common, folder).split(path.sep).join('/');
    return folders.flatMap(([folder, here]) =>
      toldApartByEnding(here).map((sample) => ({ ...sample, id: path.posix.join(before(folder), sample.id) })),
    );
  });
}

function toldApartByEnding(alike: readonly Sample[]): Sample[] {
  const owner = alike.find(({ imageFile }) => /\.png$/i.test(imageFile)) ?? alike[0];
  const named = alike.map((sample) => (sample === owner ? sample : { ...sample, id: path.basename(sample.imageFile) }));
  const taken = new Set<string>();
  return named.map((sample) => {
    const id = freeName(sample.id, (each) => taken.has(folded(each)));
    taken.add(folded(id));
    return { ...sample, id };
  });
}

function commonFolder(folders: readonly string[]): string {
  const [first, ...others] = folders;
  let common = first;
  while (!others.every((folder) => !path.relative(common, folder).startsWith('..'))) common = path.dirname(common);
  return common;
}

const sampleOf = (name: string, imageFile: string): Sample => ({ id: path.parse(name).name, imageFile, maskFile: null });

/** The images of a folder; a link that may not be followed is told, and left out. */
function imagesIn(folder: string): Sample[] {
  letLinksInto(folder);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => imagePattern.test(entry.name) && !entry.name.startsWith('.') && !entry.isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => path.join(folder, entry.name))
    .filter((file) => {
      const mayBeRead = !lookAt(file)?.isSymbolicLink() || linkTarget(file) !== null;
      if (!mayBeRead) leaveOut({ id: file, reason: linkRefusal(file) });
      return mayBeRead;
    })
    .map((file) => sampleOf(file, file));
}

/** A file that a person names may be a link; one that is found in a folder is looked at as a data set's. */
function samplesAt(given: string): Sample[] {
  const file = path.resolve(given);
  if (!existsSync(file)) throw new AppError('not-found', `${given} does not exist`);
  return statSync(file).isDirectory() ? imagesIn(file) : [sampleOf(file, realpathSync(file))];
}
