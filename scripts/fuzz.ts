// npm run fuzz [-- --minutes 10] [-- --target NAME] [-- --seed N]: changes real files until a reader breaks its rule.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { keepFound } from './fuzz/found.ts';
import { targets } from './fuzz/targets.ts';

interface Report {
  target: string;
  executions: number;
  blocks: number;
  ofBlocks: number;
  seeds: number;
  finds: number;
}

/** A child that says nothing for so long after its time hangs: a machine that does other things besides may take long to begin. */
const graceMs = 90_000;
const mostMemoryMb = 1500;

/** Fuzzes one target in a process of its own: one that hangs, or fills the memory, is a find as well. */
async function fuzzOne(name: string, seconds: number, seed: number): Promise<Report> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-fuzz-run-'));
  const lastFile = path.join(folder, 'last');
  const entry = path.join(import.meta.dirname, 'fuzz/child.ts');
  const child = spawn(process.execPath, [`--max-old-space-size=${mostMemoryMb}`, entry, name, String(seconds), String(seed), lastFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const hanging = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + graceMs);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(hanging);
  try {
    if (code === 0) return JSON.parse(said.trim().split('\n').at(-1)!) as Report;
    const file = keepFound(name, readFileSync(lastFile));
    process.stderr.write(`${name}: the process ended with ${code ?? 'a signal'} on ${file}\n`);
    return { target: name, executions: 0, blocks: 0, ofBlocks: 0, seeds: 0, finds: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const options = new Command()
  .option('--minutes <n>', 'how long, for all targets together', Number, 10)
  .option('--target <name>', 'one target alone')
  .option('--seed <n>', 'where the changes begin', Number, 1)
  .parse()
  .opts<{ minutes: number; target?: string; seed: number }>();
const wanted = targets.filter(({ name }) => options.target === undefined || name === options.target);
if (wanted.length === 0) throw new Error(`There is no target "${options.target}": there are ${targets.map(({ name }) => name).join(', ')}`);
const together = Math.max(1, Math.min(wanted.length, os.availableParallelism()));
const seconds = (options.minutes * 60 * together) / wanted.length;
const waiting = [...wanted];
const reports: Report[] = [];
const begin = performance.now();
await Promise.all(
  Array.from({ length: together }, async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) {
      const report = await fuzzOne(target.name, seconds, options.seed);
      reports.push(report);
      process.stderr.write(`${report.target}: ${report.executions} executions, ${report.blocks} of ${report.ofBlocks} blocks\n`);
    }
  }),
);
const total = (of: keyof Omit<Report, 'target'>) => reports.reduce((sum, report) => sum + report[of], 0);
console.log(
  JSON.stringify({
    minutes: Number(((performance.now() - begin) / 60_000).toFixed(1)),
    executions: total('executions'),
    coverage: Number((total('blocks') / total('ofBlocks')).toFixed(3)),
    finds: total('finds'),
    targets: reports,
  }),
);
if (total('finds') > 0) process.exitCode = 1;
