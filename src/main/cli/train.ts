import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { alreadyWritten, locateRunSamples, originName, runWriter } from '#files/run-folder';
import { deviceText } from '#shared/training/device-text';
import { assertSeveral } from '#shared/classes/assert-several';
import { AppError, isCancelled } from '#shared/errors';
import { localTime } from '#shared/local-time';
import { foldText, heldOut } from '#shared/data/folds';
import { findPreset, presets, withSettings } from '#shared/training/presets';
import { epochLine } from '#shared/training/epoch-line';
import type { TrainerEvent } from '#shared/training/messages';
import type { PrecisionSetting } from '#shared/training/precision';
import type { RunConfig } from '#shared/training/run-config';
import { revisionFile } from '#services/edits/revision-store';
import { codeVersion } from '#services/code-version';
import { workFolderIn } from '#services/datasets/work-folder';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { findDataset, labelledOf, labelledSamples, type CliDataset } from './dataset.ts';
import { integer, positive, precisionOption, setting, size } from './options.ts';
import { runJob } from './run-job.ts';
import { give, say } from './say.ts';

interface TrainOptions {
  data: string;
  preset?: string;
  epochs?: number;
  batch?: number;
  size?: [number, number];
  lr?: number;
  seed?: number;
  precision?: PrecisionSetting;
  out?: string;
  resume?: string;
  weights?: string;
  set: [string, unknown][];
}

export function registerTrain(program: Command, host: TrainerHost): void {
  program
    .command('train')
    .description('Train EncNet on a data set. Ctrl+C stops at the next step with a checkpoint.')
    .requiredOption('--data <dir>', 'data set folder')
    .option('--preset <name>', `recipe: ${presets.map(({ name }) => name).join(', ')} (default: light)`)
    .option('--epochs <n>', 'epochs to train', integer(1))
    .option('--batch <n>', 'images a step', integer(1))
    .option('--size <HxW>', 'height and width of training crops in pixels', size)
    .option('--lr <x>', 'base learning rate', positive)
    .option('--seed <n>', 'seed of weights, order and augmentation', integer(0))
    .addOption(precisionOption("the recipe's"))
    .option('--out <dir>', 'folder for config.json, metrics.csv, last.ckpt and best.ckpt')
    .option('--resume <dir>', 'go on from last.ckpt in this folder, with its settings')
    .option('--weights <file>', "start from these weights (.pth, .safetensors or .ckpt, such as torchvision's ResNet), as far as they fit")
    .option('--set <key=value>', 'any other setting, such as optimizer.momentum=0.9; may be repeated', setting, [])
    .action((options: TrainOptions) => train(options, host));
}

async function train(options: TrainOptions, host: TrainerHost): Promise<void> {
  const dataset = await findDataset(options.data);
  assertSeveral(dataset.classSet.classes);
  const resumed = options.resume ? path.resolve(options.resume) : null;
  const resumeFrom = resumed && path.join(resumed, 'last.ckpt');
  if (resumeFrom && !existsSync(resumeFrom)) {
    throw new AppError('not-found', `${resumeFrom} does not exist, so there is nothing to go on from`);
  }
  if (resumed && options.out && path.resolve(options.out) !== resumed) {
    throw new AppError(
      'invalid-argument',
      `--resume goes on in ${resumed}: leave --out away, or start a new run with --weights ${resumeFrom}`,
    );
  }
  if (resumed && options.weights) {
    throw new AppError(
      'invalid-argument',
      `--resume goes on with the weights of ${resumeFrom}: leave --weights away, or start a new run with --weights ${options.weights}`,
    );
  }
  const config = configOf(options, resumeFrom);
  const started = localTime(new Date()).replace(/[: ]/g, '-');
  const outDir = resumed ?? path.resolve(options.out ?? `runs/${config.preset}-${started}`);
  // The trainer takes the folder's lease; asked here first, so that the answer comes at once.
  const writer = runWriter(outDir);
  if (writer) throw alreadyWritten(outDir, writer);
  if (!resumed) assertNoRun(outDir, options.data);
  say(`Writing to ${outDir}`);
  const { classes, format } = dataset.classSet;
  const own = resumed ? ownSamples(resumed, dataset) : null;
  const samples = own ?? samplesOf(dataset, config);
  const initialWeights = options.weights ? path.resolve(options.weights) : null;
  const command = ['train', ...process.argv.slice(process.argv.indexOf('train') + 1)].join(' ');
  const origin = { by: 'command line' as const, command, codeVersion: codeVersion(), folder: dataset.folder, weightsOf: null };
  const job = { kind: 'train' as const, config, classes, maskFormat: format, ...samples, outDir, resumeFrom, initialWeights, origin };
  const goOn = `go on with: train --data ${options.data} --resume ${outDir}`;
  try {
    const outcome = await runJob(host, { ...job, keepMasks: own === null }, report);
    if (outcome === 'stopped') say(`Stopped with a checkpoint; ${goOn}`);
  } catch (error) {
    if (isCancelled(error) && existsSync(path.join(outDir, 'last.ckpt'))) say(`Its last checkpoint is there; ${goOn}`);
    throw error;
  }
}

