// What a few bytes may claim to be: refused before it fills the memory, or goes where it does not belong.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { toCsv } from '#shared/csv';
import { boundedJson } from '#shared/json';
import { cityscapesIds } from '#services/dataset-exports/cityscapes-ids';
import { placeIn } from '#services/dataset-exports/forms';
import { sinkAt } from '#services/dataset-exports/sink';
import { decodeRecord, encodeRecord, type JournalRecord } from '#services/edits/journal-record';
import { tell } from '#services/edits/journal-reading';
import { splitNamed } from '#services/layouts/splits';
import { temporaryFolder } from '../helpers/dataset.ts';

describe('a journal', () => {
  const size = { width: 4000, height: 4000 };
  const zeros = deflateRawSync(new Uint8Array(size.width * size.height));
  const packed = (box: { left: number; top: number; width: number; height: number }, changed = zeros): Uint8Array => {
    const step = { id: 1, label: 'Brush', stroke: null, ...box, changed, before: zeros, after: zeros };
    return Buffer.concat([Buffer.of(1), encode({ kind: 'step', session: 's', step })]);
  };

  test('unpacks nothing of a step that does not lie in its mask, and no more of one than its box has', async () => {
    const before = process.memoryUsage().arrayBuffers;
    await expect(decodeRecord(packed({ left: 1, top: 0, ...size }), size)).rejects.toThrow(/box|inside|lie/);
    await expect(decodeRecord(packed({ left: 0, top: 0, width: 8, height: 8 }), size)).rejects.toThrow();
    // A bit each.
    await expect(decodeRecord(packed({ left: 0, top: 0, ...size }), size)).rejects.toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
    await expect(decodeRecord(packed({ left: 0, top: 0, ...size }), null)).rejects.toThrow('pixels');
  });

  test('lets go of the steps that are in a file for good, and of no other', async () => {
    const small = { width: 3, height: 1 };
    const step = (id: number): JournalRecord => ({
      kind: 'step',
      session: 's',
      step: {
        id,
        label: 'Brush',
        stroke: null,
        left: 0,
        top: 0,
        ...small,
        changed: Uint8Array.of(7),
        before: new Uint8Array(3),
        after: new Uint8Array(3).fill(id),
      },
    });
    const records: JournalRecord[] = [
      { kind: 'begin', image: 'a', ...small, revision: '00000000', mark: 0 },
      step(1),
      step(2),
      { kind: 'saving', revision: '11111111', mark: 2 },
      step(3),
      { kind: 'saved', revision: '11111111', mark: 2 },
      step(4),
    ];
    const { deeds, broken, history } = await tell(await Promise.all(records.map(encodeRecord)), 'a', small);
    expect(broken).toBeNull();
    expect(deeds.map(({ replay }) => replay?.step.id ?? null)).toEqual([null, null, null, null, 3, null, 4]);
    expect(history.steps().done.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    // A save of what never was lets go of nothing.
    const odd = [...records.slice(0, 3), { kind: 'saved', revision: '11111111', mark: 99 } as const, step(3)];
    const told = await tell(await Promise.all(odd.map(encodeRecord)), 'a', small);
    expect(told.deeds.map(({ replay }) => replay?.step.id ?? null)).toEqual([null, 1, 2, null, 3]);
  });
});

test('JSON of more values than anything of ours has is refused before it is parsed', () => {
  expect(() => boundedJson(`[${'{},'.repeat(5_000_001)}{}]`)).toThrow(/it has \d+ values, and at most 5000000 are read/);
  expect(boundedJson(`["${','.repeat(6_000_000)}"]`)).toHaveLength(1);
});

test('an export lies where it is asked for, whatever a split is called', async () => {
  for (const name of ['folder', 'data.zip']) {
    const inside = path.join(temporaryFolder(), 'here');
    mkdirSync(inside);
    const sink = sinkAt(path.join(inside, name));
    await expect(sink.write('../x.txt', 'x')).rejects.toThrow('would lie outside');
    await expect(sink.write('train//x.txt', 'x')).rejects.toThrow('would lie outside');
    await sink.write('train/..\\..\\x.txt', 'x');
    await sink.finish();
    const names =
      name === 'folder' ? readdirSync(path.join(inside, 'folder/train')) : Object.keys(unzipSync(readFileSync(path.join(inside, name))));
    expect(names).toEqual([name === 'folder' ? '.._.._x.txt' : 'train/.._.._x.txt']);
    expect(existsSync(path.join(inside, '../x.txt'))).toBe(false);
  }
});

test('images whose files a system takes for one are told apart', () => {
  const same = [
    [placeIn('segnet', 'train', 'A'), placeIn('segnet', 'train', 'a')],
    [placeIn('voc', 'train', 'e\u0301'), placeIn('voc', 'val', '\u00e9')],
    [placeIn('cityscapes', 'train', 'a/b/x'), placeIn('cityscapes', 'train', 'a--b/x')],
    [placeIn('cityscapes', 'train', 'aachen_000000_000019'), placeIn('cityscapes', 'train', 'aachen/aachen_000000_000019')],
  ];
  for (const [one, other] of same) expect(one).toBe(other);
  expect(placeIn('segnet', 'train', 'a')).not.toBe(placeIn('segnet', 'val', 'a'));
});

test.each([
  ['=1+1', "'=1+1"],
  ['x;=HYPERLINK("u")', '"x;\'=HYPERLINK(""u"")"'],
  ['x, -2', '"x, \'-2"'],
  ['a\n@b', '"a\n\'@b"'],
  ['road - left', 'road - left'],
  ['a;b', 'a;b'],
  [`${' '.repeat(100_000)}=`, `${' '.repeat(100_000)}=`],
])('no cell begins a formula, by whatever separator it is read: %j', (text, cell) => {
  expect(toCsv({ header: ['h'], rows: [[text]] }, 'plain')).toBe(`h\n${cell}\n`);
});

test('names that every object has are names', () => {
  expect(['constructor', 'toString', '__proto__', 'valid'].map(splitNamed)).toEqual(['constructor', 'toString', '__proto__', 'val']);
  expect(cityscapesIds(['constructor', 'Road'])).toMatchObject({ labelIds: [0, 7], missing: ['constructor'] });
});
