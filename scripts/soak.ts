// Long tests of what must never break.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { findPreset } from '../src/shared/training/presets.ts';
import type { ConnectionsReport } from './soak/bad-clients.ts';
import { convShapes, convSweep } from './soak/conv-shapes.ts';
import { crashRun } from './soak/crash.ts';
import { editorSoak } from './soak/editor.ts';
import { hostileSoak } from './soak/hostile.ts';
import { jobsSoak } from './soak/jobs.ts';
import { jobData } from '../test/helpers/job-data.ts';

type ConnectionsSoak = (seconds: number, rounds: number, onKind: (kind: string) => void) => Promise<ConnectionsReport>;

/** What a display of 60 Hz shows a picture for. */
const frameMs = 16.7;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const host = { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath };

async function crash({ kills, seed }: { kills: number; seed: number }): Promise<void> {
  const folder = path.join(root, 'resources/sample');
  const { config } = findPreset('tiny');
  const job = {
    kind: 'train' as const,
    ...jobData(folder, { train: 8, val: 2 }),
    initialWeights: null,
    config: {
      ...config,
      epochs: kills,
      batchSize: 4,
      emaDecay: 0.9,
      data: { ...config.data, size: [48, 64] as [number, number] },
      evaluationSize: [48, 64] as [number, number],
    },
  };
  const report = await crashRun(host, job, kills, seed, ({ kills: done }) => process.stderr.write(`\rkill ${done} of ${kills}   `));
  console.log(`\n${JSON.stringify(report)}`);
  if (report.lostEpochs + report.corruptFiles > 0 || !report.identical) process.exitCode = 1;
}

const program = new Command().name('npm run soak --');
program
  .command('crash')
  .description('Kill the trainer at random moments and count lost epochs and corrupt files.')
  .option('--kills <n>', 'kills', Number, 50)
  .option('--seed <n>', 'seed of the moments', Number, 1)
  .action(crash);
program
  .command('convolutions')
  .description('Run convolutions of every small shape with their gradients, each in a process of its own, and tell which end it.')
  .option('--channels <n>', 'most channels', Number, 16)
  .option('--batch <n>', 'most images a step', Number, 8)
  .option('--kernels', "TensorFlow's own kernels, as they are")
  .action(async ({ channels, batch, kernels = false }: { channels: number; batch: number; kernels?: boolean }) => {
    const shapes = convShapes(channels, batch);
    const tell = (done: number) => process.stderr.write(`\r${done} of ${shapes.length}   `);
    const report = await convSweep(shapes, kernels ? 'kernels' : 'own', tell);
    console.log(`\n${JSON.stringify(report)}`);
    if (report.died.length > 0) process.exitCode = 1;
  });
program
  .command('editor')
  .description('Kill the host at random moments while masks are painted, and count what is lost.')
  .option('--kills <n>', 'kills', Number, 200)
  .option('--seed <n>', 'seed of the moments', Number, 1)
  .option('--full-disk', 'on a small disk that fills and empties again')
  .action(async ({ kills, seed, fullDisk = false }: { kills: number; seed: number; fullDisk?: boolean }) => {
    const report = await editorSoak({ kills, seed, fullDisk }, ({ kills: done }) => process.stderr.write(`\rkill ${done} of ${kills}   `));
    console.log(`\n${JSON.stringify(report)}`);
    if (report.lost + report.corruptFiles + report.leftovers + report.setAside > 0) process.exitCode = 1;
  });
program
  .command('jobs')
  .description('Kill, close, pause and starve what trains, predicts and searches, and count what does not end as it should.')
  .option('--kills <n>', 'rounds', Number, 50)
  .option('--seed <n>', 'seed of the moments', Number, 1)
  .action(async (options: { kills: number; seed: number }) => {
    const report = await jobsSoak(options, ({ rounds }) => process.stderr.write(`\rround ${rounds} of ${options.kills}   `));
    console.log(`\n${JSON.stringify(report)}`);
    if (report.lostEpochs + report.untrue + report.stillBusy > 0) process.exitCode = 1;
  });
program
  .command('connections')
  .description('Open every bad kind of connection beside a tab in which somebody paints, and measure what that costs.')
  .option('--seconds <n>', 'for all kinds together', Number, 120)
  .option('--rounds <n>', 'how often', Number, 1)
  .action(async ({ seconds, rounds }: { seconds: number; rounds: number }) => {
    // Typed with the page's libraries, which nothing else here may see.
    const file = './soak/connections.ts';
    const { connectionsSoak } = (await import(file)) as { connectionsSoak: ConnectionsSoak };
    const report = await connectionsSoak(seconds, rounds, (kind) => process.stderr.write(`${kind}\n`));
    console.log(JSON.stringify(report));
    const slowest = Math.max(...Object.values(report.pointerToPixel));
    if (report.deaths > 0 || report.saved !== report.painted || slowest > frameMs) process.exitCode = 1;
  });
program
  .command('hostile')
  .description('Open data sets and weight files that were made to harm, and count what dies, hangs, leaks or is told badly.')
  .option('--sentences', 'print what a person reads of each')
  .action(async ({ sentences = false }: { sentences?: boolean }) => {
    const { sentences: told, ...report } = await hostileSoak((name) => process.stderr.write(`${name}\n`));
    if (sentences) for (const [name, text] of Object.entries(told)) console.log(`${name}\t${text}`);
    console.log(JSON.stringify(report));
    const bad = report.deaths + report.hangs.length + report.internal.length + (report.outside?.length ?? 0) + report.canariesChanged;
    if (bad > 0 || report.cases < 200 || Math.max(...Object.values(report.peakMb)) > 1000) process.exitCode = 1;
  });
await program.parseAsync();
