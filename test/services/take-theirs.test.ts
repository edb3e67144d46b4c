// Another program's version is taken, of another form of file than the mask's: mine is kept, and what is painted then is.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EditState, RevisionInfo, SeenMask } from '#shared/contract/edits';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { box } from '../helpers/box-patch.ts';
import { endAsKilled, openMask, openMasks, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let folder: string;
let file: string;
let userData: string;
let bench: TestBench;

beforeEach(async () => {
  ({ folder, file, userData, bench } = await openMasks(2));
});

const save = () => bench.call<EditState>('edits.save', { imageId });

describe('take theirs where their file is of another form', () => {
  const colours = () =>
    writtenPng({
      ...{ width: 64, height: 48, depth: 8, colourType: 6 },
      samples: Array.from({ length: 64 * 48 }, (_, i) => [i % 4, i % 4, i % 4, 255]).flat(),
    });

  test.each(['ends', 'is killed'])('keeps mine in the history, and what is painted then, where the workbench %s', async (how) => {
    await openMask(bench, imageId);
    await stroke(bench, imageId, box(10, 10, 3, 3, 7));
    writeFileSync(file, colours());
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    await bench.call<EditState>('edits.resolve', { imageId, keep: 'theirs' });
    await stroke(bench, imageId, box(30, 30, 4, 4, 9));
    if (how === 'is killed') await endAsKilled(bench, [path.join(folder, 'trainannot'), path.join(folder, '.encnet/journal')]);
    else await bench.workbench.shutDown();
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    const { ids, notes } = await openMask(bench, imageId);
    expect([ids[31 * 64 + 31], ids[11 * 64 + 11]]).toEqual([9, (11 * 64 + 11) % 4]);
    expect(notes.filter((note) => note.includes('Undo begins anew') || note.includes('could not be put back'))).toEqual([]);
    const past = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
    const mine = past.filter(({ origin }) => origin === 'edit');
    const looks = await Promise.all(mine.map(({ revision }) => bench.call<SeenMask>('edits.look', { imageId, revision })));
    expect(looks.map((look) => inflateRawSync(look.ids)[11 * 64 + 11])).toContain(7);
  });
});
