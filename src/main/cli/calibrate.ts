import path from 'node:path';
import type { Command } from 'commander';
import { counted } from '#shared/counted';
import { AppError } from '#shared/errors';
import type { Reliability } from '#shared/metrics/calibration';
import type { TrainerEvent } from '#shared/training/messages';
import type { PrecisionSetting } from '#shared/training/precision';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { findDataset, labelledSamples } from './dataset.ts';
import { ofSplit, outFileOf, overwriteOption, precisionOption } from './options.ts';
import { leaveOut, type LeftOut } from './left-out.ts';
import { runJob } from './run-job.ts';
import { give } from './say.ts';

interface CalibrateOptions {
  checkpoint: string;
  data: string;
  split: string;
  out?: string;
  overwrite: boolean;
  precision?: PrecisionSetting;
  json?: boolean;
}

/** What was found. */
type Calibrated = Omit<Extract<TrainerEvent, { type: 'calibrated' }>, 'type'>;

export function registerCalibrate(program: Command, host: TrainerHost): void {
  ofSplit(
    program
      .command('calibrate')
      .description('Find the temperature at which a network is as sure as it is right, on a labelled split that it was not trained on.'),
    'look at',
  )
    .option('--out <file>', 'model to write with the temperature, which prediction and proposals then go by')
    .addOption(overwriteOption())
    .addOption(precisionOption("the checkpoint's"))
    .option('--json', 'print one JSON object, with the bins of a reliability diagram')
    .action((options: CalibrateOptions) => calibrate(options, host));
}

async function calibrate(options: CalibrateOptions, host: TrainerHost): Promise<void> {
  const dataset = await findDataset(options.data);
  const { classes, format } = dataset.classSet;
  let found: Calibrated | null = null;
  const leftOut: LeftOut[] = [];
  const outcome = await runJob(
    host,
    {
      kind: 'calibrate',
      checkpoint: path.resolve(options.checkpoint),
      samples: labelledSamples(dataset, options.split),
      maskFormat: format,
      classes,
      precision: options.precision ?? null,
      outFile: options.out === undefined ? null : outFileOf({ ...options, out: options.out }),
    },
    (event) => {
      if (event.type === 'skipped') leftOut.push(leaveOut(event));
      if (event.type !== 'calibrated') return;
      const { type: _, ...result } = event;
      found = result;
    },
  );
  if (outcome === 'stopped' || !found) throw new AppError('cancelled', 'Stopped before every image was looked at');
  give(options.json ? JSON.stringify({ ...(found as Calibrated), leftOut }) : table(found));
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const words = ({ ece, loss }: Reliability): string => `expected calibration error ${percent(ece)}   cross-entropy ${loss.toFixed(4)}`;

const table = ({ temperature, before, after, images }: Calibrated): string =>
  [
    `temperature ${temperature.toFixed(3)}, of ${counted(images, 'image')}`,
    'the second half of the images, with the temperature of the first:',
    `before   ${words(before)}`,
    `after    ${words(after)}`,
  ].join('\n');