/** A run's files are one run's: what another left would be taken for this one's. @throws AppError 'invalid-argument' */
function assertNoRun(outDir: string, data: string): void {
  const left = existsSync(outDir) ? readdirSync(outDir).find((name) => name.endsWith('.ckpt') || name === originName) : undefined;
  if (!left) return;
  const goesOn = existsSync(path.join(outDir, 'last.ckpt'));
  const way = goesOn ? `or go on with --data ${data} --resume ${outDir}` : `or remove what is in it: without last.ckpt it cannot go on`;
  throw new AppError('invalid-argument', `${outDir} already holds a run (${left}): choose another --out, ${way}`);
}

/** What is labelled, by the splits or by the recipe's fold. @throws AppError naming what has no labelled image */
function samplesOf(dataset: CliDataset, { fold }: RunConfig) {
  if (!fold) return { train: labelledSamples(dataset, 'train'), validation: labelledSamples(dataset, 'val') };
  const all = labelledOf(dataset.located.images.filter(({ split }) => split === 'train' || split === 'val'));
  const held = heldOut(all, fold);
  if (held.train.length > 0 && held.validation.length > 0) return held;
  throw new AppError('invalid-argument', `${dataset.folder} has ${all.length} labelled images, too few for ${foldText(fold)}`);
}

/** The images and masks that a run was started with; null if it was made before runs kept them. @throws AppError 'not-found' */
function ownSamples(folder: string, { folder: data, located }: CliDataset) {
  const images = new Map(located.images.map((image) => [image.id, image.imageFile]));
  // A run of a workbench has its masks in the data set's store, one of the command line in its own folder.
  const stores = [path.join(folder, '../../revisions'), path.join(workFolderIn(data), 'revisions')];
  const keptIn = (revision: string) => [
    path.join(folder, 'masks', `${revision}.png`),
    ...stores.map((store) => revisionFile(store, revision)),
  ];
  return locateRunSamples(folder, {
    maskFile: (revision) => keptIn(revision).find((file) => existsSync(file)) ?? keptIn(revision)[0],
    imageFile: (id) => {
      const file = images.get(id);
      if (!file) throw new AppError('not-found', `The data set has no image "${id}" any more, on which the run was trained`);
      return file;
    },
  });
}

/** The preset, or the resumed run's own settings, with the options laid over it. */
function configOf(options: TrainOptions, resumeFrom: string | null): RunConfig {
  const config = resumeFrom && !options.preset ? readCheckpointHeader(resumeFrom).config : findPreset(options.preset ?? 'light').config;
  const overrides: [string, unknown][] = [
    ['epochs', options.epochs],
    ['batchSize', options.batch],
    ['data.size', options.size],
    ['optimizer.learningRate', options.lr],
    ['seed', options.seed],
    ['precision', options.precision],
  ];
  // A preset that resizes whole images evaluates at its training size.
  if (options.size && config.data.randomScale === null) overrides.push(['evaluationSize', options.size]);
  // The last of those that are named twice holds.
  return withSettings(config, Object.fromEntries([...overrides, ...options.set].filter(([, value]) => value !== undefined)));
}

function report(event: TrainerEvent): void {
  if (event.type === 'ready') say(`Training on the ${deviceText(event)}`);
  else if (event.type === 'started') say(`${event.parameters.toLocaleString('en')} parameters, ${event.steps} steps an epoch`);
  else if (event.type === 'log') say(event.text);
  else if (event.type === 'epoch') {
    give(epochLine(event.metrics));
  } else if (event.type === 'step' && process.stderr.isTTY) {
    const { epoch, step, stepsPerEpoch, loss } = event.metrics;
    process.stderr.write(`\repoch ${epoch}, step ${step} of ${stepsPerEpoch}, loss ${loss?.toFixed(3) ?? '–'}   `);
  }
}
