// What a window says of a mask that is saved, renamed or waits: the newest that is known, and never less protection than was chosen.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EditState } from '#shared/contract/edits';
import { classChange } from '../../src/renderer/features/library/class-set-change.ts';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import { hexOf } from '../../src/renderer/ui/colour.ts';
import { changeClasses } from '../../src/renderer/state/dataset-reading.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { openMask } from '../helpers/edits.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench, openWindow } from './window.ts';

const imageId = 'train/train-0';
let bench: TestBench;
let window: TestWindow;
let session: Session;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const texts = () => session.toasts.list.map(({ text }) => text);

beforeEach(async () => {
  ({ bench, window } = await openBench({ train: 9, val: 1 }));
  ({ session } = window);
});
afterEach(() => closeWindow(window));

/** Gives a class another name, as the dialog does. */
async function rename(of: Session, id: number, name: string): Promise<void> {
  const { classes, classSet } = of.dataset!;
  const rows = classes.map((each) => ({ name: each.name, value: each.value ?? each.id, color: hexOf(each.color), isNew: false, into: '' }));
  rows[id].name = name;
  const result = classChange(of.dataset!, classSet, rows);
  if (!result || 'error' in result) throw new Error('it is no change');
  await changeClasses(of, result.change, []);
}

test.each(['opened', 'read anew'])('the save state of a mask is the newest that was told while it was %s', async (how) => {
  const annotate = new AnnotateState(session);
  await annotate.open(imageId);
  dot(annotate.mask!, 20, 20, 7);
  await eventually(() => annotate.mask!.unacknowledged === 0);
  if (how === 'opened') await annotate.open('train/train-1');
  // What main tells meanwhile lies in the line behind its answer.
  const hear = window.deafen();
  const reading = how === 'opened' ? annotate.open(imageId) : annotate.mask!.resync();
  const saved = vi.waitFor(async () => expect(await bench.call<EditState[]>('edits.unsaved')).toEqual([]), { timeout: 10_000 });
  await saved;
  hear();
  await reading;
  await eventually(() => annotate.mask!.saveState === 'saved');
  annotate.close();
});

test('a class that is renamed keeps its lock, its key, its place in the hand and what may be painted over', async () => {
  const annotate = new AnnotateState(session);
  await annotate.open(imageId);
  annotate.toggleLock(3);
  annotate.hand.pick(3);
  annotate.hand.writeOver({ on: 'classes', ids: [3] });
  annotate.assignKey('=', 3);
  annotate.rememberSettings();
  annotate.close();
  await rename(session, 3, 'Carriageway');
  for (const time of ['first', 'second']) {
    const again = new AnnotateState(session);
    await again.open(imageId);
    expect([[...again.lockedClasses], again.hand.where, again.hand.classId, again.keyed.get('=')], time).toEqual([
      [3],
      { on: 'classes', ids: [3] },
      3,
      3,
    ]);
    again.close();
  }
  expect(texts().filter((text) => text.includes('no class any more'))).toEqual([]);
});

test('strokes that are painted while another window renames their class arrive as that class', async () => {
  const other = await openWindow(bench);
  const annotate = new AnnotateState(session);
  await annotate.open(imageId);
  const { mask } = annotate;
  const renamed = rename(other.session, 7, 'Railing');
  for (let n = 0; n < 12; n++) {
    dot(mask!, 4 + 4 * n, 20, 7);
    await wait(4);
  }
  await renamed;
  await eventually(() => session.unsafeStrokes === 0);
  const { ids } = await openMask(bench, imageId, 'asked');
  expect(Array.from({ length: 12 }, (_, n) => ids[20 * 64 + 4 + 4 * n])).toEqual(Array(12).fill(7));
  expect(texts().filter((text) => text.includes('could not be kept'))).toEqual([]);
  annotate.close();
  closeWindow(other);
});

test('a window whose stroke waits for another data set, or for an answer, asks before it closes', async () => {
  const annotate = new AnnotateState(session);
  await annotate.open(imageId);
  const dispatch = bench.workbench.dispatch.bind(bench.workbench);
  const slow = vi.spyOn(bench.workbench, 'dispatch').mockImplementation(async (frame) => {
    if ((frame as { method?: string }).method === 'edits.stroke') await wait(2500);
    return dispatch(frame);
  });
  dot(annotate.mask!, 20, 20, 7);
  await eventually(() => !session.strokesAtRisk, 800);
  expect(session.unsafeStrokes).toBe(1);
  await eventually(() => session.strokesAtRisk, 2400);
  await eventually(() => session.unsafeStrokes === 0);
  expect(session.strokesAtRisk).toBe(false);
  slow.mockRestore();

  annotate.mask!.document.beginStroke('Brush');
  await bench.call('datasets.open', { path: await makeDataset({ train: 1, val: 1 }) });
  await eventually(() => session.moved !== null);
  dot(annotate.mask!, 30, 20, 7);
  await eventually(() => session.unsafeStrokes === 1);
  await eventually(() => session.strokesAtRisk);
  annotate.close();
});
