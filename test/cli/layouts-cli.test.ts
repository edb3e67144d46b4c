// The command line reads every published layout as the window does, and says what it reads.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodePredictedIds, readStoredMask } from '#files/mask-png';
import type { Arrangement, OpenArrangement } from '#shared/data/arrangement';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';
import { zipEntries } from '../helpers/zip-entries.ts';

const cli = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });

beforeAll(() => {
  if (!existsSync(path.join(root, 'out/main/cli.js'))) throw new Error('Build first: npm run build');
});

test.each(publishedSets)('$name', async ({ draw, title, classSet, classes, splits }) => {
  const folder = temporaryFolder();
  await draw(folder);
  const { code, stdout, stderr } = await cli('import', '--data', folder, '--dry-run');
  expect([code, stderr.includes(`${classes[2]} classes of ${classSet}`)]).toEqual([0, true]);
  for (const [split, images] of Object.entries(splits)) expect(stderr).toContain(`${images} of ${split}`);
  expect((JSON.parse(stdout) as Arrangement).title).toContain(title);
  expect(existsSync(path.join(folder, 'encnet.json'))).toBe(false);
});

const grey = (value: number) =>
  writtenPng({ width: 8, height: 6, depth: 8, colourType: 0, samples: Array.from({ length: 48 }, () => value) });

function put(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function photo(file: string): Promise<void> {
  put(
    file,
    await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer(),
  );
}

test('where folders are said alone, classes and endings are found by looking', async () => {
  const folder = temporaryFolder();
  await photo(path.join(folder, 'shots/1.jpg'));
  put(path.join(folder, 'drawn/1_X.png'), grey(1));
  put(path.join(folder, 'classes.json'), '["a","b"]');
  const { code, stdout } = await cli('import', '--data', folder, '--source', 'train=shots:drawn', '--dry-run');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ classes: { file: 'classes.json' }, maskSuffix: '_X', masks: 'value' });
  put(path.join(folder, 'drawn/road-2.png'), grey(1));
  await photo(path.join(folder, 'shots/street-2.jpg'));
  const prefixes = ['--image-prefix', 'street-', '--mask-prefix', 'road-', '--mask-suffix', ''];
  const prefixed = await cli('import', '--data', folder, '--source', 'train=shots:drawn', ...prefixes, '--dry-run');
  expect(prefixed.stderr).toContain('1 image (1 of train)');
  const refused = await cli('import', '--data', folder, '--void', 'value 1');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('value 1 is "b" already')]);
});

test('of a folder around a data set, and of a zip, what is inside is said, and where it is kept', async () => {
  const around = temporaryFolder();
  await publishedSets.find(({ name }) => name === 'pairs-with-splits')!.draw(path.join(around, 'street-main'));
  const dry = await cli('import', '--data', around, '--dry-run');
  expect([dry.code, dry.stderr]).toEqual([0, expect.not.stringContaining('Kept in')]);
  const said = await cli('import', '--data', around, '--void', 'value 200');
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining(`Kept in ${path.join(around, 'street-main/encnet.json')}`)]);
  expect(existsSync(path.join(around, 'encnet.json'))).toBe(false);
  // What was said before is said still, and what cannot be is refused in words.
  const more = await cli('import', '--data', around, '--void', 'value 201', '--dry-run');
  expect((JSON.parse(more.stdout) as OpenArrangement).readAs).toEqual({ 'value 200': null, 'value 201': null });
  const refused = await cli('import', '--data', around, '--classes', path.join(around, 'classes.json'), '--dry-run');
  expect(refused.stderr).toMatch(/^error: The data set cannot be read so: classes/m);
  const zip = path.join(temporaryFolder(), 'street.zip');
  writeFileSync(zip, zipSync(await zipEntries(around)));
  const zipped = await cli('import', '--data', zip, '--dry-run');
  expect([zipped.code, (JSON.parse(zipped.stdout) as OpenArrangement).readAs]).toEqual([0, { 'value 200': null }]);
});

test('folders that are named lie in the folder given, even where one inside looks like a data set', async () => {
  const folder = temporaryFolder();
  await publishedSets.find(({ name }) => name === 'segnet-camvid')!.draw(path.join(folder, 'old'));
  await photo(path.join(folder, 'shots/1.jpg'));
  put(path.join(folder, 'drawn/1.png'), grey(1));
  const said = await cli('import', '--data', folder, '--source', 'train=shots:drawn', '--classes', 'camvid-11');
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining(`Kept in ${path.join(folder, 'encnet.json')}`)]);
});

