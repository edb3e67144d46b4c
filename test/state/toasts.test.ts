// Messages: one for one cause, and the newest way back.
import { afterEach, expect, test, vi } from 'vitest';
import { Toasts } from '../../src/renderer/state/toasts.svelte.ts';

afterEach(() => void vi.useRealTimers());

test('what is shown already is not shown twice', () => {
  const toasts = new Toasts();
  toasts.show('error', 'The disk is full');
  toasts.show('error', 'The disk is full');
  expect(toasts.list).toHaveLength(1);
});

test('the way back of what was done last is the one that is offered, also in the same words', () => {
  const toasts = new Toasts();
  const [first, second] = [vi.fn(), vi.fn()];
  toasts.show('info', '1 mask done.', { label: 'Undo', run: first });
  toasts.show('info', '1 mask done.', { label: 'Undo', run: second });
  expect(toasts.list).toHaveLength(1);
  toasts.list[0].actions[0].run();
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
});

test('a message goes by itself, not while somebody is at the messages, and one that comes again has all its time', () => {
  vi.useFakeTimers();
  const toasts = new Toasts();
  toasts.show('info', 'Saved as a recipe.');
  toasts.show('info', 'Undone.', { label: 'Redo', run: () => undefined });
  toasts.show('error', 'The disk is full');
  const texts = () => toasts.list.map(({ text }) => text);
  vi.advanceTimersByTime(7000);
  toasts.show('info', 'Saved as a recipe.');
  vi.advanceTimersByTime(7000);
  expect(texts()).toHaveLength(3);
  toasts.hold(true);
  vi.advanceTimersByTime(600_000);
  expect(texts()).toHaveLength(3);
  toasts.hold(false);
  vi.advanceTimersByTime(1500);
  expect(texts()).toEqual(['Undone.', 'The disk is full']);
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['The disk is full']);
});
