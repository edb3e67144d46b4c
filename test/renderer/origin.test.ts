// What the Runs place says of where runs come from, and of the masks that they read.
import { expect, test } from 'vitest';
import { localTime } from '#shared/local-time';
import type { MasksSince, RunDetail } from '#shared/contract/runs';
import type { RunOrigin } from '#shared/training/run-origin';
import { masksText, originRows } from '../../src/renderer/features/runs/origin.ts';

const masks = (changes: Partial<MasksSince>): string => masksText({ read: 10, changed: [], gone: [], unsure: 0, ...changes });

test('masks are as a run saw them only where every one was compared', () => {
  expect(masks({})).toBe('all 10 masks are as it saw them');
  expect(masks({ changed: ['a', 'b'] })).toBe('2 of its 10 masks changed since');
  expect(masks({ gone: ['a'] })).toBe('1 of its 10 images is not in the data set any more');
  expect(masks({ unsure: 3 })).toBe('3 masks not looked at yet');
  expect(masks({ changed: ['a'], gone: ['b', 'c'], unsure: 1 })).toBe(
    '1 of its 10 masks changed since, 2 of its 10 images are not in the data set any more, 1 mask not looked at yet',
  );
  expect(masks({ read: 0 })).toBe('which masks it read is not recorded');
});

const machine = { processor: 'A processor', cores: 2, memoryMb: 24576, system: 'Linux', device: 'CPU', library: 'tfjs' };
const session = {
  startedAt: '2026-11-27T10:00:00.000Z',
  by: 'window' as const,
  command: null,
  codeVersion: '1 (abc)',
  machine,
  epoch: 0,
  step: 0,
  precision: { precision: 'bfloat16' as const, reason: 'tried here' },
};
const data = { folder: '/data', train: 8, validation: 2, fingerprint: 'abcd' };
const detail = (origin: RunOrigin | null, seed = 1) => ({ origin, codeVersion: '1', datasetFingerprint: 'f', seed }) as RunDetail;
const valueOf = (runs: RunDetail[], name: string) => originRows(runs).find((row) => row.name === name)?.values;

test('a run tells weights, data, command and machine; what was not kept is said to be unknown', () => {
  const run = { id: 'r', name: 'first' };
  const weights = { file: '/w.ckpt', sha256: 'ab'.repeat(32), run, epoch: 12, taken: 110, tensors: 112 };
  const known = detail({
    weights,
    data,
    sessions: [
      { ...session, command: 'train --data /data' },
      { ...session, epoch: 3 },
    ],
  });
  expect(valueOf([known], 'Weights at the start')).toEqual(['of the run "first", epoch 12: 110 of 112 tensors']);
  expect(valueOf([known], 'Started')).toEqual(['train --data /data']);
  expect(valueOf([known], 'Images')).toEqual(['8 to train on, 2 to validate']);
  expect(valueOf([known], 'Processor')).toEqual(['A processor, 2 cores, 24.0 GB']);
  expect(valueOf([known], 'Went on')).toEqual([`${localTime('2026-11-27T10:00:00Z').slice(0, 16)} after epoch 3`]);
  expect(valueOf([detail(null)], 'Weights at the start')).toEqual(['not recorded']);
});

test('of several runs only what differs is told', () => {
  const [one, other] = [detail({ weights: null, data, sessions: [session] }), detail({ weights: null, data, sessions: [session] }, 2)];
  expect(originRows([one, other])).toEqual([{ name: 'Seed', values: ['1', '2'] }]);
  expect(originRows([one, one])).toEqual([]);
});
