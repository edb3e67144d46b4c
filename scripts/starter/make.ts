// node scripts/starter/make.ts RUN DATA: makes resources/models/ of a finished run: calibrated on val, in half precision, with the score of
// the very file that ships, and writes that into its card.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { readCheckpoint, readModel } from '../../src/ml/weights/checkpoint.ts';
import { curveOf, numbersOf, withNumbers } from './card.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const [run, data] = process.argv.slice(2).map((name) => path.resolve(name));
const folder = path.join(root, 'resources/models');
const file = 'light-camvid.safetensors';
const largestBytes = 30e6;

const cli = (...args: string[]): string =>
  execFileSync(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

mkdirSync(folder, { recursive: true });
const target = path.join(folder, file);
const { state } = readCheckpoint(path.join(run, 'last.ckpt'));
const aside = mkdtempSync(path.join(tmpdir(), 'starter-'));
const calibrated = path.join(aside, 'calibrated.safetensors');
const best = path.join(run, 'best.ckpt');
const onVal = ['--data', data, '--split', 'val', '--json'];
const calibration = JSON.parse(cli('calibrate', '--checkpoint', best, '--out', calibrated, ...onVal)) as {
  temperature: number;
  before: { ece: number };
  after: { ece: number };
};
const note = 'trained_on=CamVid, 11 classes, train split; for research only, as CamVid is';
cli('export', '--checkpoint', calibrated, '--out', target, '--half', '--note', note);
rmSync(aside, { recursive: true });
const { size } = statSync(target);
if (size > largestBytes) throw new Error(`${target} has ${size} bytes, more than ${largestBytes}`);
const score = JSON.parse(cli('evaluate', '--checkpoint', target, ...onVal)) as {
  mIoU: number;
  pixelAccuracy: number;
  interval: [number, number];
  perClass: { name: string; iou: number; interval: [number, number] }[];
  protocol: { resolution: string };
};
const model = readModel(target);
const starter = {
  title: 'Starter model (CamVid)',
  file,
  sha256: createHash('sha256').update(readFileSync(target)).digest('hex'),
  miou: score.mIoU,
  interval: score.interval,
  pixelAccuracy: score.pixelAccuracy,
  perClass: score.perClass.map(({ name, iou, interval }) => ({ name, iou, interval })),
  calibration: { temperature: calibration.temperature, eceBefore: calibration.before.ece, eceAfter: calibration.after.ece },
  protocol:
    `CamVid val, 101 images, 11 classes, void left out, ${score.protocol.resolution} (480 x 360), one scale, ` +
    `no flip, one confusion over all pixels; trained on train alone, from scratch`,
  codeVersion: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  datasetFingerprint: '',
  classes: model.classes.map(({ name }) => name),
  config: model.config,
  epochs: state.history,
};
writeAtomic(path.join(folder, 'starter.json'), `${JSON.stringify(starter, null, 1)}\n`);
const card = path.join(root, 'docs/starter-model.md');
writeAtomic(card, withNumbers(readFileSync(card, 'utf8'), numbersOf(starter)));
writeAtomic(path.join(root, 'docs/images/starter-curve.svg'), curveOf(starter.epochs));
console.log(`${target}: ${(size / 1e6).toFixed(1)} MB, mIoU ${score.mIoU.toFixed(4)}, pixel accuracy ${score.pixelAccuracy.toFixed(4)}`);
