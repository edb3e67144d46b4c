// Which runs are looked at and ticked: nothing is deleted that a person has not ticked.
import { expect, test } from 'vitest';
import { RunChoice } from '../../src/renderer/features/runs/run-choice.svelte.ts';

let listed = ['newest', 'b', 'c', 'd'];

test('what is looked at is not ticked, and what is ticked goes before it', () => {
  const choice = new RunChoice(() => listed);
  expect([choice.chosen, choice.ticked]).toEqual([['newest'], []]);
  choice.tick('b');
  choice.tick('d');
  expect(choice.chosen).toEqual(['b', 'd']);
  choice.tick('b');
  choice.tick('d');
  expect(choice.chosen).toEqual(['newest']);
  choice.tick('b');
  choice.look('c');
  expect([choice.chosen, choice.ticked]).toEqual([['c'], []]);
});

test('after a deletion the one beside it is looked at', () => {
  listed = ['newest', 'b', 'c', 'd'];
  const choice = new RunChoice(() => listed);
  choice.tick('b');
  choice.tick('c');
  listed = ['newest', 'd'];
  choice.leave(['b', 'c'], ['newest', 'b', 'c', 'd']);
  expect([choice.chosen, choice.ticked]).toEqual([['d'], []]);
  choice.look('d');
  listed = ['newest'];
  choice.leave(['d'], ['newest', 'd']);
  expect(choice.chosen).toEqual(['newest']);
});

test('what is looked at without a choice stays so while others come before it', () => {
  listed = [];
  const choice = new RunChoice(() => listed);
  choice.hold();
  expect(choice.chosen).toEqual([]);
  listed = ['b', 'c'];
  choice.hold();
  listed = ['queued', 'b', 'c'];
  choice.hold();
  expect(choice.chosen).toEqual(['b']);
});

test('what the list does not show is not chosen', () => {
  const all = { listed: ['newest', 'b', 'c'] };
  const choice = new RunChoice(() => all.listed);
  choice.tick('b');
  choice.tick('c');
  all.listed = ['c', 'gone'];
  expect(choice.chosen).toEqual(['c']);
  all.listed = ['gone'];
  expect(choice.chosen).toEqual(['gone']);
});
