// What the starter model's card (docs/starter-model.md) tells in numbers: written by make.ts, compared with starter.json by a test.
import type { Interval } from '../../src/shared/metrics/bootstrap.ts';
import { looksOf } from '../../src/shared/training/estimate.ts';
import type { RunConfig } from '../../src/shared/training/run-config.ts';

/** A run of training as `scripts/starter/` tells it. */
export interface StarterRun {
  config: RunConfig;
  /** That whose weights were kept: the best. */
  epoch: number;
  epochs: { epoch: number; miou: number | null }[];
}

export interface StarterFile extends StarterRun {
  file: string;
  sha256: string;
  miou: number;
  interval: Interval;
  pixelAccuracy: number;
  perClass: { name: string; iou: number | null; interval: Interval | null }[];
  /** The score where each pixel's probabilities are averaged over the image and its mirror image at several scales. */
  averaged: { scales: number[]; miou: number; interval: Interval; perClass: { name: string; iou: number | null }[] };
  calibration: { temperature: number; eceBefore: number; eceAfter: number };
  protocol: string;
  /** The runs before its own, each from the weights that the one before it left; the first from scratch. */
  earlier: StarterRun[];
}

const begin = '<!-- numbers: written by scripts/starter/make.ts -->';
const end = '<!-- /numbers -->';

const of3 = (value: number | null): string => (value === null ? 'none' : value.toFixed(3));
const between = (interval: Interval | null): string => (interval ? `${of3(interval[0])} to ${of3(interval[1])}` : 'none');
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const listed = (words: string[]): string => new Intl.ListFormat('en-GB').format(words);

/** Every run that led to it, the last one its own. */
export const runsOf = (starter: StarterFile): StarterRun[] => [...starter.earlier, starter];

const epochsOf = (runs: readonly StarterRun[]): number => runs.reduce((sum, { epochs }) => sum + epochs.length, 0);
/** How long it was trained, in words. */
export const lengths = (runs: readonly StarterRun[]): string =>
  runs.length === 1
    ? `${runs[0].epochs.length} epochs`
    : `${epochsOf(runs)} epochs in runs of ${listed(runs.map(({ epochs }) => String(epochs.length)))}`;

/** The part of the card that follows from starter.json alone, in Markdown. */
export function numbersOf(starter: StarterFile): string {
  const { file, sha256, miou, interval, pixelAccuracy, perClass, averaged, calibration, protocol, epoch, earlier } = starter;
  const timesAsLong = looksOf({ scales: averaged.scales, flip: true, sliding: false }, [1, 1], [1, 1]);
  return [
    `\`${file}\`, sha256 \`${sha256}\`; the weights of epoch ${epoch}${earlier.length ? ' of the last run' : ''}.`,
    '',
    `${protocol}: mIoU **${of3(miou)}** (95 % interval over images ${between(interval)}), ${percent(pixelAccuracy)} of the pixels right.`,
    '',
    `Averaged over the image and its mirror image at ${listed(averaged.scales.map(String))} times the input (\`--flip --scales ` +
      `${averaged.scales.join(',')}\`, about ${timesAsLong.toFixed(0)} times as long): mIoU **${of3(averaged.miou)}** ` +
      `(${between(averaged.interval)}). The workbench predicts by one look unless it is asked for more.`,
    '',
    '| class | IoU | 95 % interval | IoU averaged |',
    '| --- | --- | --- | --- |',
    ...perClass.map(
      ({ name, iou, interval }, id) => `| ${name} | ${of3(iou)} | ${between(interval)} | ${of3(averaged.perClass[id].iou)} |`,
    ),
    '',
    `Temperature ${calibration.temperature.toFixed(2)}, in the file: expected calibration error on the second half of val, with the ` +
      `temperature of the first half, ${percent(calibration.eceBefore)} before and ${percent(calibration.eceAfter)} after.`,
  ].join('\n');
}

/** @throws Error if the card has no place for numbers */
export function numbersIn(card: string): string {
  const [from, to] = [card.indexOf(begin), card.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The card has no ${begin} with ${end} after it`);
  return card.slice(from + begin.length, to).trim();
}

/** The card with these numbers in their place. @throws as `numbersIn` */
export function withNumbers(card: string, numbers: string): string {
  numbersIn(card);
  return `${card.slice(0, card.indexOf(begin) + begin.length)}\n\n${numbers}\n\n${card.slice(card.indexOf(end))}`;
}

const [width, height, left, bottom] = [720, 260, 44, 28];

/** The validation mIoU of every epoch, run after run, as an SVG of 720 x 260; a dashed line where one begins with another's weights. */
export function curveOf(runs: readonly StarterRun[]): string {
  const starts = runs.map((_, index) => epochsOf(runs.slice(0, index)));
  const all = runs.flatMap(({ epochs }, index) => epochs.map(({ epoch, miou }) => ({ epoch: starts[index] + epoch, miou })));
  const most = Math.ceil(10 * Math.max(...all.map(({ miou }) => miou ?? 0))) / 10;
  const x = (epoch: number): number => left + ((width - left - 12) * epoch) / all.length;
  const y = (miou: number): number => height - bottom - ((height - bottom - 14) * miou) / most;
  const text = (at: [number, number], words: string, anchor = 'end'): string =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  const levels = Array.from({ length: Math.round(most * 10) + 1 }, (_, i) => i / 10);
  const points = all.flatMap(({ epoch, miou }) => (miou === null ? [] : [`${x(epoch).toFixed(1)},${y(miou).toFixed(1)}`]));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#555">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...levels.map((level) => `<path d="M${left} ${y(level).toFixed(1)}H${width - 12}" stroke="#ddd"/>`),
    ...levels.map((level) => text([left - 6, y(level) + 4], level.toFixed(1))),
    ...starts.slice(1).map((at) => `<path d="M${x(at).toFixed(1)} 14V${height - bottom}" stroke="#999" stroke-dasharray="4 4"/>`),
    ...[1, 2, 3].map((part) => Math.round((part * all.length) / 4)).map((at) => text([x(at), height - 8], String(at), 'middle')),
    text([x(all.length), height - 8], String(all.length)),
    text([left, height - 8], 'epoch', 'start'),
    `<polyline points="${points.join(' ')}" fill="none" stroke="#1f63d1" stroke-width="2"/>`,
    '</svg>',
    '',
  ].join('\n');
}
