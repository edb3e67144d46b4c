// node scripts/starter/make.ts RUN DATA: makes resources/models/ of a finished run: calibrated on val, in half precision, with the score of
// the very file that ships, and writes that into its card. Nothing is replaced before all of it is there.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { readCheckpoint, readModel } from '../../src/ml/weights/checkpoint.ts';
import { root } from '../../test/helpers/workbench.ts';
import { curveOf, numbersOf, withNumbers, type StarterFile } from './card.ts';
import { cli, modelName } from './cli.ts';

const largestBytes = 30e6;
const note = 'trained_on=CamVid, 11 classes, train split; for research only, as CamVid is';

interface Score extends Pick<StarterFile, 'interval' | 'pixelAccuracy' | 'perClass'> {
  mIoU: number;
  protocol: { resolution: string; scales: number[]; flip: boolean };
}

/** What is known of the file `target`, which it makes of a run's best weights. */
function make(run: string, data: string, target: string) {
  // In float32, whatever this machine is quicker in.
  const onVal = ['--data', data, '--split', 'val', '--precision', 'float32', '--json'];
  const calibrated = `${target}.calibrated`;
  const found = JSON.parse(cli('calibrate', '--checkpoint', path.join(run, 'best.ckpt'), '--out', calibrated, ...onVal)) as {
    temperature: number;
    before: { ece: number };
    after: { ece: number };
  };
  cli('export', '--checkpoint', calibrated, '--out', target, '--half', '--note', note);
  const { interval, pixelAccuracy, perClass, protocol, mIoU } = JSON.parse(cli('evaluate', '--checkpoint', target, ...onVal)) as Score;
  const model = readModel(target);
  const { sessions } = JSON.parse(readFileSync(path.join(run, 'origin.json'), 'utf8')) as { sessions: { codeVersion: string }[] };
  return {
    title: 'Starter model (CamVid)',
    file: modelName,
    sha256: createHash('sha256').update(readFileSync(target)).digest('hex'),
    miou: mIoU,
    interval,
    pixelAccuracy,
    perClass: perClass.map(({ name, iou, interval }) => ({ name, iou, interval })),
    calibration: { temperature: found.temperature, eceBefore: found.before.ece, eceAfter: found.after.ece },
    protocol:
      `CamVid val, 101 images, 11 classes, void left out, ${protocol.resolution} (480 x 360), scales ${protocol.scales.join(', ')}, ` +
      `${protocol.flip ? 'mirror images averaged in' : 'no flip'}, one confusion over all pixels; trained on train alone, from scratch`,
    codeVersion: sessions[0].codeVersion,
    datasetFingerprint: '',
    classes: model.classes.map(({ name }) => name),
    config: model.config,
    epoch: model.epoch,
    epochs: readCheckpoint(path.join(run, 'last.ckpt')).state.history,
  };
}

function ship(run: string, data: string): void {
  const aside = mkdtempSync(path.join(tmpdir(), 'starter-'));
  try {
    const made = path.join(aside, modelName);
    const starter = make(run, data, made);
    const content = readFileSync(made);
    if (content.length > largestBytes) throw new Error(`The model has ${content.length} bytes, more than ${largestBytes}`);
    const card = path.join(root, 'docs/starter-model.md');
    const told = withNumbers(readFileSync(card, 'utf8'), numbersOf(starter));
    const folder = path.join(root, 'resources/models');
    mkdirSync(folder, { recursive: true });
    writeAtomic(path.join(folder, modelName), content);
    writeAtomic(path.join(folder, 'starter.json'), `${JSON.stringify(starter, null, 1)}\n`);
    writeAtomic(card, told);
    writeAtomic(path.join(root, 'docs/images/starter-curve.svg'), curveOf(starter.epochs));
    console.log(`${(content.length / 1e6).toFixed(1)} MB, mIoU ${starter.miou.toFixed(4)}, ${starter.protocol}`);
  } finally {
    rmSync(aside, { recursive: true });
  }
}

const [run, data] = process.argv.slice(2);
if (data) ship(path.resolve(run), path.resolve(data));
else console.error('Usage: node scripts/starter/make.ts RUN DATA');