test('a split for validation is made, the same again for the same seed, and training without one says how', async () => {
  const folder = temporaryFolder();
  put(path.join(folder, 'classes.json'), '["a","b"]');
  for (let i = 0; i < 10; i++) {
    await photo(path.join(folder, `images/img_${i}.jpg`));
    put(path.join(folder, `masks/mask_${i}.png`), grey(i === 0 ? 7 : i % 2));
  }
  const refused = await cli('train', '--data', folder, '--preset', 'tiny', '--out', path.join(folder, 'run'));
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('import --data DIR --make-split 20')]);
  const made = await cli('import', '--data', folder, '--make-split', '20');
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('10 images (8 of train, 2 of val)')]);
  expect(made.stderr).toMatch(/\d+ % of the pixels of these masks are in no class of /);
  const again = await cli('import', '--data', folder, '--make-split', '20', '--dry-run');
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(made.stdout));
  expect((await cli('import', '--data', folder, '--make-split', '100')).stderr).toContain('between 0 and 100');
});

test('a split for validation takes nothing of a test that there is', async () => {
  const folder = temporaryFolder();
  put(path.join(folder, 'classes.json'), '["a","b"]');
  for (const [split, count] of [
    ['train', 10],
    ['test', 4],
  ] as const)
    for (let i = 0; i < count; i++) {
      await photo(path.join(folder, `images/${split}/${i}.jpg`));
      put(path.join(folder, `masks/${split}/${i}.png`), grey(i % 2));
    }
  const made = await cli('import', '--data', folder, '--make-split', '20');
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('14 images (8 of train, 2 of val, 4 of test)')]);
});

test('an export that is stopped says so, and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  put(path.join(folder, 'classes.json'), '["a","b"]');
  for (let i = 0; i < 300; i++) {
    await photo(path.join(folder, `images/${i}.jpg`));
    put(path.join(folder, `masks/${i}.png`), grey(i % 2));
  }
  const around = temporaryFolder();
  const args = ['export-data', '--data', folder, '--to', 'segnet', '--out', path.join(around, 'out')];
  const child = spawn(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], { cwd: root });
  let told = '';
  child.stderr.on('data', (text: Buffer) => (told += text.toString()));
  const look = setInterval(() => readdirSync(around).length > 0 && child.kill('SIGINT'), 20);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(look);
  expect([code, told, readdirSync(around)]).toEqual([1, expect.stringContaining('cancelled'), []]);
});

test('a port that is taken is told in a line, and the data set is let go of', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const env = { ...process.env, ENCNET_USER_DATA: temporaryFolder() };
  const child = spawn(process.execPath, [path.join(root, 'out/main/serve.js'), '--port', String(port)], { cwd: root, env });
  let told = '';
  child.stderr.on('data', (text: Buffer) => (told += text.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  server.close();
  expect([code, told.trim()]).toEqual([1, `Port ${port} is taken by another program: choose another --port, or leave it away`]);
});

describe('predictions that go out', () => {
  test('are found by what the files of their images are called, whatever masks begin with', async () => {
    const folder = temporaryFolder();
    put(path.join(folder, 'classes.json'), '["a","b","c"]');
    const predictions = path.join(folder, 'predicted');
    for (const name of ['1', '2']) {
      await photo(path.join(folder, `images/img_${name}_rgb.jpg`));
      put(path.join(folder, `masks/img_${name}_mask.png`), grey(0));
      put(path.join(predictions, `img_${name}_rgb.png`), grey(2));
    }
    const out = path.join(temporaryFolder(), 'out');
    const sent = await cli('export-data', '--data', folder, '--to', 'segnet', '--predictions', predictions, '--out', out);
    expect([sent.code, sent.stderr]).toEqual([0, expect.stringContaining('2 images in')]);
    expect(readStoredMask(path.join(out, 'trainannot/img_1.png')).values[0]).toBe(2);
    // Where they would be read as more of its images they do not go.
    const inside = await cli('export-data', '--data', folder, '--to', 'segnet', '--out', path.join(folder, 'export'));
    expect([inside.code, inside.stderr]).toEqual([1, expect.stringContaining("lies in the data set's own folder")]);
  });

  test('are of the classes that they say they are of, whatever numbers the data set has for these, or are refused', async () => {
    const folder = temporaryFolder();
    const named = (...names: string[]) => names.map((name, at) => ({ value: at + 1, name }));
    put(path.join(folder, 'classes.json'), JSON.stringify({ voidValue: 0, classes: named('a', 'b', 'c') }));
    const predictions = path.join(folder, 'predicted');
    await photo(path.join(folder, 'images/1.jpg'));
    put(path.join(folder, 'masks/1.png'), grey(1));
    const beside = temporaryFolder();
    const run = (out: string) =>
      cli('export-data', '--data', folder, '--to', 'segnet', '--predictions', predictions, '--out', path.join(beside, out));
    const classes = ['b', 'a'].map((name, id) => ({ id, name, color: [id, 2, 3] as [number, number, number] }));
    const mask = { width: 8, height: 6, ids: new Uint8Array(48).map((_, i) => i % 2) };
    put(path.join(predictions, '1.png'), Buffer.from(encodePredictedIds(mask, classes)));
    expect((await run('o1')).code).toBe(0);
    expect([...readStoredMask(path.join(beside, 'o1/trainannot/1.png')).values.slice(0, 4)]).toEqual([1, 0, 1, 0]);
    put(path.join(predictions, '1.png'), Buffer.from(encodePredictedIds(mask, [{ ...classes[0], name: 'Bus' }, classes[1]])));
    const refused = await run('o2');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('was predicted for Bus, a; the data set has a (1), b (2), c (3), and not Bus'),
    ]);
  });

  test('are those of each image by name; one that could be of two is refused with both names to give', async () => {
    const folder = temporaryFolder();
    put(path.join(folder, 'classes.json'), '["a","b","c"]');
    const predictions = path.join(folder, 'predicted');
    for (const part of ['a', 'b']) {
      await photo(path.join(folder, `images/${part}/1.jpg`));
      put(path.join(folder, `masks/${part}/1.png`), grey(0));
    }
    await photo(path.join(folder, 'images/a/2.jpg'));
    put(path.join(folder, 'masks/a/2.png'), grey(0));
    put(path.join(predictions, '2.png'), grey(2));
    put(path.join(predictions, '1.png'), grey(1));
    const run = (out: string) => cli('export-data', '--data', folder, '--to', 'segnet', '--predictions', predictions, '--out', out);
    const refused = await run(path.join(temporaryFolder(), 'o1'));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/could be the mask of .*a\/1 and .*b\/1: call them .*\+1\.png/),
    ]);
    const [a, b] = /call them (\S+\.png) and (\S+\.png)/.exec(refused.stderr)!.slice(1);
    put(path.join(predictions, a), grey(1));
    put(path.join(predictions, b), grey(2));
    const out = path.join(temporaryFolder(), 'o2');
    expect((await run(out)).code).toBe(0);
    const values = ['a/1', 'b/1', 'a/2'].map((name) => readStoredMask(path.join(out, `trainannot/${name}.png`)).values[0]);
    expect(values).toEqual([1, 2, 2]);
  });
});

