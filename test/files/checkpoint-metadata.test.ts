// What a checkpoint says of its run: read, or refused by what is wrong with it.
import { expect, test } from 'vitest';
import { configIn } from '#files/checkpoint-metadata';
import { findPreset } from '#shared/training/presets';

const { config } = findPreset('light');
const configOf = (value: unknown) => configIn('last.ckpt', { config: JSON.stringify(value) });

test('settings are read as they were written', () => {
  expect(configOf(config)).toEqual(config);
});

test.each([
  ['at the top', { ...config, newKey: 1 }],
  ['inside', { ...config, data: { ...config.data, newKey: 1 } }],
])('a setting that nobody knows here, %s, is a later workbench’s and no damage', (_, value) => {
  expect(() => configOf(value)).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message: expect.stringMatching(
        /^last\.ckpt was written by a later workbench: update this one to read it \(.*"newKey", which nothing reads\)$/,
      ) as string,
    }),
  );
});

test('a setting that breaks its rule, or text that is none, is damage', () => {
  expect(() => configOf({ ...config, epochs: -1 })).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  expect(() => configIn('last.ckpt', { config: '{"epo' })).toThrow(/is not a whole checkpoint: its config cannot be read/);
});
