// A zip that is dropped on a window comes in parts and is opened from where it is kept; what does not come whole leaves nothing.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { beforeEach, expect, test } from 'vitest';
import { clearAbandoned } from '#files/whole-or-not';
import type { DatasetInfo } from '#shared/contract/datasets';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { zipEntries } from '../helpers/zip-entries.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let userData: string;
let bench: TestBench;
let zip: Uint8Array;

beforeEach(async () => {
  userData = temporaryFolder();
  bench = createBench({ userData });
  zip = zipSync(await zipEntries(await makeDataset({ train: 2, val: 1 })));
});

async function send(name: string, content = zip, bytes = content.length, partBytes = 1000): Promise<string> {
  const drop = await bench.call<number>('datasets.dropBegin', { name, bytes });
  for (let begin = 0; begin < content.length; begin += partBytes)
    await bench.call('datasets.dropPart', { drop, content: content.subarray(begin, begin + partBytes) });
  return bench.call('datasets.dropEnd', { drop });
}
const kept = () => (existsSync(path.join(userData, 'dropped')) ? readdirSync(path.join(userData, 'dropped')) : []);

test('a zip is kept whole, opens, and is the same data set when it is dropped again', async () => {
  const file = await send('my street.zip');
  expect(readFileSync(file).equals(zip)).toBe(true);
  expect(file).toContain(createHash('sha256').update(zip).digest('hex').slice(0, 12));
  const info = await bench.call<DatasetInfo>('datasets.open', { path: file });
  expect(info).toMatchObject({ name: 'my street', layout: 'train / trainannot' });
  expect(await send('my street.zip', zip, zip.length, 70_000)).toBe(file);
  expect((await bench.call<DatasetInfo>('datasets.open', { path: file })).id).toBe(info.id);
  // A browser has put a number behind its name.
  expect(await send('my street (1).zip')).toBe(file);
  expect(kept().length).toBe(1);
});

test('an export that lies beside a dropped zip stays when that is dropped again, which is still the same data set', async () => {
  const file = await send('street.zip');
  const { id } = await bench.call<DatasetInfo>('datasets.open', { path: file });
  const exported = path.join(path.dirname(file), 'street-camvid.zip');
  writeFileSync(exported, 'what a person has exported');
  expect(await send('street.zip')).toBe(file);
  expect(readFileSync(exported, 'utf8')).toBe('what a person has exported');
  expect((await bench.call<DatasetInfo>('datasets.open', { path: file })).id).toBe(id);
  // One that was exported in the place of the zip itself stays as well.
  writeFileSync(file, 'exported over it');
  expect(path.basename(await send('street.zip'))).toBe('street-2.zip');
  expect(readFileSync(file, 'utf8')).toBe('exported over it');
});

test('what is no zip, is longer or shorter than was said, or is given up, leaves nothing and says why', async () => {
  for (const name of ['photo.png', '../../out.zip', 'a\\b.zip'])
    await expect(bench.call('datasets.dropBegin', { name, bytes: 1 })).rejects.toThrow(`${name} is no zip`);
  await expect(bench.call('datasets.dropBegin', { name: 'a.zip', bytes: 1e12 })).rejects.toThrow('a.zip has 1000 GB, and at most 200');
  await expect(send('a.zip', zip, zip.length - 1)).rejects.toThrow(/is longer than the \d+ bytes/);
  await expect(send('a.zip', zip, zip.length + 1)).rejects.toThrow(/came with \d+ of \d+ bytes/);
  const drop = await bench.call<number>('datasets.dropBegin', { name: 'a.zip', bytes: 10 });
  await bench.call('datasets.dropCancel', { drop });
  await expect(bench.call('datasets.dropPart', { drop, content: Uint8Array.of(1) })).rejects.toThrow('drop it again');
  await expect(bench.call('datasets.dropEnd', { drop: 99 })).rejects.toMatchObject({ code: 'not-found' });
  expect(kept()).toEqual([]);
});

test('a workbench that ends leaves no part, and what a killed one left goes with the next', async () => {
  const folder = path.join(userData, 'dropped');
  mkdirSync(folder);
  const left = path.join(folder, '.1-abc-1.part');
  writeFileSync(left, 'half');
  utimesSync(left, new Date(0), new Date(0));
  const drop = await bench.call<number>('datasets.dropBegin', { name: 'a.zip', bytes: 10 });
  await bench.call('datasets.dropPart', { drop, content: Uint8Array.of(1, 2) });
  expect(kept().length).toBe(1);
  await bench.workbench.shutDown();
  expect(kept()).toEqual([]);
});

test('what a killed workbench left half made in the place of a folder goes, and what is being made stays', () => {
  const folder = temporaryFolder();
  const target = path.join(folder, 'set');
  const old = ['.set.999999.partial', `.set.${process.pid}.partial`, '.set.1.partial', '.other.999999.partial', '.set.999998.partial'];
  for (const name of old) {
    mkdirSync(path.join(folder, name));
    if (!name.includes('999998')) utimesSync(path.join(folder, name), new Date(0), new Date(0));
  }
  clearAbandoned(target);
  expect(readdirSync(folder).sort()).toEqual(old.slice(1).sort());
});
