import path from 'node:path';
import { z } from 'zod';
import { readJsonFile } from '#files/json-file';
import { readRunOrigin } from '#files/run-folder';
import type { Services } from '#shared/contract/index';
import type { DiskUse, MasksSince, RunDetail, RunSummary } from '#shared/contract/runs';
import { AppError, messageOf } from '#shared/errors';
import { Confusion } from '#shared/metrics/confusion';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Emitter } from '../events.ts';
import { trainingProtocol } from '../review/protocol.ts';
import { folderBytes } from '#files/files-below';
import { rowidOf } from '../parsed-row.ts';
import type { RunStore } from './run-store.ts';
import { isStarter, starterId } from '#shared/training/start-weights';
import { anyStarter, findStarter, installStarter } from './starter.ts';

/** Its predictions are numbered. */
export const stripFilePattern = /^\d{1,6}\.png$/;

export const stripSchema = z.object({
  epoch: z.int().min(0),
  images: z
    .array(z.object({ imageId: z.string().max(1024), file: z.string().regex(stripFilePattern) }))
    .max(1000)
    // The folder may have come from elsewhere: one image is there once.
    .transform((images) => [...new Map(images.map((image) => [image.imageId, image])).values()]),
});

/** Which predictions of the validation strip are there. A strip that cannot be read is no reason to hide the run. */
function readStrip(folder: string): RunDetail['strip'] {
  try {
    return readJsonFile(path.join(folder, 'strip/strip.json'), stripSchema, 'the pictures of a strip');
  } catch {
    // Not written yet, or damaged: the run is shown without it.
    return null;
  }
}

/** Where a run comes from. A file that cannot be read is no reason to hide the run, and is told. */
function originIn(folder: string): Pick<RunDetail, 'origin' | 'originProblem'> {
  try {
    return { origin: readRunOrigin(folder), originProblem: null };
  } catch (error) {
    return { origin: null, originProblem: messageOf(error) };
  }
}

interface RunServiceOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  store: RunStore;
  events: Emitter;
  /** The run that may not be deleted because it is going on. */
  activeRunId: () => string | null;
  /** The run that a split is being predicted with. */
  predictedRunId: () => string | null;
}

/** The run history of a data set. */
export class RunService {
  readonly store: RunStore;
  private readonly options: RunServiceOptions;

  constructor(options: RunServiceOptions) {
    this.options = options;
    this.store = options.store;
  }

  /** @param stepsAfter only steps after this one are read; none beyond the last */
  async detail(runId: string, stepsAfter = 0): Promise<RunDetail> {
    const { store } = this;
    const row = store.row(runId);
    const config = store.config(runId);
    const diskBytes = await folderBytes(store.folder(runId));
    return {
      summary: store.summary(runId),
      config,
      classes: store.classes(runId),
      protocol: trainingProtocol(config, store.classes(runId).length),
      ownProtocol: isStarter(runId) ? this.starterProtocol(runId) : null,
      seed: row.seed,
      codeVersion: row.code_version,
      datasetFingerprint: row.dataset_fingerprint,
      ...originIn(store.folder(runId)),
      folder: store.folder(runId),
      epochs: store.metrics.epochs(runId),
      steps: store.metrics.steps(runId, stepsAfter),
      checkpoints: store.checkpoints.list(runId),
      masks: this.masksSince(runId),
      diskBytes,
      workSeconds: row.work_seconds,
      strip: readStrip(store.folder(runId)),
    };
  }

  /** What the starter's card says of its measuring; null of weights that came with an earlier workbench, whose card is not here. */
  private starterProtocol(runId: string): string | null {
    const starter = anyStarter();
    return starter && this.store.checkpoints.list(runId).some(({ sha256 }) => sha256 === starter.sha256) ? starter.protocol : null;
  }

  private masksSince(runId: string): MasksSince {
    const read = this.store.masksRead(runId);
    const { gone, unsure } = this.options.dataset.standing(read.map(({ id }) => id));
    const away = new Set(gone);
    return { read: read.length, changed: read.flatMap(({ id, changed }) => (changed && !away.has(id) ? [id] : [])), gone, unsure };
  }

  /** The confusion matrix of an epoch as rows; null where none was recorded. */
  private confusion(runId: string, epoch: number): number[][] | null {
    const { store } = this;
    const counts = store.metrics.confusion(runId, epoch);
    return counts && new Confusion(store.classes(runId).length, counts).rows();
  }

