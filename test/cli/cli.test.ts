import { execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { beforeAll, expect, test, describe } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { encodeStoredMask } from '#files/mask-writing';
import { readModel } from '#ml/weights/checkpoint';
import { readRunSamples } from '#files/run-folder';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';
import { root } from '../helpers/workbench.ts';

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the built command line. */
function cli(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { cwd: root, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

beforeAll(() => {
  if (!existsSync(path.join(root, 'out/main/cli.js'))) throw new Error('Build first: npm run build');
});

test('trains, evaluates and predicts, by the contract', async () => {
  const data = await makeDataset({ train: 6, val: 2, width: 70, height: 50 });
  const out = temporaryFolder();
  const trained = await cli(
    'train',
    '--data',
    data,
    '--preset',
    'tiny',
    '--epochs',
    '2',
    '--batch',
    '2',
    '--size',
    '48x64',
    '--lr',
    '0.001',
    '--seed',
    '3',
    '--set',
    'optimizer.weightDecay=0',
    '--out',
    out,
  );
  expect(trained).toMatchObject({ code: 0 });
  const lines = trained.stdout.trim().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^epoch 2 --- loss [\d.]+ --- train acc [\d.]+ --- test acc [\d.]+ --- miou [\d.]+ --- cost time [\d.]+$/);
  for (const file of ['config.json', 'metrics.csv', 'last.ckpt', 'best.ckpt']) expect(existsSync(path.join(out, file))).toBe(true);
  expect(JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8'))).toMatchObject({
    epochs: 2,
    batchSize: 2,
    seed: 3,
    data: { size: [48, 64] },
    optimizer: { learningRate: 0.001, weightDecay: 0 },
  });
  const csv = readFileSync(path.join(out, 'metrics.csv'), 'utf8').trim().split('\n');
  expect(csv[0].split(',').slice(0, 6)).toEqual(['epoch', 'loss', 'train_acc', 'test_acc', 'miou', 'time']);
  expect(csv).toHaveLength(3);

  const checkpoint = path.join(out, 'best.ckpt');
  const evaluated = await cli('evaluate', '--checkpoint', checkpoint, '--data', data, '--split', 'val', '--json');
  const result = JSON.parse(evaluated.stdout) as {
    mIoU: number;
    pixelAccuracy: number;
    perClass: { id: number; name: string; iou: number | null }[];
    confusion: number[][];
    images: number;
    protocol: Record<string, unknown>;
  };
  const keys = ['mIoU', 'pixelAccuracy', 'perClass', 'confusion', 'images', 'leftOut', 'unlabelled', 'protocol', 'precision', 'interval'];
  expect(Object.keys(result)).toEqual(keys);
  expect([evaluated.code, result]).toEqual([0, expect.objectContaining({ leftOut: [], unlabelled: 0 })]);
  expect(Object.keys(result.protocol)).toEqual(['split', 'classes', 'void', 'resolution', 'scales', 'flip']);
  expect(result.images).toBe(2);
  expect(result.perClass[10]).toMatchObject({ id: 10, name: 'Bicyclist' });
  expect(Object.keys(result.perClass[10])).toEqual(['id', 'name', 'iou', 'interval', 'precision', 'recall', 'shapes']);
  const tried = await cli('evaluate', '--checkpoint', checkpoint, '--data', data, '--precision', 'auto');
  expect(tried.stdout).toContain('pixel accuracy');
  expect(evaluated.stderr).toMatch(/^Reckons in float32$/m);
  expect(tried.stderr).toMatch(/^Reckons in (float32|bfloat16) \(tried here: a convolution takes [\d.]+ ms in float32 and [\d.]+ ms/m);

  const masks = temporaryFolder();
  const predicted = await cli('predict', '--checkpoint', checkpoint, '--images', path.join(data, 'val'), '--out', masks);
  expect(predicted.stdout.trim().split('\n')).toEqual(['val-0.png', 'val-1.png'].map((name) => path.join(masks, name)));
  const metadata = await sharp(path.join(masks, 'val-0.png')).metadata();
  expect(metadata).toMatchObject({ width: 70, height: 50, isPalette: true });
  const confusion = result.confusion.map((row) => row.map(() => 0));
  for (const name of readdirSync(masks)) {
    const label = readStoredMask(path.join(data, 'valannot', name)).values;
    readStoredMask(path.join(masks, name)).values.forEach((id, index) => label[index] < 11 && confusion[label[index]][id]++);
  }
  expect(confusion).toEqual(result.confusion);

  // A model of the same classes that is as sure as it is right: its temperature travels with it.
  const calibrated = path.join(out, 'calibrated.safetensors');
  const asked = ['calibrate', '--checkpoint', checkpoint, '--data', data];
  const found = JSON.parse((await cli(...asked, '--out', calibrated, '--json')).stdout) as Record<'before' | 'after', { loss: number }> & {
    temperature: number;
  };
  expect(Object.keys(found)).toEqual(['temperature', 'before', 'after', 'images', 'leftOut']);
  expect(found.temperature).not.toBe(1);
  expect(readModel(calibrated).temperature).toBe(found.temperature);
  const [half, onnx] = [path.join(out, 'half.safetensors'), path.join(out, 'calibrated.onnx')];
  await cli('export', '--checkpoint', calibrated, '--out', half, '--half');
  expect(readModel(half).temperature).toBe(found.temperature);
  await cli('export', '--checkpoint', calibrated, '--out', onnx, '--format', 'onnx', '--size', '48x64');
  expect(readFileSync(onnx).includes(JSON.stringify(found.temperature))).toBe(true);
  expect((await cli(...asked)).stdout).toMatch(/^temperature [\d.]+, of 2 images\n[^]*expected calibration error/);
  const again = JSON.parse((await cli('evaluate', '--checkpoint', calibrated, '--data', data, '--json')).stdout) as typeof result;
  expect(again.confusion).toEqual(result.confusion);
  expect((await cli(...asked, '--split', 'test')).stderr).toContain('error: ');
  expect((await cli(...asked, '--out', checkpoint)).stderr).toContain('is the checkpoint itself');
  const link = path.join(out, 'link.ckpt');
  symlinkSync(checkpoint, link);
  expect((await cli(...asked, '--out', link, '--overwrite')).stderr).toContain('is the checkpoint itself');
  expect((await cli(...asked, '--out', calibrated)).stderr).toContain('calibrated.safetensors is there already');
  expect((await cli(...asked, '--out', path.join(out, 'last.ckpt'), '--overwrite')).stderr).toContain('is a checkpoint of a run');
  expect((await cli(...asked, '--out', path.join(out, 'nowhere/x.safetensors'))).stderr).toContain('nowhere does not exist');
  expect(readModel(checkpoint).temperature).toBe(1);
  // An image that cannot be read is named, and the others are looked at.
  writeFileSync(path.join(data, 'val', 'val-2.png'), 'no picture');
  copyFileSync(path.join(data, 'valannot', 'val-1.png'), path.join(data, 'valannot', 'val-2.png'));
  const without = await cli(...asked);
  expect(without.stdout).toContain('of 2 images');
  expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('val-2.png')]);
  // A score of a part says so, also to a script that reads no more than its end.
  await sharp({ create: { width: 70, height: 50, channels: 3, background: '#557799' } }).toFile(path.join(data, 'val', 'val-3.png'));
  const part = await cli('evaluate', '--checkpoint', checkpoint, '--data', data, '--json');
  const left = [expect.objectContaining({ id: 'val/val-2', reason: expect.stringContaining('val-2.png') as unknown })];
  expect([part.code, JSON.parse(part.stdout)]).toEqual([1, expect.objectContaining({ images: 2, leftOut: left, unlabelled: 1 })]);
  expect((await cli('evaluate', '--checkpoint', checkpoint, '--data', data)).stdout).toContain('1 image left out: not the whole split');
});

