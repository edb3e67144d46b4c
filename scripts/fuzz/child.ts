// Fuzzes one target for a while: node child.ts TARGET SECONDS SEED FILE. What it is about to try stands in FILE, for whoever finds it dead.
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { Coverage } from './coverage.ts';
import { execute, makeInput, recipeArbitrary } from './execute.ts';
import { foundOf, keepFound } from './found.ts';
import { targets } from './targets.ts';

const [, , name, seconds, seed, lastFile] = process.argv;
const target = targets.find((each) => each.name === name)!;
const batch = 50;
const mostSeeds = 2000;
/** The same fault is found many times: each is kept once. */
const mostFinds = 20;

const seeds = [...(await target.seeds()), ...foundOf(name).map(({ bytes }) => bytes)];
const coverage = new Coverage(target.covers);
await coverage.start();
const faults = new Map<string, string>();
let executions = 0;

/** A fault by where it was thrown, so that one fault is one. */
const faultKey = (why: string): string => why.split('\n').slice(0, 3).join('\n').replace(/\d+/g, '#');

async function attempt(bytes: Buffer): Promise<void> {
  writeFileSync(lastFile, bytes);
  executions++;
  const why = await execute(target, bytes);
  if (why === null || faults.has(faultKey(why)) || faults.size >= mostFinds) return;
  faults.set(faultKey(why), why);
  process.stderr.write(`\n${name}: ${keepFound(name, bytes)}\n${why.split('\n').slice(0, 6).join('\n')}\n`);
}

for (const bytes of seeds) await attempt(bytes);
await coverage.advanced();
const end = performance.now() + Number(seconds) * 1000;
for (let round = Number(seed) * 1_000_003; performance.now() < end; round++) {
  const inputs = fc.sample(recipeArbitrary, { seed: round, numRuns: batch }).map((recipe) => makeInput(target, seeds, recipe));
  for (const bytes of inputs) if (performance.now() < end) await attempt(bytes);
  // What has led somewhere new is worth changing further.
  if ((await coverage.advanced()) && seeds.length < mostSeeds) seeds.push(...inputs.filter(({ length }) => length < 200_000).slice(-8));
}
const { run, known } = coverage.seen;
coverage.close();
console.log(JSON.stringify({ target: name, executions, blocks: run, ofBlocks: known, seeds: seeds.length, finds: faults.size }));
