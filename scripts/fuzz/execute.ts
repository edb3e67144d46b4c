import fc from 'fast-check';
import { AppError } from '../../src/shared/errors.ts';
import { mutate, mutation } from './mutate.ts';
import type { Target } from './target.ts';

/** Nothing that is read may take longer. */
const longestMs = 3000;

/** An input as it is made: a seed, what is changed of it, and whether its check sums are put right. */
const recipe = fc.record({
  seed: fc.nat(),
  other: fc.nat(),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 6 }),
  repaired: fc.boolean(),
  byGrammar: fc.boolean(),
});

export type Recipe = typeof recipe extends fc.Arbitrary<infer T> ? T : never;
export const recipeArbitrary = recipe;

export function makeInput(target: Target, seeds: readonly Buffer[], { seed, other, mutations, repaired, byGrammar }: Recipe): Buffer {
  const donor = seeds[other % seeds.length];
  const begin = seeds[seed % seeds.length];
  const { grammar } = target;
  // Half of all inputs keep the format's grammar, so that they come further than its parser.
  const bytes = mutations.reduce((changed, each) => (byGrammar && grammar ? grammar(changed, each) : mutate(changed, each, donor)), begin);
  return repaired && target.repair ? target.repair(bytes) : bytes;
}

/** Runs a target. @returns what was found, in words; null if it kept the rule */
export async function execute(target: Target, bytes: Buffer): Promise<string | null> {
  const begin = performance.now();
  try {
    await target.run(bytes);
  } catch (error) {
    if (!(error instanceof AppError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (error.code === 'internal') return `an internal error: ${error.message}`;
  }
  const ms = performance.now() - begin;
  return ms > longestMs ? `it took ${Math.round(ms)} ms` : null;
}