test('one class is refused before anything is read for it', async () => {
  const data = await makeDataset({ train: 2, val: 1 });
  writeFileSync(path.join(data, 'classes.json'), '["Road"]');
  const { code, stderr } = await cli('train', '--data', data, '--preset', 'tiny', '--out', path.join(temporaryFolder(), 'run'));
  expect([code, stderr]).toEqual([1, expect.stringContaining('The class set has "Road" alone, and a network learns to tell at least two')]);
});

test('exports what predicts, in half precision and as ONNX, and looks at images in several ways', async () => {
  const data = await makeDataset({ train: 2, val: 1 });
  const out = temporaryFolder();
  await cli('train', '--data', data, '--preset', 'tiny', '--epochs', '1', '--batch', '2', '--set', 'emaDecay=0.9', '--out', out);
  const { sessions } = JSON.parse(readFileSync(path.join(out, 'origin.json'), 'utf8')) as { sessions: unknown[] };
  const command = `train --data ${data} --preset tiny --epochs 1 --batch 2 --set emaDecay=0.9 --out ${out}`;
  expect(sessions).toMatchObject([{ by: 'command line', command }]);
  const [half, onnx] = [path.join(out, 'half.safetensors'), path.join(out, 'net.onnx')];
  const checkpoint = path.join(out, 'last.ckpt');
  expect(await cli('export', '--checkpoint', checkpoint, '--out', half, '--half', '--note', 'by=a test')).toMatchObject({
    code: 0,
    stdout: `${half}\n`,
  });
  expect(await cli('export', '--checkpoint', checkpoint, '--out', onnx, '--format', 'onnx', '--size', '48x64')).toMatchObject({ code: 0 });
  const session = await InferenceSession.create(onnx);
  expect([session.inputNames, session.outputNames]).toEqual([['images'], ['logits', 'labels', 'se_logits']]);
  // Any size: the network takes any.
  await cli('export', '--checkpoint', checkpoint, '--out', onnx, '--format', 'onnx', '--size', '50x63', '--overwrite');
  const odd = await (
    await InferenceSession.create(onnx)
  ).run({ images: new Tensor('float32', new Float32Array(3 * 50 * 63), [1, 3, 50, 63]) });
  expect(odd.labels.dims).toEqual([1, 50, 63]);

  // A model that is handed on is evaluated as the checkpoint it came from, but for the rounding of its weights.
  const score = async (...args: string[]) =>
    JSON.parse((await cli('evaluate', '--data', data, '--json', ...args)).stdout) as {
      pixelAccuracy: number;
      protocol: Record<string, unknown>;
    };
  expect((await score('--checkpoint', half)).pixelAccuracy).toBeCloseTo((await score('--checkpoint', checkpoint)).pixelAccuracy, 2);
  expect((await score('--checkpoint', checkpoint, '--scales', '0.75,1', '--flip', '--sliding')).protocol).toMatchObject({
    scales: [0.75, 1],
    flip: true,
    resolution: expect.stringContaining('windows of') as string,
  });
});