test('what of a folder is left out, or could be its masks too, is told by every command that reads it', async () => {
  const folder = temporaryFolder();
  for (const name of ['train/1', 'val/2', 'stray']) await photo(path.join(folder, `images/${name}.jpg`));
  for (const name of ['train/1', 'val/2']) {
    put(path.join(folder, `masks/${name}.png`), grey(1));
    put(path.join(folder, `label_pred/${name}.png`), grey(0));
  }
  put(path.join(folder, 'classes.json'), '["a","b"]');
  const out = path.join(temporaryFolder(), 'out');
  for (const args of [
    ['import', '--data', folder, '--dry-run'],
    ['export-data', '--data', folder, '--to', 'segnet', '--out', out],
  ]) {
    const { code, stderr } = await cli(...args);
    expect([code, stderr], args[0]).toEqual([0, expect.stringContaining('1 image lies in images/ itself, in no split, and is left out')]);
    expect(stderr, args[0]).toContain('label_pred/train/ could be the masks of images/train/ as well as masks/train/');
    expect(stderr.split('is left out').length, args[0]).toBe(2);
  }
  expect(readStoredMask(path.join(out, 'trainannot/1.png')).values[0]).toBe(1);
});

test('folders are found that another system named with its own accents', async () => {
  const folder = temporaryFolder();
  await photo(path.join(folder, 'fotos/1.jpg'));
  const masks = 'masken u\u0308';
  put(path.join(folder, masks, '1.png'), grey(1));
  put(path.join(folder, 'classes.json'), '["a","b"]');
  const { code, stdout, stderr } = await cli('import', '--data', folder, '--source', 'train=fotos:masken \u00fc', '--dry-run');
  expect([code, stderr.includes('is missing')]).toEqual([0, false]);
  expect((JSON.parse(stdout) as Arrangement).sources[0].masks).toBe(masks);
});

test('a relative path of `npm run cli` is of the folder that npm was called in, not of the clone', async () => {
  const folder = temporaryFolder();
  await photo(path.join(folder, 'street/shots/1.jpg'));
  put(path.join(folder, 'street/drawn/1.png'), grey(1));
  put(path.join(folder, 'street/classes.json'), '["a","b"]');
  const from = { cwd: root, env: { ...process.env, INIT_CWD: folder } };
  const given = ['import', '--data', 'street', '--source', 'train=shots:drawn', '--dry-run'];
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'scripts/cli.mjs'), ...given], from);
  expect((JSON.parse(stdout) as Arrangement).sources).toHaveLength(1);
});
