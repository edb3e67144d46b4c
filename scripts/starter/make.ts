// node scripts/starter/make.ts DATA RUN [RUN ...]: makes resources/models/ of a finished run (the last, each begun with the best weights of
// the one before it): calibrated on val, in half precision, with the score of the very file that ships, and writes that into its card.
// Nothing is replaced before all of it is there.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { hashOfFile } from '../../src/files/file-hash.ts';
import { readCheckpoint, readModel, writeModel } from '../../src/ml/weights/checkpoint.ts';
import { findPreset } from '../../src/shared/training/presets.ts';
import { runOriginSchema, type RunOrigin } from '../../src/shared/training/run-origin.ts';
import { root } from '../../test/helpers/workbench.ts';
import { curveOf, lengths, numbersOf, runsOf, withNumbers, type StarterFile, type StarterRun } from './card.ts';
import { cli, modelName } from './cli.ts';

const largestBytes = 30e6;
const notes = { trained_on: 'CamVid, 11 classes, train split; for research only, as CamVid is' };
/** Looks whose probabilities are averaged, for a second score. */
const averagedScales = [1, 1.25, 1.5];

interface Score extends Pick<StarterFile, 'interval' | 'pixelAccuracy' | 'perClass'> {
  mIoU: number;
  protocol: { resolution: string; scales: number[]; flip: boolean };
}

const bestOf = (run: string): string => path.join(run, 'best.ckpt');
const originOf = (run: string): RunOrigin => runOriginSchema.parse(JSON.parse(readFileSync(path.join(run, 'origin.json'), 'utf8')));

/** @throws Error unless the first run began from scratch, and every other with the best weights of the one before it */
function checkDescent(runs: readonly string[]): void {
  runs.forEach((run, index) => {
    const began = originOf(run).weights?.sha256 ?? null;
    if (began !== (index ? hashOfFile(bestOf(runs[index - 1])) : null))
      throw new Error(`${run} began with ${began ? `weights of sha256 ${began}` : 'random weights'}, not with those of the run before it`);
  });
}

/** @throws Error if it has not finished */
function toldOf(run: string): StarterRun {
  const { config, epoch } = readModel(bestOf(run));
  const { history: epochs } = readCheckpoint(path.join(run, 'last.ckpt')).state;
  if (epochs.length < config.epochs) throw new Error(`${run} has ${epochs.length} of its ${config.epochs} epochs: let it finish`);
  return { config, epoch, epochs };
}

/** Writes the network in half precision; who predicts with it reckons in what the preset says, whatever the run was told to. */
function writeHalf(from: string, target: string): void {
  const model = readModel(from);
  const { precision } = findPreset(model.config.preset).config;
  writeModel(target, { ...model, config: { ...model.config, precision }, notes: { ...model.notes, ...notes } }, 'F16');
}

const scoreOf = (file: string, ...options: string[]): Score => JSON.parse(cli('evaluate', '--checkpoint', file, ...options)) as Score;

/** What is known of the file `target`, which it makes of the last run's best weights. */
function make(runs: readonly string[], data: string, target: string): StarterFile & Record<string, unknown> {
  checkDescent(runs);
  const run = runs.at(-1)!;
  const [earlier, last] = [runs.slice(0, -1).map(toldOf), toldOf(run)];
  // In float32, whatever this machine is quicker in.
  const onVal = ['--data', data, '--split', 'val', '--precision', 'float32', '--json'];
  const calibrated = `${target}.calibrated`;
  const found = JSON.parse(cli('calibrate', '--checkpoint', bestOf(run), '--out', calibrated, ...onVal)) as {
    temperature: number;
    before: { ece: number };
    after: { ece: number };
  };
  writeHalf(calibrated, target);
  const { interval, pixelAccuracy, perClass, protocol, mIoU } = scoreOf(target, ...onVal);
  const averaged = scoreOf(target, ...onVal, '--flip', '--scales', averagedScales.join(','));
  const model = readModel(target);
  return {
    title: 'Starter model (CamVid)',
    file: modelName,
    sha256: hashOfFile(target),
    miou: mIoU,
    interval,
    pixelAccuracy,
    perClass: perClass.map(({ name, iou, interval }) => ({ name, iou, interval })),
    averaged: {
      scales: averagedScales,
      miou: averaged.mIoU,
      interval: averaged.interval,
      perClass: averaged.perClass.map(({ name, iou }) => ({ name, iou })),
    },
    calibration: { temperature: found.temperature, eceBefore: found.before.ece, eceAfter: found.after.ece },
    protocol:
      `CamVid val, 101 images, 11 classes, void left out, ${protocol.resolution} (480 x 360), scales ${protocol.scales.join(', ')}, ` +
      `${protocol.flip ? 'mirror images averaged in' : 'no flip'}, one confusion over all pixels; ` +
      `trained on train alone, from scratch, ${lengths([...earlier, last])}`,
    codeVersion: originOf(run).sessions[0].codeVersion,
    datasetFingerprint: '',
    classes: model.classes.map(({ name }) => name),
    // Of these only what the card tells.
    earlier: earlier.map(({ epochs, ...run }) => ({ ...run, epochs: epochs.map(({ epoch, miou }) => ({ epoch, miou })) })),
    ...last,
    config: model.config,
  };
}

function ship(runs: readonly string[], data: string): void {
  const aside = mkdtempSync(path.join(tmpdir(), 'starter-'));
  try {
    const made = path.join(aside, modelName);
    const starter = make(runs, data, made);
    const content = readFileSync(made);
    if (content.length > largestBytes) throw new Error(`The model has ${content.length} bytes, more than ${largestBytes}`);
    const card = path.join(root, 'docs/starter-model.md');
    const told = withNumbers(readFileSync(card, 'utf8'), numbersOf(starter));
    const folder = path.join(root, 'resources/models');
    mkdirSync(folder, { recursive: true });
    writeAtomic(path.join(folder, modelName), content);
    writeAtomic(path.join(folder, 'starter.json'), `${JSON.stringify(starter, null, 1)}\n`);
    writeAtomic(card, told);
    writeAtomic(path.join(root, 'docs/images/starter-curve.svg'), curveOf(runsOf(starter)));
    console.log(`${(content.length / 1e6).toFixed(1)} MB, mIoU ${starter.miou.toFixed(4)}, ${starter.protocol}`);
  } finally {
    rmSync(aside, { recursive: true });
  }
}

const [data, ...runs] = process.argv.slice(2).map((folder) => path.resolve(folder));
if (runs.length) ship(runs, data);
else console.error('Usage: node scripts/starter/make.ts DATA RUN [RUN ...]');