  private async diskUse(): Promise<DiskUse> {
    const { store } = this;
    const runs: { id: string; deleted: boolean; bytes: number }[] = [];
    // One folder after the other: thousands at once would keep everything else waiting.
    for (const { id, deleted, broken } of store.list(true)) {
      // A link in the place of a folder holds nothing of ours.
      runs.push({ id, deleted, bytes: broken ? 0 : await folderBytes(store.folder(id)) });
    }
    const sum = (of: typeof runs) => of.reduce((total, { bytes }) => total + bytes, 0);
    return {
      runs: Object.fromEntries(runs.map(({ id, bytes }) => [id, bytes])),
      totalBytes: sum(runs),
      deletedBytes: sum(runs.filter(({ deleted }) => deleted)),
    };
  }

  /**
   * Adds the starter model as a finished run, or brings back the run that has its weights.
   * @throws AppError 'not-found' if there is none for these classes
   */
  private addStarter(): RunSummary {
    const { dataset, access } = this.options;
    const { store } = this;
    access.assertOwned();
    const starter = findStarter(dataset.classSet.classes);
    if (!starter) throw new AppError('not-found', `There is no starter model for the classes of ${dataset.path}`);
    const starters = store.list(true).filter(({ id }) => isStarter(id));
    const known = starters.find(({ id }) => store.checkpoints.list(id).some(({ sha256 }) => sha256 === starter.sha256));
    if (known) return this.change(known.id, () => store.setDeleted(known.id, false));
    const id = starters.length === 0 ? starterId : `${starterId}-${starter.sha256.slice(0, 8)}`;
    const file = installStarter(starter, store.file(id, 'best.ckpt'));
    store.create({
      id,
      name: starter.title,
      config: starter.config,
      classes: dataset.classSet.classes,
      codeVersion: starter.codeVersion,
      datasetFingerprint: starter.datasetFingerprint,
      samples: [],
    });
    for (const epoch of starter.epochs) store.metrics.addEpoch(id, epoch, []);
    store.checkpoints.add(id, { role: 'best', file, epoch: starter.bestEpoch, sha256: starter.sha256 });
    store.annotate(id, { note: starter.protocol, tags: ['starter'] });
    return this.change(id, () => store.setStatus(id, 'finished'));
  }

  private starter() {
    const found = findStarter(this.options.dataset.classSet.classes);
    return found && { title: found.title, miou: found.miou, protocol: found.protocol };
  }

  private change(runId: string, work: (store: RunStore) => void) {
    const { store } = this;
    this.options.access.assertOwned();
    work(store);
    const summary = store.summary(runId);
    this.options.events.emit('runs.changed', summary);
    return summary;
  }

  /** Hides a run; it can be restored for thirty days. @throws AppError 'busy' while it goes on */
  delete(runId: string): void {
    this.options.access.assertOwned();
    const rowid = rowidOf(runId);
    if (rowid !== null) return this.removeRow(runId, rowid);
    if (this.options.activeRunId() === runId || this.store.isBeingWritten(runId)) {
      throw new AppError('busy', 'This run is going on: stop it before deleting it');
    }
    if (this.options.predictedRunId() === runId) {
      throw new AppError('busy', 'A prediction with this run is going on: wait for it or cancel it before deleting the run');
    }
    this.change(runId, (store) => store.setDeleted(runId, true));
  }

  /** A damaged row that names no run is gone for good, and the windows are told. */
  private removeRow(runId: string, rowid: number): void {
    const summary = this.store.summary(runId);
    this.store.removeRow(rowid);
    this.options.events.emit('runs.changed', { ...summary, deleted: true });
  }

  private purgeDeleted(): void {
    this.store.purge(new Date(Date.now() + 1000), (runId, error) => {
      this.options.events.emit('app.notice', { kind: 'error', text: `The run ${runId} could not be removed: ${messageOf(error)}` });
    });
  }

  handlers(): Services['runs'] {
    return {
      list: ({ withDeleted }) => this.store.list(withDeleted),
      get: ({ runId, stepsAfter }) => this.detail(runId, stepsAfter),
      rename: ({ runId, name }) => this.change(runId, (store) => store.rename(runId, name)),
      annotate: ({ runId, ...changes }) => this.change(runId, (store) => store.annotate(runId, changes)),
      confusion: ({ runId, epoch }) => this.confusion(runId, epoch),
      diskUse: () => this.diskUse(),
      purgeDeleted: () => {
        this.options.access.assertOwned();
        this.purgeDeleted();
        return this.diskUse();
      },
      addStarter: () => this.addStarter(),
      starter: () => this.starter(),
      delete: ({ runId }) => this.delete(runId),
      restore: ({ runId }) => {
        this.change(runId, (store) => store.setDeleted(runId, false));
      },
    };
  }
}