test('starts from other weights as far as they fit, and says what does not', async () => {
  const data = await makeDataset({ train: 2, val: 1 });
  const [first, second] = [temporaryFolder(), temporaryFolder()];
  const common = ['--data', data, '--preset', 'tiny', '--epochs', '1', '--batch', '2'];
  await cli('train', ...common, '--out', first);
  const taken = await cli('train', ...common, '--set', 'model.numCodes=4', '--weights', path.join(first, 'last.ckpt'), '--out', second);
  expect(taken.code).toBe(0);
  expect(taken.stderr).toMatch(/\d+ tensors taken from .*last\.ckpt; 0 start at random, 6 have another shape, 0 are not in the network/);
  const [third, fourth] = [temporaryFolder(), temporaryFolder()];
  expect((await cli('train', ...common, '--out', second)).stderr).toContain(
    `${second} already holds a run (best.ckpt): choose another --out, or go on with --data ${data} --resume`,
  );
  const both = await cli('train', '--data', data, '--resume', second, '--weights', path.join(first, 'last.ckpt'));
  expect(both.stderr).toContain('leave --weights away, or start a new run with --weights');
  rmSync(path.join(second, 'last.ckpt'));
  expect((await cli('train', ...common, '--out', second)).stderr).toContain(
    `${second} already holds a run (best.ckpt): choose another --out, or remove what is in it: without last.ckpt it cannot go on`,
  );
  const none = await cli('train', ...common, '--weights', path.join(root, 'test/golden/weights/tiny-zip.pth'), '--out', third);
  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect(none.stderr).toContain('has no tensor that fits the network');
  const evil = await cli('train', ...common, '--weights', path.join(root, 'test/golden/weights/evil.pth'), '--out', fourth);
  expect(evil.stderr).toContain('which is not in the list of what a weight file may name');
});

