// The short form of `npm run fuzz`: nearly sound files, made of real ones, and every input that has ever broken a reader.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { execute, makeInput, recipeArbitrary } from '../../scripts/fuzz/execute.ts';
import { foundOf } from '../../scripts/fuzz/found.ts';
import { targets } from '../../scripts/fuzz/targets.ts';

const runs = 150;
/** The same inputs each time: new ones are the long form's to try, whose finds come here. */
const seed = 20261126;

describe.each(targets.map((target) => ({ name: target.name, target })))('what reads $name', ({ name, target }) => {
  test('reads or refuses its own real files', async () => {
    for (const bytes of await target.seeds()) expect(await execute(target, bytes)).toBe(null);
  });

  test('reads or refuses whatever is made of them', async () => {
    const seeds = await target.seeds();
    await fc.assert(
      fc.asyncProperty(recipeArbitrary, async (recipe) => {
        expect(await execute(target, makeInput(target, seeds, recipe))).toBe(null);
      }),
      { numRuns: runs, seed },
    );
  });

  test('refuses what has broken it before', async () => {
    for (const { name: file, bytes } of foundOf(name)) expect(await execute(target, bytes), file).toBe(null);
  });
});
