import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Precision } from '../../src/shared/training/precision.ts';
import type { Measurement } from './measure.ts';
import { peerPythons } from './peer-python.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const script = path.resolve(here, '../../../shared/peer/reference_step.py');
const bench = path.resolve(here, '../bench.ts');

/** Runs the peer's script as it is, under bfloat16 autocast. */
const underAutocast = [
  'import runpy, sys, torch',
  'sys.argv = sys.argv[1:]',
  "with torch.autocast('cpu', dtype=torch.bfloat16): runpy.run_path(sys.argv[0], run_name='__main__')",
].join('\n');

/** One of those measured, and what was. */
interface Contestant {
  name: string;
  program: string;
  args: string[];
  measured: Measurement[];
}

function measure({ name, program, args, measured }: Contestant): void {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1e7 });
  if (status !== 0) throw new Error(`${name} failed: ${stderr.trim().split('\n').at(-1)}`);
  measured.push(JSON.parse(stdout.trim().split('\n').at(-1)!) as Measurement);
}

const least = (values: number[]): number => Math.min(...values);
const gather = ({ name, measured }: Contestant) => ({
  name,
  cpu: least(measured.flatMap(({ cpu_s: cpu }) => cpu)),
  wall: least(measured.flatMap(({ wall_ms: wall }) => wall)),
  rss: least(measured.map(({ peak_rss_mb: rss }) => rss)),
});
const ratio = (x: number, y: number) => Number((x / y).toFixed(2));

function contestants(common: string[], mode: 'train' | 'predict'): { ours: Contestant[]; theirs: Contestant[] } {
  const ours = (['float32', 'bfloat16'] as const).map((precision: Precision) => ({
    name: `ours, ${precision}`,
    program: process.execPath,
    args: [bench, mode === 'train' ? 'step' : 'predict', '--preset', 'reference', '--precision', precision, ...common],
    measured: [],
  }));
  const theirs = peerPythons().flatMap(({ python, torch }) =>
    (['float32', 'bfloat16'] as const).flatMap((precision) =>
      [[], ['--nhwc']].map((format) => ({
        name: `PyTorch ${torch}, ${precision}${format.length > 0 ? ', channels last' : ''}`,
        program: python,
        args: [...(precision === 'float32' ? [script] : ['-c', underAutocast, script]), '--mode', mode, ...common, ...format],
        measured: [],
      })),
    ),
  );
  return { ours, theirs };
}

/**
 * Runs ours and the reference in PyTorch by turns: either precision, both memory formats, each PyTorch there is. Prints what each took, and
 * ours over the best of theirs.
 */
export function measurePeer({ batch, size, steps, rounds, mode }: PeerArguments): void {
  if (!existsSync(script)) throw new Error(`The peer's script is not there: ${script}`);
  const area = mode === 'train' ? ['--size', String(size)] : ['--height', '360', '--width', '480'];
  const { ours, theirs } = contestants(['--batch', String(batch), ...area, '--steps', String(steps)], mode);
  if (theirs.length === 0) throw new Error('No Python here has PyTorch (ENCNET_PEER_PYTHON names one that has)');
  for (let round = 0; round < rounds; round++) for (const each of [...ours, ...theirs]) measure(each);
  const [own, others] = [ours.map(gather), theirs.map(gather)];
  const best = {
    cpu: least(others.map(({ cpu }) => cpu)),
    wall: least(others.map(({ wall }) => wall)),
    rss: least(others.map(({ rss }) => rss)),
  };
  for (const each of [...own, ...others]) console.log(JSON.stringify(each));
  for (const { name, cpu, wall, rss } of own)
    console.log(
      JSON.stringify({
        name,
        over: 'the best of PyTorch',
        cpu: ratio(cpu, best.cpu),
        wall: ratio(wall, best.wall),
        rss: ratio(rss, best.rss),
      }),
    );
}

export interface PeerArguments {
  batch: number;
  size: number;
  steps: number;
  rounds: number;
  mode: 'train' | 'predict';
}
