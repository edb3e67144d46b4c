// Messages: one for one cause, and the newest way back.
import { expect, test, vi } from 'vitest';
import { Toasts } from '../../src/renderer/state/toasts.svelte.ts';

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
