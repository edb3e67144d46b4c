// What a person types as an option: read as meant, or refused with the rule and the value.
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { integer, positive, scales, setting, size } from '../../src/main/cli/options.ts';

const refused = (work: () => unknown, words: string) => {
  expect(work).toThrow(InvalidArgumentError);
  expect(work).toThrow(words);
};

describe('an option', () => {
  test('of a whole number has its lowest value', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), (value) => void expect(integer(1)(String(value))).toBe(value)));
    for (const text of ['0', '-1', '1.5', 'ten', '1e400', 'NaN', '1,5']) {
      refused(() => integer(1)(text), `must be a whole number of at least 1, received "${text}".`);
    }
    expect(integer(0)('0')).toBe(0);
  });

  test('of a rate is above 0', () => {
    expect(positive('1e-4')).toBe(1e-4);
    for (const text of ['0', '-0.1', 'fast', 'Infinity', 'NaN', '']) refused(() => positive(text), `received "${text}".`);
    expect(scales('0.5,1,1.75')).toEqual([0.5, 1, 1.75]);
    for (const text of ['1,,2', '1,0', '40', '0.1', '1,1,1,1,1,1,1,1,1']) refused(() => scales(text), `received "${text}".`);
  });

  test('of a size is height x width', () => {
    expect(size('176x240')).toEqual([176, 240]);
    expect(size('176X240')).toEqual([176, 240]);
    for (const text of ['176', '176x', 'x240', '176*240', '176 x 240', '-1x5', '1.5x2']) {
      refused(() => size(text), `must be HEIGHTxWIDTH such as 176x240, received "${text}".`);
    }
  });

  test('of a setting is a key and a value, of whatever type it is', () => {
    const read = (...texts: string[]) => texts.reduce<[string, unknown][]>((list, text) => setting(text, list), []);
    expect(read('optimizer.momentum=0.9', 'optimizer.kind=sgd', 'loss.ohem=true', 'data.size=[96,128]', 'evaluationSize=null')).toEqual([
      ['optimizer.momentum', 0.9],
      ['optimizer.kind', 'sgd'],
      ['loss.ohem', true],
      ['data.size', [96, 128]],
      ['evaluationSize', null],
    ]);
    expect(read('a=b=c', 'a=')).toEqual([
      ['a', 'b=c'],
      ['a', ''],
    ]);
    for (const text of ['momentum', '=3', '']) refused(() => setting(text, []), `must be key=value, received "${text}".`);
  });

  test('of settings keeps what came before', () => {
    const first = setting('a=1', []);
    expect(setting('b=2', first)).toEqual([...first, ['b', 2]]);
    expect(first).toEqual([['a', 1]]);
  });
});
