import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './measure.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const script = path.resolve(here, '../../../shared/peer/reference_step.py');
const bench = path.resolve(here, '../bench.ts');

function run(program: string, args: string[]): Measurement {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1e7 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measurement;
}

/** A Python that has PyTorch, or null. */
function findTorch(): string | null {
  return ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0) ?? null;
}

const best = (values: number[]): number => Math.min(...values);
const gather = (all: Measurement[]) => ({
  wall: best(all.flatMap(({ wall_ms: wall }) => wall)),
  cpu: best(all.flatMap(({ cpu_s: cpu }) => cpu)),
  rss: Math.min(...all.map(({ peak_rss_mb: rss }) => rss)),
});

/** Runs ours and the reference by turns, A B A B, and prints the ratios; the reference in the better of its two memory formats. */
export function measurePeer({ batch, size, steps }: { batch: number; size: number; steps: number }): void {
  const python = findTorch();
  if (!python || !existsSync(script)) {
    console.error(
      'The peer needs PyTorch (Debian: apt-get install python3-torch) and ../shared/peer/reference_step.py; one of them is missing here.',
    );
    process.exitCode = 1;
    return;
  }
  const common = ['--batch', String(batch), '--size', String(size), '--steps', String(steps)];
  const [ours, once, twice]: [Measurement[], Measurement[], Measurement[]] = [[], [], []];
  for (let turn = 0; turn < 2; turn++) {
    ours.push(run(process.execPath, [bench, 'step', '--preset', 'reference', ...common]));
    once.push(run(python, [script, ...common, ...(turn === 1 ? ['--nhwc'] : [])]));
    twice.push(run(python, [script, ...common, '--twice', ...(turn === 1 ? ['--nhwc'] : [])]));
  }
  const [a, b, c] = [gather(ours), gather(once), gather(twice)];
  const ratio = (x: number, y: number) => Number((x / y).toFixed(2));
  console.log(
    JSON.stringify({
      ours: a,
      pytorch: b,
      pytorch_twice: c,
      cpu_ratio: ratio(a.cpu, b.cpu),
      wall_ratio: ratio(a.wall, b.wall),
      memory_ratio: ratio(a.rss, b.rss),
      wall_ratio_to_twice: ratio(a.wall, c.wall),
    }),
  );
}
