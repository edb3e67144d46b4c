import { mkdtempSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TrainerProcess, type TrainerHost } from '../../src/main/services/jobs/trainer-process.ts';
import { readCheckpoint } from '../../src/ml/weights/checkpoint.ts';
import { Random } from '../../src/shared/random.ts';
import type { TrainJob, TrainerEvent } from '../../src/shared/training/messages.ts';

export interface CrashReport {
  kills: number;
  /** Epochs that a checkpoint had and that were gone after a kill. */
  lostEpochs: number;
  /** Checkpoints that could not be read after a kill. */
  corruptFiles: number;
  /** Temporary files that kills left behind; they hurt nothing and are told for completeness. */
  leftovers: number;
  /** Whether the run ended with the weights and the curve of one that was never killed, to the last bit. */
  identical: boolean;
}

/** What a run learnt, without the times, which are each run's own. */
function outcome(folder: string): string {
  const { model, training, optimizer, state } = readCheckpoint(path.join(folder, 'last.ckpt'));
  const curve = state.history.map(({ timeSeconds: _t, epochSeconds: _e, ...rest }) => rest);
  const tensors = [...model, ...training, ...optimizer].map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  ]);
  return JSON.stringify([curve, tensors]);
}

/** Runs a trainer until it ends, or until `kill` says so. */
async function runTrainer(host: TrainerHost, job: TrainJob, kill: (event: TrainerEvent, now: () => void) => void): Promise<boolean> {
  let finished = false;
  const trainer: TrainerProcess = new TrainerProcess(host, job, (event) => {
    if (event.type === 'done') finished = true;
    kill(event, () => trainer.kill());
  });
  await trainer.ended;
  return finished;
}

/** Checks what a kill left: every checkpoint whole, and no fewer epochs than were known. */
function inspect(folder: string, report: CrashReport, known: number): number {
  let epochs = 0;
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.tmp')) report.leftovers++;
    if (!name.endsWith('.ckpt') || name.startsWith('.')) continue;
    try {
      const { state } = readCheckpoint(path.join(folder, name));
      if (name === 'last.ckpt') epochs = state.epoch;
    } catch {
      report.corruptFiles++;
    }
  }
  report.lostEpochs += Math.max(0, known - epochs);
  return epochs;
}

/**
 * Kills a trainer with SIGKILL at random moments and resumes it, again and again, then lets it finish and compares it with
 * a run that was never killed.
 * @param job of a short epoch and many of them
 * @param report called after each kill
 */
export async function crashRun(
  host: TrainerHost,
  job: Omit<TrainJob, 'outDir' | 'resumeFrom'>,
  kills: number,
  seed: number,
  progress: (report: CrashReport) => void = () => undefined,
): Promise<CrashReport> {
  const [straight, folder] = ['straight', 'killed'].map((name) => mkdtempSync(path.join(os.tmpdir(), `encnet-crash-${name}-`)));
  await runTrainer(host, { ...job, outDir: straight, resumeFrom: null }, () => undefined);
  const random = Random.named('kills', seed);
  const report: CrashReport = { kills: 0, lostEpochs: 0, corruptFiles: 0, leftovers: 0, identical: false };
  const last = path.join(folder, 'last.ckpt');
  let known = 0;
  for (let finished = false; !finished;) {
    const target = report.kills < kills ? 1 + random.integer(14) : Infinity;
    const delayMs = random.integer(30);
    let events = 0;
    finished = await runTrainer(host, { ...job, outDir: folder, resumeFrom: known > 0 ? last : null }, (event, now) => {
      if (event.type === 'epoch') known = Math.max(known, event.metrics.epoch);
      if (event.type !== 'ready' && ++events === target) setTimeout(now, delayMs);
    });
    if (finished) break;
    report.kills++;
    known = inspect(folder, report, known);
    progress(report);
  }
  report.identical = outcome(folder) === outcome(straight);
  return report;
}
