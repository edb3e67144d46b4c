// The earlier mask that is shown for as long as a key is held: the first of all, or what that was put right as.
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { RevisionInfo } from '#shared/contract/edits';
import { Comparing } from '../../src/renderer/state/comparing.svelte.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';

const info = (revision: string, origin: string): RevisionInfo => ({
  revision,
  origin,
  createdAt: `at ${revision}`,
  work: [],
  runs: [],
  current: false,
});

/** @param revisions newest first @param unfit those that cannot be shown */
function comparing(revisions: RevisionInfo[], unfit: string[] = []) {
  const told: string[] = [];
  const look = ({ revision }: { revision: string }) =>
    unfit.includes(revision)
      ? Promise.reject(new Error(`${revision} has another size`))
      : Promise.resolve({ ids: deflateRawSync(Buffer.of(7)) });
  const edits = { revisions: () => Promise.resolve(revisions), look };
  const session = { client: { edits }, toasts: { show: (_kind: string, text: string) => told.push(text) } };
  return { view: new Comparing(session as unknown as Session), told };
}

test('the oldest of what was there before anybody painted is shown, however often another program changed it', async () => {
  const { view } = comparing([info('d', 'edit'), info('c', 'original'), info('b', 'edit'), info('a', 'original')]);
  await view.begin('train/a');
  expect([view.ids?.[0], view.madeAt]).toEqual([7, 'at a']);
  view.end();
  expect(view.ids).toBeNull();
  await view.begin('train/a', 'd');
  expect(view.madeAt).toBe('at d');
});

test('where the first had another size, what it was put right as is shown; where nothing can be, why is told', async () => {
  const masks = [info('edited', 'edit'), info('right', 'repaired'), info('first', 'original')];
  const mended = comparing(masks, ['first']);
  await mended.view.begin('train/a');
  expect([mended.view.madeAt, mended.told]).toEqual(['at right', []]);
  const none = comparing(masks, ['first', 'right', 'edited']);
  await none.view.begin('train/a');
  expect([none.view.ids, none.told]).toEqual([null, ['edited has another size']]);
  const empty = comparing([]);
  await empty.view.begin('train/a');
  expect(empty.told).toEqual(['There is no earlier mask of this image to compare with.']);
});
