import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/shared/random.ts';
import { findPreset } from '../../src/shared/training/presets.ts';
import type { RunConfig } from '../../src/shared/training/run-config.ts';
import type { PredictionProgress } from '../../src/shared/contract/review.ts';
import type { RunSummary } from '../../src/shared/contract/runs.ts';
import type { RateSearch, TrainingStatus } from '../../src/shared/contract/training.ts';
import { root, startWorkbench, type RunningWorkbench } from '../../test/helpers/workbench.ts';
import { HostClient } from './host-client.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

export interface JobsReport {
  rounds: number;
  /** How often each thing was done to a job. */
  deeds: Record<string, number>;
  /** Epochs that had been told and were gone afterwards. */
  lostEpochs: number;
  /** Jobs that were in no true state when all was over. */
  untrue: number;
  /** Times the device was not free afterwards. */
  stillBusy: number;
  /** Rounds beside which a second workbench had the folder open. */
  besides: number;
}

const ended = ['finished', 'stopped', 'failed', 'interrupted', 'paused'];

/** Waits until something is so, at most a minute. @returns whether it came */
async function until(passes: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(200)) if (await passes()) return true;
  return false;
}

/** The processes that a host has started. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      // The thread has ended meanwhile.
      return [];
    }
  });
}

function config(epochs: number, seed: number): RunConfig {
  const { config: tiny } = findPreset('tiny');
  const size: [number, number] = [48, 64];
  return { ...tiny, epochs, seed, batchSize: 4, evaluationSize: size, checkpointEvery: 1000, data: { ...tiny.data, size } };
}

/** Hosts on one folder, and what is done to their jobs. */
class JobsSoak {
  readonly report: JobsReport = { rounds: 0, deeds: {}, lostEpochs: 0, untrue: 0, stillBusy: 0, besides: 0 };
  private readonly folder: string;
  private readonly users: string[];
  private readonly disk: SmallDisk | null;
  private readonly random: Random;
  private host!: RunningWorkbench;
  private client!: HostClient;
  /** Epochs that each run was told to have. */
  private readonly told = new Map<string, number>();

  constructor(folder: string, disk: SmallDisk | null, random: Random) {
    this.folder = folder;
    this.disk = disk;
    this.random = random;
    this.users = [0, 1].map(() => mkdtempSync(path.join(os.tmpdir(), 'encnet-soak-user-')));
  }

  async start(): Promise<void> {
    this.host = await startWorkbench({ userData: this.users[0], data: this.folder });
    this.client = await HostClient.open(this.host.url);
    this.client.onEvent((name, payload: RunSummary) => {
      if (name === 'runs.changed') this.told.set(payload.id, Math.max(this.told.get(payload.id) ?? 0, payload.epochsDone));
    });
  }

  async end(): Promise<void> {
    this.client.close();
    await this.host.stop();
    for (const at of this.users) rmSync(at, { recursive: true, force: true });
  }

  private async restart(signal: NodeJS.Signals): Promise<void> {
    this.client.close();
    await this.host.stop(signal);
    await this.start();
  }

  private killTrainers(): void {
    for (const pid of childrenOf(this.host.process.pid!)) process.kill(pid, 'SIGKILL');
  }

  private status = () => this.client.call<TrainingStatus | null>('training.status');
  private idle = () => until(async () => !(await this.status())?.active);

  private async train(): Promise<RunSummary> {
    const run = await this.client.call<RunSummary>('training.start', {
      config: config(400, this.report.rounds),
      name: `round ${this.report.rounds}`,
    });
    // Sometimes while it starts, sometimes in the middle of an epoch.
    await pause(this.random.between(200, 5000));
    return run;
  }

  private readonly deeds: Record<string, () => Promise<void>> = {
    'train, kill the trainer': async () => {
      await this.train();
      this.killTrainers();
      await this.idle();
    },
    'train, kill the host': async () => {
      await this.train();
      await this.restart('SIGKILL');
    },
    'train, close the host': async () => {
      await this.train();
      await this.restart('SIGTERM');
    },
    'train, pause, close, resume, stop': async () => {
      const run = await this.train();
      await this.client.call('training.pause');
      const paused = await until(async () => ['paused', 'ended'].includes((await this.status())?.phase ?? 'ended'));
      await this.restart('SIGTERM');
      const { status } = await this.summary(run.id);
      if (!paused || status !== 'paused') this.complain(`a paused run is ${status} after a restart`);
      await this.client.call('training.resumeRun', { runId: run.id });
      await pause(this.random.between(500, 3000));
      await this.client.call('training.stop');
      await this.idle();
    },
    'predict, kill the trainer': async () => {
      await this.predict();
      this.killTrainers();
      await until(async () => (await this.progress())?.state !== 'running');
    },
    'predict, kill the host': async () => {
      await this.predict();
      await this.restart('SIGKILL');
    },
    'search, kill the trainer': async () => {
      await this.client.call('training.findRate', { config: config(1, 1) });
      await pause(this.random.between(100, 2500));
      this.killTrainers();
      const over = await until(async () => (await this.client.call<RateSearch | null>('training.rateSearch'))?.state !== 'running');
      if (!over) this.complain('a search whose trainer was killed goes on for ever');
    },
    'train, fill the disk': async () => {
      await this.train();
      this.disk!.fill();
      await pause(this.random.between(500, 4000));
      if (this.random.next() < 0.5) this.killTrainers();
      await pause(1500);
      this.disk!.empty();
      if ((await this.status())?.active) await this.client.call('training.stop').catch(() => undefined);
      await this.idle();
    },
  };

