// What goes out is read by readers that are not ours, and what they write opens here, to the last pixel. It runs where Python has them:
// pip install datumaro pycocotools, or ENCNET_PYTHON=the interpreter that has them.
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMask } from '#files/mask-png';
import { builtInClassSet } from '#services/class-sets/class-set';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { exportFormNames } from '#shared/data/export-forms';
import { locateDataset } from '#services/layouts/recognise';
import { temporaryFolder } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const here = import.meta.dirname;
const python = [process.env.ENCNET_PYTHON ?? 'python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import datumaro, pycocotools'], { stdio: 'ignore' }).status === 0,
);
if (!python)
  console.log('skipped: exports read by datumaro and pycocotools, because Python has none of them here (pip install datumaro pycocotools)');

const { classes } = builtInClassSet('camvid-11');
const told = JSON.stringify(classes.map(({ name, color }) => ({ name, color })));
const run = (script: string, ...args: string[]) =>
  execFileSync(python!, [path.join(here, script), ...args, told], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1e8,
  });

describe.skipIf(!python)('readers that are not ours', () => {
  const sample = locateDataset(path.join(root, 'resources/sample'));
  let folder: string;

  async function exportAll(): Promise<void> {
    folder = temporaryFolder();
    for (const to of exportFormNames) await exportData({ ...sample, to, out: path.join(folder, to), exportImage });
  }

  test('read every form of the sample to the last pixel', async () => {
    await exportAll();
    const report = JSON.parse(run('read_exports.py', folder).trim().split('\n').at(-1)!) as Record<string, object>;
    console.log(JSON.stringify(report));
    expect(Object.keys(report)).toHaveLength(7);
    for (const read of Object.values(report)) expect(read).toEqual({ images: 52, missing: 0, pixels: 52 * 240 * 180, different: 0 });
  });

  test("and what datumaro's exporters write of it opens here with the same pixels", async () => {
    await exportAll();
    const out = temporaryFolder();
    run('write_exports.py', path.join(folder, 'segnet'), out);
    const truth = new Map(
      sample.images.map(({ split, name, maskFile }) => [`${split}/${name}`, readMask(maskFile, sample.classSet.format).ids]),
    );
    for (const form of ['camvid', 'voc']) {
      const { images, classSet, problems } = locateDataset(path.join(out, form));
      expect([form, problems, images.length]).toEqual([form, [], 52]);
      const background = classSet.classes.find(({ name }) => name === 'background')!.id;
      for (const { split, name, maskFile } of images) {
        const { ids, illegal } = readMask(maskFile, classSet.format);
        expect(illegal).toEqual([]);
        // Theirs have a class for what is not labelled, before the others.
        const ours = ids.map((id) => (id === background ? 255 : id - 1));
        expect(Buffer.compare(ours, truth.get(`${split}/${name}`)!)).toBe(0);
      }
    }
  });
});