test('predict never writes a mask over its image', async () => {
  const data = await makeDataset({ train: 1, val: 1 });
  const before = readFileSync(path.join(data, 'val/val-0.png'));
  const { code, stderr } = await cli('predict', '--checkpoint', 'x', '--images', path.join(data, 'val'), '--out', path.join(data, 'val'));
  expect(code).not.toBe(0);
  expect(stderr).toContain('holds the images themselves');
  expect(readFileSync(path.join(data, 'val/val-0.png')).equals(before)).toBe(true);
  // A folder by another name, of which one image is named by its own.
  const link = `${data}-link`;
  symlinkSync(data, link);
  const through = path.join(link, 'val');
  for (const images of [through, path.join(through, 'val-0.png'), path.join(data, 'val')])
    expect((await cli('predict', '--checkpoint', 'x', '--images', images, '--out', through)).stderr).toContain(
      'holds the images themselves',
    );
  const labels = await cli('predict', '--checkpoint', 'x', '--images', path.join(data, 'val'), '--out', path.join(data, 'valannot'));
  expect(labels.stderr).toMatch(/valannot\/val-0\.png would be replaced: choose another folder for --out, or give --overwrite/);
});

test('Ctrl+C stops with a checkpoint, and --resume goes on from it', async () => {
  const data = await makeDataset({ train: 6, val: 2 });
  const out = temporaryFolder();
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'out/main/cli.js'),
      'train',
      '--data',
      data,
      '--preset',
      'tiny',
      '--epochs',
      '60',
      '--batch',
      '2',
      '--set',
      'schedule={"kind":"constant"}',
      '--out',
      out,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  child.kill('SIGINT');
  expect(await closed).toBe(0);
  expect(existsSync(path.join(out, 'last.ckpt'))).toBe(true);
  const done = readFileSync(path.join(out, 'metrics.csv'), 'utf8').trim().split('\n').length - 1;
  const resumed = await cli('train', '--data', data, '--resume', out, '--epochs', String(done + 1));
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stdout).toMatch(new RegExp(`^epoch ${done + 1} ---`));
});

