import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { linesOf } from '#files/text-lines';
import { temporaryFolder } from '../helpers/dataset.ts';

const read = (text: string, most = 10) => {
  const file = path.join(temporaryFolder(), 'list.txt');
  writeFileSync(file, text);
  return linesOf(file, { most, longest: 100 });
};

test.each([
  ['a\nb', ['a', 'b']],
  ['a\r\n\r\nb\r\n', ['a', '', 'b', '']],
  ['a\rb\n', ['a', 'b', '']],
  ['\ufeffa', ['a']],
  ['', ['']],
])('lines end in any way, and keep their numbers: %j', (text, lines) => expect(read(text)).toEqual(lines));

test('a line that is longer than any of a list is refused by its number', () => {
  expect(read(`a\n${'x'.repeat(100)}`)).toHaveLength(2);
  expect(() => read(`a\n${'x'.repeat(101)}\nb`)).toThrow('line 2 has more than 100 letters');
});

test('a list of more lines than any is refused', () => {
  expect(() => read('x\n'.repeat(11))).toThrow('has more than 10 lines');
});
