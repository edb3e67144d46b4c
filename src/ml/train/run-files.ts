import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isTemporary, writeAtomic } from '#files/atomic-write';
import { readRunOrigin, readRunSamples, writeRunOrigin, writeRunSamples } from '#files/run-folder';
import type { Sample } from '#shared/data/sample';
import type { OriginSession, RunOrigin } from '#shared/training/run-origin';
import type { TrainJob, TrainerEvent } from '#shared/training/messages';
import { toCsv } from '#shared/csv';
import { metricsTable } from '#shared/training/metrics-table';
import { AppError } from '#shared/errors';
import type { RunState } from '#files/checkpoint-metadata';
import { writeCheckpoint, type Checkpoint } from '../weights/checkpoint.ts';
import { firstNotFinite } from '../weights/raw-tensor.ts';
import type { RunModel } from './run-model.ts';

type Role = Extract<TrainerEvent, { type: 'checkpoint' }>['role'];

/** A network that can predict nothing is not written over one that could. @throws AppError 'trainer-failed' */
function assertSound(file: string, { model, training }: Pick<Checkpoint, 'model' | 'training'>): void {
  const found = firstNotFinite(model) ?? firstNotFinite(training);
  if (!found) return;
  throw new AppError(
    'trainer-failed',
    `${found.name} of the network became ${found.value}, and ${path.basename(file)} is left as it was before. ` +
      'A smaller learning rate, a warm-up or gradient clipping may help.',
  );
}

/** The files of a run: its settings, its table of epochs and its checkpoints, each written whole or not at all. */
export class RunFiles {
  private readonly job: TrainJob;
  private configWritten = false;

  constructor(job: TrainJob) {
    this.job = job;
  }

  private write(name: string, content: string): void {
    writeAtomic(path.join(this.job.outDir, name), content);
  }

  /** Removes what a kill left half written. */
  clearLeftovers(): void {
    const { outDir } = this.job;
    if (existsSync(outDir)) for (const name of readdirSync(outDir)) if (isTemporary(name)) rmSync(path.join(outDir, name), { force: true });
  }

  /** Writes the settings, once a session: only when something has been made by them. */
  writeConfig(): void {
    if (this.configWritten) return;
    this.write('config.json', `${JSON.stringify(this.job.config, null, 2)}\n`);
    this.configWritten = true;
  }

  /** Whether it is kept which images and masks the run trains on. */
  get hasSamples(): boolean {
    return readRunSamples(this.job.outDir) !== null;
  }

  /** Keeps which images and masks the run trains on: those whose revision is known. */
  writeSamples(train: readonly Sample[], validation: readonly Sample[]): void {
    const references = (samples: readonly Sample[]) => samples.flatMap(({ id, revision }) => (revision ? [{ id, revision }] : []));
    const kept = { train: references(train), validation: references(validation) };
    if (kept.train.length > 0 && kept.validation.length > 0) writeRunSamples(this.job.outDir, kept);
  }

  /**
   * Keeps where the run comes from: the first session that knows says so, and each one adds itself. Of a run that did not keep it from
   * the start it stays unknown.
   * @param first what is not kept yet; null where it was written before
   * @throws AppError 'corrupt-file' if what was kept cannot be read
   */
  writeOrigin(first: Omit<RunOrigin, 'sessions'> | null, session: OriginSession): void {
    const { outDir, resumeFrom } = this.job;
    // What another run may have left in the folder is not this one's.
    const kept = (resumeFrom ? readRunOrigin(outDir) : null) ?? (first && { ...first, sessions: [] });
    if (kept) writeRunOrigin(outDir, { ...kept, sessions: [...kept.sessions, session] });
  }

  writeMetrics({ history }: RunState): void {
    this.write('metrics.csv', toCsv(metricsTable(history, this.job.classes, 'command-line')));
  }

  /**
   * Writes a checkpoint. `last` holds all that a resume needs; the others only predict, and are a third as large.
   * @throws AppError 'disk-full'; the checkpoint of before is then still whole
   */
  save(role: Role, model: RunModel, state: RunState): Extract<TrainerEvent, { type: 'checkpoint' }> {
    const { epoch } = state;
    const file = path.join(this.job.outDir, role === 'epoch' ? `epoch-${String(epoch).padStart(4, '0')}.ckpt` : `${role}.ckpt`);
    const { updates, ...tensors } = model.toTensors();
    assertSound(file, tensors);
    const { config, classes } = this.job;
    const checkpoint: Checkpoint = { config, classes, state: { ...state, optimizerUpdates: updates }, ...tensors };
    const sha256 = writeCheckpoint(file, role === 'last' ? checkpoint : { ...checkpoint, training: new Map(), optimizer: new Map() });
    return { type: 'checkpoint', file, role, epoch, sha256 };
  }
}