test('help is complete, and errors are one line on stderr with a non-zero code', async () => {
  for (const command of ['train', 'evaluate', 'calibrate', 'predict', 'export']) {
    const help = await cli(command, '--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(command === 'train' ? '--resume <dir>' : '--checkpoint <file>');
  }
  const data = await makeDataset({ train: 1, val: 1 });
  const cases: [string[], string][] = [
    [['train', '--data', '/nowhere'], 'error: /nowhere is not a folder'],
    [['train', '--data', data, '--preset', 'huge'], 'error: There is no preset "huge"; there are light, light-64, reference, paper, tiny'],
    [['train', '--data', data, '--epochs', '0'], 'must be a whole number of at least 1, received "0"'],
    [['train', '--data', data, '--set', 'nonsense=1'], 'error: There is no setting "nonsense"'],
    [['train', '--data', data, '--resume', '/nowhere'], 'error: /nowhere/last.ckpt does not exist'],
    [['export', '--checkpoint', 'x', '--out', 'y', '--format', 'onnx', '--half'], 'error: --half is for safetensors and pth'],
    [['export', '--checkpoint', 'x', '--out', 'y', '--size', '48x64'], "error: --size is the size of an ONNX model's images"],
    [['export', '--checkpoint', 'x', '--out', 'y', '--format', 'pth', '--note', 'by=me'], 'a pth file has no place for notes'],
    [['export', '--checkpoint', 'x', '--out', 'y', '--note', 'hello'], 'error: --note must be key=value, received hello'],
    [['export', '--checkpoint', 'x', '--out', 'y', '--note', 'state=final'], '"state" is what the file itself says'],
    [['evaluate', '--checkpoint', '/nowhere.ckpt', '--data', data], 'error: /nowhere.ckpt does not exist'],
    [['evaluate', '--checkpoint', path.join(root, 'package.json'), '--data', data], 'is not a whole safetensors file'],
    [['evaluate', '--checkpoint', 'x', '--data', data, '--split', 'other'], 'Allowed choices are train, val, test'],
    [['predict', '--checkpoint', 'x', '--images', '/nowhere', '--out', '/tmp'], 'error: /nowhere does not exist'],
    [['unknown'], 'error: unknown command'],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await cli(...args);
    expect(stderr).toContain(message);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  }
});

describe('classes and folders', () => {
  /** A data set whose two classes are stored as 5 and 15. */
  async function oddValues(names = ['Ground', 'Above'], values = [5, 15]): Promise<string> {
    const data = await makeDataset({ train: 4, val: 2 });
    const classes = names.map((name, id) => ({ value: values[id], name, color: [100 * id, 50, 50] }));
    writeFileSync(path.join(data, 'classes.json'), JSON.stringify({ name: 'odd', voidValue: 255, classes }));
    for (const folder of ['trainannot', 'valannot']) {
      for (const name of readdirSync(path.join(data, folder))) {
        const { width, height } = readStoredMask(path.join(data, folder, name));
        const mask = Uint8Array.from({ length: width * height }, (_, index) => (index < (width * height) / 2 ? 15 : 5));
        writeFileSync(path.join(data, folder, name), encodeStoredMask({ width, height, values: mask }));
      }
    }
    return data;
  }

  const trainTiny = (data: string, out: string, ...more: string[]) =>
    cli('train', '--data', data, '--preset', 'tiny', '--epochs', '1', '--batch', '2', '--out', out, ...more);

  test('predict writes the stored values of the class set, and ids where they are asked for', async () => {
    const data = await oddValues();
    const out = temporaryFolder();
    expect(await trainTiny(data, out)).toMatchObject({ code: 0 });
    const checkpoint = path.join(out, 'best.ckpt');
    const valuesOf = (folder: string) =>
      readdirSync(folder).flatMap((name) => [...new Set(readStoredMask(path.join(folder, name)).values)]);
    const [stored, dense] = [temporaryFolder(), temporaryFolder()];
    await cli('predict', '--checkpoint', checkpoint, '--images', path.join(data, 'val'), '--out', stored);
    await cli('predict', '--checkpoint', checkpoint, '--images', path.join(data, 'val'), '--out', dense, '--ids', 'dense');
    expect(valuesOf(stored).every((value) => value === 5 || value === 15)).toBe(true);
    expect(valuesOf(dense).every((value) => value === 0 || value === 1)).toBe(true);
    const [a, b] = [stored, dense].map((folder) => readStoredMask(path.join(folder, 'val-0.png')).values);
    expect([...a].map((value) => (value === 15 ? 1 : 0))).toEqual([...b]);
  });

  test('resume and evaluate refuse other classes by both lists, and leave the run as it was', async () => {
    const data = await oddValues();
    const out = temporaryFolder();
    await trainTiny(data, out, '--set', 'schedule={"kind":"constant"}');
    const [checkpoint, settings] = ['last.ckpt', 'config.json'].map((name) => readFileSync(path.join(out, name)));
    for (const [names, values] of [
      [
        ['Above', 'Ground'],
        [5, 15],
      ],
      [
        ['Ground', 'Sky'],
        [5, 15],
      ],
      [
        ['Ground', 'Above'],
        [5, 16],
      ],
      [
        ['Above', 'Ground'],
        [15, 5],
      ],
    ] as [string[], number[]][]) {
      const other = await oddValues(names, values);
      const resumed = await cli('train', '--data', other, '--resume', out, '--epochs', '2');
      expect(resumed.code).toBe(1);
      expect(resumed.stderr).toContain('has the classes Ground (5), Above (15); the data set has');
    }
    const evaluated = await cli('evaluate', '--checkpoint', path.join(out, 'best.ckpt'), '--data', await makeDataset(), '--json');
    expect(evaluated).toMatchObject({ code: 1, stdout: '' });
    expect(evaluated.stderr).toContain('has the classes Ground (5), Above (15); the data set has Sky (0), Building (1)');
    expect(readFileSync(path.join(out, 'last.ckpt')).equals(checkpoint)).toBe(true);
    expect(readFileSync(path.join(out, 'config.json')).equals(settings)).toBe(true);
  });

  test('a folder that a run is being written in is taken by no other run, nor by a resume', async () => {
    const data = await makeDataset({ train: 6, val: 2 });
    const out = temporaryFolder();
    const args = ['train', '--data', data, '--preset', 'tiny', '--epochs', '300', '--batch', '2', '--out', out];
    const first = spawn(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = new Promise<number | null>((resolve) => first.on('close', resolve));
    await new Promise<void>((resolve) => first.stdout.once('data', () => resolve()));
    for (const more of [
      ['--preset', 'tiny', '--out', out],
      ['--resume', out],
    ]) {
      const second = await cli('train', '--data', data, ...more);
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(/error: A run is being written in .* by a trainer on .* \(process \d+\), since/);
    }
    first.kill('SIGINT');
    expect(await closed).toBe(0);
    expect(readRunSamples(out)!.train).toHaveLength(6);
  });

  test('settings that a resume may not change are refused, and config.json says what was trained', async () => {
    const data = await makeDataset({ train: 4, val: 2 });
    const out = temporaryFolder();
    await trainTiny(data, out);
    const refused = await cli('train', '--data', data, '--resume', out, '--lr', '0.1');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('optimizer.learningRate 0.1, was');
    expect(
      (JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8')) as { optimizer: { learningRate: number } }).optimizer.learningRate,
    ).not.toBe(0.1);
    const again = await cli('train', '--data', data, '--resume', out);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('nothing is left to do');
  });
});

test("a workbench's run goes on at the command line with the masks it recorded, whatever has become of them since", async () => {
  const data = await makeDataset({ train: 4, val: 2 });
  const bench = createBench();
  await bench.call('datasets.open', { path: data });
  const epoch = bench.until('training.epoch', () => true);
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  const run = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 200 }), name: '' });
  await epoch;
  await bench.call('training.stop');
  await end;
  await bench.workbench.shutDown();
  writeFileSync(path.join(data, 'trainannot/train-0.png'), 'not a mask any more');
  const folder = path.join(data, '.encnet/runs', run.id);
  const child = spawn(process.execPath, [path.join(root, 'out/main/cli.js'), 'train', '--data', data, '--resume', folder], { cwd: root });
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (told += text.toString()));
  await expect.poll(() => told, { timeout: 30_000 }).toMatch(/epoch \d+ ---/);
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(told).not.toContain('left out');
});

