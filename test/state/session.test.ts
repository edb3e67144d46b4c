// What a window shares among its places, over the real services: connection, data set, images, and what is told of them.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import type { DatasetInfo } from '#shared/contract/datasets';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench, openWindow } from './window.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let session: Session;
const imageId = 'train/train-0';
const maskFile = () => path.join(folder, 'trainannot/train-0.png');

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 4, val: 2 }));
  ({ session } = window);
});

afterEach(() => closeWindow(window));

describe('a session', () => {
  test('knows the data set, its images and the image of last time', async () => {
    expect(session.dataset).toMatchObject({ path: folder, writable: true });
    expect(session.images.size).toBe(6);
    expect(session.imageId).toBe('train/train-0');
    session.select('train/train-2');
    await session.flushMemory();
    const again = await openWindow(bench);
    expect(again.session.imageId).toBe('train/train-2');
    again.connection.close();
  });

  test('keeps what events tell while the answers to an older question are on their way', async () => {
    const info = session.dataset!;
    const scope = bench.workbench.datasets.require();
    const slow = Promise.withResolvers<[]>();
    scope.edits.unsaved = () => slow.promise;
    const reading = session.open(() => Promise.resolve({ ...info, openedAt: info.openedAt + 1 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const newer = { ...session.images.get(imageId)!, editedAt: 'newer' };
    bench.workbench.events.of(info.id).emit('datasets.images', [newer]);
    await eventually(() => session.images.get(imageId)?.editedAt === 'newer');
    slow.resolve([]);
    await reading;
    expect(session.images.get(imageId)?.editedAt).toBe('newer');
  });

  test('has its images in the order of the data set, whatever is told of some before all of them came', async () => {
    const { edits } = bench.workbench.datasets.require();
    const unsaved = edits.unsaved.bind(edits);
    const ids = [...session.images.keys()];
    const newer = { ...session.images.get(ids[3])!, editedAt: 'newer' };
    edits.unsaved = async () => {
      bench.workbench.events.of(session.dataset!.id).emit('datasets.images', [newer, session.images.get(ids[1])!]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return unsaved();
    };
    const again = await openWindow(bench);
    expect([...again.session.images.keys()]).toEqual(ids);
    expect(again.session.images.get(ids[3])?.editedAt).toBe('newer');
    again.connection.close();
  });

  test('steps within the split of its image, and not beyond', () => {
    session.step(1);
    expect(session.imageId).toBe('train/train-1');
    session.step(-1);
    session.step(-1);
    expect(session.imageId).toBe('train/train-0');
    session.select('val/val-1');
    session.step(1);
    expect(session.imageId).toBe('val/val-1');
  });

  test('steps through what the Library showed, in its order, while the image is one of it; else through its split', () => {
    session.queue = ['val/val-0', 'train/train-1', 'train/gone'];
    session.select('val/val-0');
    session.step(1);
    expect(session.imageId).toBe('train/train-1');
    session.step(1);
    expect(session.imageId).toBe('train/train-1');
    expect(session.stepTo(({ split }) => split === 'val')).toBe(true);
    expect(session.imageId).toBe('val/val-0');
    session.select('train/train-0');
    expect(session.siblings.map(({ id }) => id)).toContain('train/train-1');
    expect(session.siblings.every(({ split }) => split === 'train')).toBe(true);
    expect(session.stepTo(() => false)).toBe(false);
  });

  test('forgets the order of a data set with it: another one may have the same ids', async () => {
    session.queue = ['train/train-0'];
    await session.openDataset(await makeDataset({ train: 2, val: 1 }));
    session.select('train/train-0');
    session.step(1);
    expect(session.imageId).toBe('train/train-1');
  });

  test('knows how far the work is: of its data set, of what others say, and of what they said while the connection was lost', async () => {
    const stage = () => session.work.stageOf(session.images.get(imageId)!);
    expect(stage()).toBe('new');
    await session.work.mark([imageId], 'done');
    await eventually(() => stage() === 'done');
    const again = await openWindow(bench);
    expect(again.session.work.stageOf(again.session.images.get(imageId)!)).toBe('done');
    again.connection.close();
    window.breakOff();
    await bench.call('work.mark', { images: [{ imageId, mark: 'look' }] });
    session.reconnect();
    await eventually(() => stage() === 'look');
    await session.openDataset(await makeDataset({ train: 2, val: 1 }));
    expect(stage()).toBe('new');
  });

  test('goes to a place with what it is to show, and remembers the place', async () => {
    session.go('review', { imageId: 'val/val-0' });
    expect([session.place, session.imageId]).toEqual(['review', 'val/val-0']);
    await session.flushMemory();
    const again = await openWindow(bench);
    expect(again.session.place).toBe('review');
    again.connection.close();
  });

  test('stays with its data set when another is opened elsewhere, and goes on when a person says so', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    await bench.call('datasets.open', { path: other });
    await eventually(() => session.moved !== null);
    expect(session.dataset?.path).toBe(folder);
    expect(session.blocked).toContain('Another data set was opened in another window');
    await expect(session.client.edits.open({ imageId, window: 'x' })).rejects.toMatchObject({ code: 'conflict' });
    await session.followMoved();
    expect(session.dataset?.path).toBe(other);
    expect(session.blocked).toBeNull();
    expect(session.images.size).toBe(2);
  });

  test('opens its data set again with one call', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    await bench.call('datasets.open', { path: other });
    await eventually(() => session.moved !== null);
    expect(await session.openDataset(folder)).toBe(true);
    expect(session.moved).toBeNull();
    expect(session.dataset?.path).toBe(folder);
  });

  test('turns to no other data set that tells of itself while it opens its own again', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    const info = await bench.call<DatasetInfo>('datasets.open', { path: other });
    await eventually(() => session.moved !== null);
    const asked: string[] = [];
    vi.spyOn(window.connection, 'bind').mockImplementation((id) => void asked.push(id ?? 'none'));
    const opened = session.openDataset(folder);
    // As the reading of the other one ends.
    bench.workbench.events.emit('datasets.changed', info);
    expect(await opened).toBe(true);
    vi.mocked(window.connection.bind).mockRestore();
    expect(asked).not.toContain(info.id);
    expect([session.dataset?.path, session.moved, session.toasts.list]).toEqual([folder, null, []]);
  });

  /** The answer to whoever opens a folder comes when the function that this gives is called. */
  function holdAnswerOf(folder: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { workbench } = bench;
    const dispatch = workbench.dispatch.bind(workbench);
    vi.spyOn(workbench, 'dispatch').mockImplementation(async (frame) => {
      const answer = await dispatch(frame);
      if (frame.method === 'datasets.open' && (frame.input as { path: string }).path === folder) await promise;
      return answer;
    });
    return resolve;
  }

  test('knows of the one that was opened elsewhere while its own could not be, whatever its own had still to tell', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    const own = session.dataset!;
    const answer = holdAnswerOf('/nowhere');
    const refused = session.openDataset('/nowhere');
    await bench.call('datasets.open', { path: other });
    // A mask that was saved as it was closed.
    bench.workbench.events.emit('datasets.changed', own);
    expect([session.moved, session.blocked]).toEqual([null, `${path.basename(other)} is being opened.`]);
    answer();
    expect(await refused).toBe(false);
    expect([session.dataset?.path, session.moved?.path]).toEqual([folder, other]);
    bench.workbench.events.emit('datasets.changed', own);
    expect(session.moved?.path).toBe(other);
  });

  test('has nothing changed in what it leaves until the one that it opens is there', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    const answer = holdAnswerOf(other);
    const opened = session.openDataset(other);
    await eventually(() => session.blocked !== null);
    expect([session.dataset?.path, session.moved, session.blocked]).toEqual([folder, null, `${path.basename(other)} is being opened.`]);
    answer();
    expect(await opened).toBe(true);
    expect([session.dataset?.path, session.blocked]).toEqual([other, null]);
  });

  test('turns to a data set that it opens itself', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    expect(await session.openDataset(other)).toBe(true);
    expect(session.dataset?.path).toBe(other);
    expect(session.images.size).toBe(2);
    expect(await session.openDataset('/nowhere')).toBe(false);
    expect(session.toasts.list.at(-1)?.text).toContain('/nowhere is not a folder');
    expect(session.dataset?.path).toBe(other);
  });

  test('is blocked while the connection is lost, and knows what happened meanwhile when it is back', async () => {
    window.reachable(false);
    window.breakOff();
    expect(session.link).toBe('lost');
    expect(session.blocked).toContain('does not answer');
    await bench.call('runs.addStarter');
    window.reachable(true);
    session.reconnect();
    await eventually(() => session.link === 'open' && session.runs.length === 1);
    expect(session.blocked).toBeNull();
  });

  test('stays with its image over a lost connection, also where that was chosen a moment before', async () => {
    session.select('train/train-2');
    window.breakOff();
    await eventually(() => session.link === 'open' && session.imagesLoaded);
    expect(session.imageId).toBe('train/train-2');
    expect(session.images.size).toBe(6);
  });

  test('says what keeps a mask from being saved also when its image has been left, and in a window that comes later', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    writeFileSync(maskFile(), readStoredMask(path.join(folder, 'trainannot/train-1.png')).file);
    dot(annotate.mask!, 20, 20, 7);
    await annotate.open('train/train-1');
    const told = (of: Session) => of.toasts.list.find(({ text }) => text.includes('train-0.png was changed by another program'));
    await eventually(() => told(session) !== undefined);
    const later = await openWindow(bench);
    await eventually(() => told(later.session) !== undefined);
    told(later.session)!.actions[0].run();
    // The choice ends what is told; the file follows.
    await eventually(() => told(session) === undefined && told(later.session) === undefined);
    await eventually(() => readStoredMask(maskFile()).values[20 * 64 + 20] === 7);
    later.connection.close();
    annotate.close();
  });

  test('shows a data set as it is when it is given back by another workbench', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const second = createBench();
    await second.call('datasets.open', { path: folder });
    await second.call('datasets.takeOver');
    await eventually(() => session.dataset?.heldBy !== null);
    await stroke(second, imageId, box(10, 10, 4, 4, 9));
    await second.call('edits.save', { imageId });
    await second.workbench.shutDown();
    // Another window of this workbench takes it back.
    await bench.call('datasets.takeOver');
    await eventually(() => session.dataset?.heldBy === null);
    await eventually(() => annotate.mask?.document.ids[10 * 64 + 10] === 9);
    annotate.close();
  });

  test('shows its data set as it is when that is opened again from another window', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    await bench.call('datasets.open', { path: await makeDataset({ train: 1, val: 1 }) });
    await eventually(() => session.moved !== null);
    await bench.call('datasets.open', { path: folder });
    await stroke(bench, imageId, box(10, 10, 4, 4, 9));
    await eventually(() => session.moved === null && annotate.mask?.document.ids[10 * 64 + 10] === 9);
    annotate.close();
  });

  test('keeps locked and hidden classes by data set, by name, over a reload', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    annotate.toggleLock(1);
    annotate.toggleHidden(2);
    await session.openDataset(await makeDataset({ train: 1, val: 1 }));
    await annotate.open('train/train-0');
    expect([annotate.lockedClasses.size, annotate.hiddenClasses.size]).toEqual([0, 0]);
    await session.openDataset(folder);
    annotate.close();
    const again = new AnnotateState(session);
    await again.open(imageId);
    expect([[...again.lockedClasses], [...again.hiddenClasses]]).toEqual([[1], [2]]);
    again.close();
  });

  test('keeps the class in hand and those that may be painted over by name, where the class set is another', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const names = session.dataset!.classes.map(({ name }) => name);
    annotate.hand.pick(8);
    annotate.hand.where = { on: 'classes', ids: [3, 5, 255] };
    annotate.rememberSettings();
    annotate.close();
    const classesNow = (kept: readonly string[]) => {
      session.dataset = { ...session.dataset!, classes: session.dataset!.classes.filter(({ name }) => kept.includes(name)) };
      return new AnnotateState(session);
    };
    const fewer = classesNow(names.filter((_, id) => id !== 2 && id !== 5));
    expect(session.dataset!.classes[fewer.hand.classId].name).toBe(names[8]);
    expect(fewer.hand.where).toEqual({ on: 'classes', ids: [2, 255] });
    fewer.rememberSettings();
    fewer.close();
    const without = classesNow(names.filter((_, id) => ![2, 3, 5, 8].includes(id)));
    expect([without.hand.classId, without.hand.where]).toEqual([0, { on: 'classes', ids: [255] }]);
    expect(session.toasts.list.map(({ text }) => text)).toContain(`${names[8]} is no class any more: ${names[0]} is in hand now.`);
    without.hand.where = { on: 'classes', ids: [] };
    without.toggleLock(0);
    without.rememberSettings();
    without.close();
    const again = new AnnotateState(session);
    expect([again.hand.where, [...again.lockedClasses]]).toEqual([{ on: 'classes', ids: [] }, [0]]);
    again.close();
    await session.openDataset(await makeDataset({ train: 1, val: 1 }));
    const elsewhere = new AnnotateState(session);
    expect([elsewhere.hand.classId, elsewhere.hand.where]).toEqual([0, { on: 'all' }]);
    elsewhere.close();
  });

  test('tells that the workbench is closing and what it waits for', async () => {
    await bench.call('training.start', { config: smallConfig({ epochs: 500 }), name: 'x' });
    const ending = bench.workbench.shutDown();
    await eventually(() => session.closing !== null);
    expect(session.closing).toContain('Saving a checkpoint');
    expect(session.blocked).toContain('closing');
    await ending;
  });

  test('keeps what it remembers readable, whatever was written there', async () => {
    expect(session.remembered('nothing', 7)).toBe(7);
    session.remember('place', { odd: true });
    expect(session.remembered('place', null)).toEqual({ odd: true });
    const { setUiState } = session.client.app;
    await setUiState({ key: 'broken', value: '{broken' });
    const other = await openWindow(bench);
    expect(other.session.remembered('broken', 7)).toBe(7);
    other.connection.close();
  });

  test('shows the end of the log', async () => {
    const told = async () => {
      const { file, lines } = await session.readLog();
      expect([file?.endsWith('workbench.log'), lines.join()]).toEqual([true, expect.stringContaining('the workbench begins')]);
    };
    await vi.waitFor(told, { timeout: 10_000 });
  });
});