  private progress = () => this.client.call<PredictionProgress | null>('review.progress');

  private async predict(): Promise<void> {
    await this.client.call('runs.addStarter');
    await this.client.call('review.predict', { runId: 'starter', split: 'val' });
    await pause(this.random.between(50, 2500));
  }

  private summary = async (runId: string) =>
    (await this.client.call<RunSummary[]>('runs.list', { withDeleted: true })).find(({ id }) => id === runId)!;

  private complain(text: string): void {
    this.report.untrue++;
    console.error(`\nround ${this.report.rounds}: ${text}`);
  }

  async round(): Promise<void> {
    const names = Object.keys(this.deeds).filter((name) => this.disk || !name.includes('disk'));
    const name = names[this.random.integer(names.length)];
    this.report.deeds[name] = (this.report.deeds[name] ?? 0) + 1;
    const beside = this.random.next() < 0.4 ? await startWorkbench({ userData: this.users[1], data: this.folder }) : null;
    if (beside) this.report.besides++;
    await this.deeds[name]();
    await beside?.stop(this.random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    // A second workbench may have the folder now, if the first was killed beside it: a person takes it back.
    await this.client.call('datasets.takeOver');
    await this.check(name);
    this.report.rounds++;
  }

  /** What must hold when all is over. */
  private async check(name: string): Promise<void> {
    const settled = await until(async () => {
      const runs = await this.client.call<RunSummary[]>('runs.list', { withDeleted: true });
      return runs.every(({ status }) => ended.includes(status)) && !(await this.status())?.active;
    });
    const runs = await this.client.call<RunSummary[]>('runs.list', { withDeleted: true });
    if (!settled) this.complain(`after "${name}" there is ${runs.map((run) => `${run.name}: ${run.status}`).join(', ')}`);
    for (const { id, status, reason } of runs) if (status === 'failed' && !reason) this.complain(`${id} failed without a reason`);
    for (const [id, epochs] of this.told) this.report.lostEpochs += Math.max(0, epochs - (await this.summary(id)).epochsDone);
    try {
      await this.client.call('training.findRate', { config: config(1, 1) });
      await this.client.call('training.cancelFindRate');
      await until(async () => (await this.client.call<RateSearch | null>('training.rateSearch'))?.state !== 'running');
    } catch (error) {
      this.report.stillBusy++;
      console.error(`\nround ${this.report.rounds}, after "${name}": ${(error as Error).message}`);
    }
    for (const { id, deleted } of runs) if (!deleted && id !== 'starter') await this.client.call('runs.delete', { runId: id });
    for (const { id } of runs) this.told.delete(id);
    await this.client.call('runs.purgeDeleted');
  }
}

/**
 * Trains, predicts and searches, and kills, closes, pauses and starves what does it, sometimes with a second workbench beside: every job
 * must end in one true state, the device must be free and no epoch lost.
 * @param told called after each round
 */
export async function jobsSoak(options: { kills: number; seed: number }, told: (report: JobsReport) => void): Promise<JobsReport> {
  const disk = mountSmallDisk(60);
  if (!disk) console.error('No small file system can be mounted here: the disk is never full in this soak');
  const base = disk?.folder ?? mkdtempSync(path.join(os.tmpdir(), 'encnet-soak-'));
  const folder = path.join(base, 'data');
  for (const name of ['train', 'trainannot', 'val', 'valannot'])
    cpSync(path.join(root, 'resources/sample', name), path.join(folder, name), { recursive: true });
  const soak = new JobsSoak(folder, disk, Random.named('jobs soak', options.seed));
  await soak.start();
  try {
    while (soak.report.rounds < options.kills) {
      await soak.round();
      told(soak.report);
    }
  } finally {
    await soak.end();
    if (disk) disk.unmount();
    else rmSync(base, { recursive: true, force: true });
  }
  return soak.report;
}
