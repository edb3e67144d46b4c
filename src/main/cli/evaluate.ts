import path from 'node:path';
import type { Command } from 'commander';
import { counted } from '#shared/counted';
import { AppError } from '#shared/errors';
import type { ShapeCounts } from '#shared/metrics/shape-scores';
import { splitScores, type ClassScores } from '#shared/metrics/split-scores';
import type { Interval } from '#shared/metrics/bootstrap';
import type { TrainerHost } from '#services/jobs/trainer-process';
import type { Precision, PrecisionSetting } from '#shared/training/precision';
import { protocolOf } from '#services/review/protocol';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { findDataset, imagesOf, labelledSamples } from './dataset.ts';
import { ofSplit, precisionOption, scales } from './options.ts';
import { leaveOut, type LeftOut } from './left-out.ts';
import { runJob } from './run-job.ts';
import { give } from './say.ts';

interface EvaluateOptions {
  checkpoint: string;
  data: string;
  split: string;
  scales?: number[];
  flip?: boolean;
  sliding?: boolean;
  precision?: PrecisionSetting;
  json?: boolean;
}

export function registerEvaluate(program: Command, host: TrainerHost): void {
  ofSplit(program.command('evaluate').description("Score a checkpoint on a labelled split, at the labels' own resolution."), 'score')
    .option(
      '--scales <list>',
      'scales whose probabilities are averaged, such as 0.75,1,1.25; at others than 1 a whole image is seen at sides as in training',
      scales,
    )
    .option('--flip', 'average the mirrored image in')
    .option('--sliding', 'slide windows over the image instead of resizing it')
    .addOption(precisionOption("the checkpoint's"))
    .option('--json', 'print one JSON object instead of a table')
    .action((options: EvaluateOptions) => evaluate(options, host));
}

async function evaluate(options: EvaluateOptions, host: TrainerHost): Promise<void> {
  const dataset = await findDataset(options.data);
  const { classes: today, format } = dataset.classSet;
  const checkpoint = path.resolve(options.checkpoint);
  const { config, classes } = readCheckpointHeader(checkpoint);
  const evaluation = {
    scales: options.scales ?? config.evaluation.scales,
    flip: options.flip ?? config.evaluation.flip,
    sliding: options.sliding ?? config.evaluation.sliding,
  };
  const scored: { id: string; confusion: number[]; shapes: ShapeCounts | null }[] = [];
  const samples = labelledSamples(dataset, options.split);
  const job = {
    kind: 'predict' as const,
    checkpoint,
    samples,
    outDir: null,
    maskFormat: format,
    evaluation,
    precision: options.precision ?? null,
    classes: today,
    write: 'ids' as const,
    sha256: null,
    names: null,
    writeSureness: false,
  };
  const leftOut: LeftOut[] = [];
  let reckoned: Precision = 'float32';
  const outcome = await runJob(host, job, (event) => {
    if (event.type === 'precision') reckoned = event.precision;
    if (event.type === 'skipped') leftOut.push(leaveOut(event));
    if (event.type !== 'scored' || !event.score.confusion) return;
    const { id, confusion, shapes } = event.score;
    scored.push({ id, confusion, shapes });
  });
  if (outcome === 'stopped') throw new AppError('cancelled', 'Stopped before every image was scored');
  if (scored.length === 0) throw new AppError('corrupt-file', `No image of the split "${options.split}" could be scored`);
  const { miou, interval, pixelAccuracy, perClass, confusion } = splitScores(scored, classes.length);
  const result = {
    mIoU: miou,
    pixelAccuracy,
    perClass: classes.map(({ id, name }) => ({ id, name, ...perClass[id] })),
    confusion,
    images: scored.length,
    leftOut,
    unlabelled: imagesOf(dataset, options.split).length - samples.length,
    protocol: protocolOf(config, options.split, classes.length, evaluation),
    precision: reckoned,
    interval,
  };
  give(options.json ? JSON.stringify(result) : table(result));
}

function table(result: {
  mIoU: number | null;
  interval: Interval | null;
  pixelAccuracy: number | null;
  perClass: (Pick<ClassScores, 'iou' | 'precision' | 'recall' | 'shapes'> & { name: string })[];
  images: number;
  leftOut: readonly unknown[];
  unlabelled: number;
  protocol: { split: string; resolution: string };
}): string {
  const percent = (value: number | null) => (value === null ? '    –' : (100 * value).toFixed(1).padStart(5));
  const between = (interval: Interval | null) =>
    interval ? `   95 % interval over images ${percent(interval[0])} to ${percent(interval[1])} %` : '';
  const width = Math.max(...result.perClass.map(({ name }) => name.length), 14);
  return [
    `${counted(result.images, 'image')} of ${result.protocol.split}, ${result.protocol.resolution}`,
    ...(result.leftOut.length > 0 ? [`${counted(result.leftOut.length, 'image')} left out: not the whole split is scored`] : []),
    ...(result.unlabelled > 0 ? [`${counted(result.unlabelled, 'image')} without a mask`] : []),
    ...result.perClass.map(
      ({ name, iou, precision, recall, shapes }) =>
        `${name.padEnd(width)} IoU ${percent(iou)} %   precision ${percent(precision)} %   recall ${percent(recall)} %` +
        `   boundary F ${percent(shapes?.boundaryF ?? null)} %`,
    ),
    `${'mean'.padEnd(width)} IoU ${percent(result.mIoU)} %${between(result.interval)}`,
    `${'pixel accuracy'.padEnd(width)}     ${percent(result.pixelAccuracy)} %`,
  ].join('\n');
}