test('predict does every image, tells two of one name apart and passes hidden files over', async () => {
  const folder = temporaryFolder();
  const photo = sharp({ create: { width: 64, height: 48, channels: 3, background: '#557799' } });
  for (const name of ['same.png', 'same.jpg', 'other.png']) await photo.clone().toFile(path.join(folder, name));
  writeFileSync(path.join(folder, '._same.png'), 'what another system leaves');
  const out = path.join(temporaryFolder(), 'masks');
  // Three images a step: with 8 channels and an odd batch TensorFlow's own kernels end the trainer.
  const [data, run] = [await makeDataset({ train: 3, val: 1 }), path.join(temporaryFolder(), 'run')];
  const trained = await cli('train', '--data', data, '--preset', 'tiny', '--epochs', '1', '--batch', '3', '--size', '48x64', '--out', run);
  expect(trained.code).toBe(0);
  const { code, stderr } = await cli('predict', '--checkpoint', path.join(run, 'last.ckpt'), '--images', folder, '--out', out);
  expect([code, stderr.includes('left out')]).toEqual([0, false]);
  expect(readdirSync(out).sort()).toEqual(['other.png', 'same.jpg.png', 'same.png']);

  // Of two folders with files of one name each mask tells whose it is; a file that is named twice is one, and a link astray is left out.
  const twin = path.join(folder, 'twin');
  mkdirSync(twin);
  await photo.clone().toFile(path.join(twin, 'other.png'));
  symlinkSync(path.join(folder, 'nowhere.png'), path.join(twin, 'astray.png'));
  const apart = path.join(temporaryFolder(), 'masks');
  symlinkSync('other.png', path.join(twin, 'latest.png'));
  const images = [path.join(folder, 'other.png'), twin, path.join(twin, 'other.png')];
  const both = await cli('predict', '--checkpoint', path.join(run, 'last.ckpt'), '--images', ...images, '--out', apart);
  expect([both.code, readdirSync(apart).sort()]).toEqual([1, ['latest.png', 'other.png', 'twin+other.png']]);
  expect(both.stderr).toMatch(/left out: .*astray\.png is a link that leads/);

  // Stopped half way, it says what is there and how to go on.
  const [many, half] = [temporaryFolder(), path.join(temporaryFolder(), 'half')];
  const bytes = await photo.clone().png().toBuffer();
  for (let image = 0; image < 400; image++) writeFileSync(path.join(many, `${image}.png`), bytes);
  const args = ['predict', '--checkpoint', path.join(run, 'last.ckpt'), '--images', many, '--out', half];
  const child = spawn(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { cwd: root });
  let told = '';
  child.stderr.on('data', (text: Buffer) => (told += text.toString()));
  child.stdout.once('data', () => child.kill('SIGINT'));
  await new Promise((resolve) => child.once('close', resolve));
  const [, done] = /Stopped: (\d+) of 400 images are predicted.*--overwrite predicts all/.exec(told) ?? [];
  expect([Number(done), Number(done) < 400]).toEqual([readdirSync(half).length, true]);
});

test('a folder that is not recognised is said, goes out in another form, and that opens again, a zip too', async () => {
  const folder = await makeDataset({ train: 2, val: 1 });
  const { renameSync } = await import('node:fs');
  mkdirSync(path.join(folder, 'mine'));
  for (const name of readdirSync(folder))
    if (name !== 'mine')
      renameSync(
        path.join(folder, name),
        path.join(folder, 'mine', name.replace('train', 'a').replace('val', 'b').replace('annot', '-drawn')),
      );
  const refused = await cli('export-data', '--data', folder, '--to', 'voc', '--out', '/tmp/never');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('its classes are not known')]);
  const source = (split: string, name: string) => ['--source', `${split}=mine/${name}:mine/${name}-drawn`];
  const said = await cli('import', '--data', folder, ...source('train', 'a'), ...source('val', 'b'), '--classes', 'camvid-11');
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining('3 images (2 of train, 1 of val), 11 classes of CamVid-11')]);
  expect(JSON.parse(said.stdout)).toEqual(JSON.parse(readFileSync(path.join(folder, 'encnet.json'), 'utf8')));
  const zip = path.join(temporaryFolder(), 'out.zip');
  const exported = await cli('export-data', '--data', folder, '--split', 'train', '--to', 'voc', '--out', zip);
  expect([exported.code, exported.stdout.trim()]).toEqual([0, zip]);
  const converted = await cli('convert', '--data', zip, '--to', 'segnet', '--out', path.join(temporaryFolder(), 'again'));
  expect([converted.code, converted.stderr]).toEqual([0, expect.stringContaining('2 images in')]);
  expect((await cli('import', '--data', folder, '--source', 'nonsense')).stderr).toContain('must be split=images:masks');
});
