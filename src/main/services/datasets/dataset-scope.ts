import path from 'node:path';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { isTemporary } from '#files/atomic-write';
import { holderText, Lease, type LeaseHolder } from '#files/lease';
import { letLinksInto } from '#files/read-limits';
import { AppError, messageOf } from '#shared/errors';
import { openDatabase, type Db } from '../database.ts';
import { EditSessions } from '../edits/edit-sessions.ts';
import type { Emitter, EventBus } from '../events.ts';
import { AssistService } from '../assist/assist-service.ts';
import type { AssistantHost } from '../assist/assistant-process.ts';
import type { Device } from '../jobs/device.ts';
import { Outbox } from '../jobs/outbox.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';
import { PredictionStore } from '../review/prediction-store.ts';
import { ReviewService } from '../review/review-service.ts';
import { LeftRuns } from '../runs/left-runs.ts';
import { RunService } from '../runs/run-service.ts';
import { RunStore } from '../runs/run-store.ts';
import { QueueStore } from '../training/queue-store.ts';
import { TrainingService } from '../training/training-service.ts';
import { TrialService } from '../trials/trial-service.ts';
import { DatasetExportService } from '../dataset-exports/dataset-export-service.ts';
import { WorkService } from '../work/work-service.ts';
import { keepReading, readingName } from '../layouts/kept-reading.ts';
import type { Workers } from '../workers/workers.ts';
import { DatasetAccess } from './dataset-access.ts';
import { HolderWatch } from './holder-watch.ts';
import { LivingFolder } from './living-folder.ts';
import { asideOf, labelFoldersOf, masksPermitted, OpenDataset } from './open-dataset.ts';
import { SurveyJob } from './survey-job.ts';
import { historyName, leaseName, WorkFolder, workFolderIn } from './work-folder.ts';

/** What every data set needs of the application around it. */
export interface ScopeEnvironment {
  userData: string;
  events: EventBus;
  log: Logger;
  workers: Workers;
  host: TrainerHost;
  assistant: AssistantHost;
  device: Device;
  codeVersion: string;
  /** What this workbench is, in words, for others that ask who has a data set. */
  program: string;
}

interface ScopeOptions extends ScopeEnvironment {
  folder: string;
  isSample: boolean;
  /** Takes the lease from a living workbench, because a person has chosen so. */
  takeOver?: boolean;
  /** Called, maybe more than once, when the workbench that has the data set has ended. */
  freed: () => void;
}

/** How long an end waits for a trainer's checkpoint before it leaves the trainer to itself. */
const patienceMs = 20_000;
const deletedRunsDays = 30;

/**
 * All that belongs to one open data set, and the one that ends it: lease, database and stores, edit sessions, survey, training, review.
 * It opens wholly or not at all; `close` ends its parts in the reverse order and never rejects.
 */
export class DatasetScope {
  readonly dataset: OpenDataset;
  readonly access: DatasetAccess;
  readonly edits: EditSessions;
  readonly runs: RunService;
  readonly training: TrainingService;
  readonly review: ReviewService;
  readonly trials: TrialService;
  readonly assist: AssistService;
  readonly work: WorkService;
  readonly exports: DatasetExportService;
  private readonly options: ScopeOptions;
  private readonly events: Emitter;
  private readonly lease: Lease | null;
  private readonly survey: SurveyJob;
  private holderWatch: HolderWatch | null = null;
  private readonly leftRuns: LeftRuns;
  private readonly endings: { what: string; end: () => void | Promise<void> }[];
  private closing: Promise<void> | null = null;
  /** Resolves when another workbench gets the data set: nothing waits for the survey any more. */
  private readonly giving = Promise.withResolvers<void>();

  /**
   * Opens a folder.
   * @throws AppError 'not-found', 'not-a-dataset', 'forbidden', 'corrupt-file', 'unsupported', 'disk-full', 'read-only':
   * nothing is then open
   */
  static async open(options: ScopeOptions): Promise<DatasetScope> {
    const stopLinks = letLinksInto(options.folder);
    const endings: DatasetScope['endings'] = [{ what: 'links into it', end: stopLinks }];
    try {
      const aside = asideOf(options.userData, options.folder);
      // In another thread: of many images it takes seconds, in which strokes and windows would stand still.
      const located = await options.workers.run('locate', { folder: options.folder, aside });
      const permitted = masksPermitted(options.folder, located);
      const workFolder = new WorkFolder(permitted ? workFolderIn(options.folder) : aside);
      const taken = await takeLease(workFolder, options);
      const lease = taken instanceof Lease ? taken : null;
      if (lease) endings.push({ what: 'the lease', end: () => lease.release() });
      const access = new DatasetAccess({ folder: options.folder, labelFolders: labelFoldersOf(located), permitted, lease: taken });
      const db = openDatabase(workFolder.at(historyName), !lease);
      endings.push({ what: 'the history', end: () => void db.close() });
      const outbox = new Outbox(options.log, () => access.owned);
      endings.push({ what: 'what waits for the disk', end: () => outbox.close() });
      endings.push({ what: 'what was removed', end: () => workFolder.settled() });
      const { folder, isSample, workers } = options;
      const dataset = new OpenDataset({ path: folder, isSample, located, workFolder, access, db, outbox, workers });
      return new DatasetScope(options, { dataset, access, db, outbox, lease, endings });
    } catch (error) {
      await endAll(endings, options.log);
      throw error;
    }
  }

  private constructor(
    options: ScopeOptions,
    parts: Pick<DatasetScope, 'dataset' | 'access'> & { db: Db; outbox: Outbox; lease: Lease | null; endings: DatasetScope['endings'] },
  ) {
    const { dataset, access, db, outbox, lease, endings } = parts;
    const { log, workers, host, device, codeVersion } = options;
    const events = options.events.of(dataset.id);
    this.options = options;
    this.events = events;
    this.endings = endings;
    this.lease = lease;
    this.dataset = dataset;
    this.access = access;
    const store = new RunStore(db, dataset.workFolder);
    const predictions = new PredictionStore(db, dataset.workFolder);
    const surveyed = () => Promise.race([this.survey.settled(), this.giving.promise]);
    const shared = { dataset, access, db, events, outbox, log, workers, host };
    const settle = () => this.edits.settle();
    this.leftRuns = new LeftRuns({ store, outbox, log, events });
    endings.push({ what: 'runs of before', end: () => this.leftRuns.close() });
    this.edits = new EditSessions({ ...shared, predictions });
    endings.push({ what: 'masks under edit', end: () => this.edits.close() });
    this.training = new TrainingService({ ...shared, runs: store, queue: new QueueStore(db), surveyed, settle, device, codeVersion });
    endings.push({ what: 'training', end: () => this.training.close(patienceMs) });
    this.review = new ReviewService({ ...shared, runs: store, predictions, surveyed, settle, detail: (id) => this.runs.detail(id) });
    endings.push({ what: 'predictions', end: () => this.review.close(patienceMs) });
    this.trials = new TrialService({ ...shared, runs: store });
    endings.push({ what: 'images that are tried', end: () => this.trials.close(patienceMs) });
    this.assist = new AssistService({ dataset, runs: store, host: options.assistant });
    endings.push({ what: 'the assistant', end: () => this.assist.close() });
    this.work = new WorkService({ dataset, access, db, outbox, events });
    this.exports = new DatasetExportService({ ...shared, predictions, settle });
    endings.push({ what: 'an export', end: () => this.exports.close() });
    this.runs = new RunService({
      dataset,
      access,
      store,
      events,
      activeRunId: () => this.training.activeRunId(),
      predictedRunId: () => this.review.predictedRunId,
    });
    if (lease) this.recover(store, predictions);
    if (lease) this.keepReading();
    this.survey = new SurveyJob({ dataset, events, log, together: workers.surveysTogether });
    const living = new LivingFolder({ ...shared, aside: asideOf(options.userData, dataset.path), edits: this.edits, survey: this.survey });
    endings.push({ what: 'the look for its holder', end: () => this.holderWatch?.close() });
    // At once, so that neither tells of a data set that is not the open one any more.
    const end = async () => void (await Promise.all([this.survey.close(), living.close()]));
    endings.push({ what: 'the survey, and the look at its folder', end });
    if (!lease) this.watchHolder();
    lease?.onLost((by) => this.onLost(by));
    lease?.onAsked((by) => void this.giveUp(by));
  }

  /**
   * Puts right what a workbench left that ended without saying so. Only the holder of the lease does. What cannot be put right is
   * logged: it must not keep the data set from being opened.
   */
  private recover(store: RunStore, predictions: PredictionStore): void {
    const { log } = this.options;
    const attempt = (what: string, work: () => void): void => {
      try {
        work();
      } catch (error) {
        log.error({ err: error, what }, 'something that was left could not be put right');
      }
    };
    attempt('what was removed', () => this.dataset.workFolder.removeLeft());
    attempt('runs', () => this.leftRuns.recover());
    attempt('images that were tried', () => this.trials.clear());
    for (const id of predictions.incomplete()) attempt(`the prediction ${id}`, () => predictions.leave(id));
    const before = new Date(Date.now() - deletedRunsDays * 86_400_000);
    store.purge(before, (run, error) => log.error({ err: error, run }, 'a deleted run could not be removed'));
    for (const folder of foldersOfOurs(this.dataset)) attempt(folder, () => removeTemporaries(folder));
  }

  /** What is painted from now on is read the same at the next opening. */
  private keepReading(): void {
    const { reading, workFolder } = this.dataset;
    try {
      keepReading(workFolder.at(readingName), reading.arrangement, reading.seen);
    } catch (error) {
      this.options.log.error({ err: error }, 'how the masks are read could not be kept');
      const text = `How the masks are read could not be kept: ${messageOf(error)}. At the next opening it is looked for anew.`;
      this.events.emit('app.notice', { kind: 'error', text });
    }
  }

  /** Resolves when every image is known. */
  surveyed(): Promise<void> {
    return this.survey.settled();
  }

  /** What keeps the data set from being closed, in words; null if nothing does. */
  get busyWith(): string | null {
    return this.training.busyWith ?? this.review.busyWith ?? this.trials.busyWith;
  }

  /** Whether something works on it without anybody at it. */
  get isAtWork(): boolean {
    return this.training.isAtWork || (this.review.busyWith ?? this.trials.busyWith) !== null;
  }

  /** Another workbench has taken the data set: nothing more is written, and what trains ends with a checkpoint. */
  private onLost(by: LeaseHolder | null): void {
    const heldBy = by ? holderText(by) : 'another workbench, or a program that removed its lease';
    this.access.lostTo(heldBy);
    this.options.log.warn({ by: heldBy }, 'the data set was taken over');
    this.tellTakenOver(heldBy);
    void this.stopJobs();
  }

  /** Stops what trains or predicts, with a checkpoint that its trainer writes by itself. Never rejects. */
  private async stopJobs(): Promise<void> {
    const ends = [this.training.close(0, 'Another workbench has taken the data set'), this.review.close(0), this.trials.close(0)];
    this.giving.resolve();
    await Promise.all(ends);
  }

  /** Another workbench asks for the data set: finishes what is in hand and gives it up. */
  private async giveUp(by: string): Promise<void> {
    this.options.log.info({ by }, 'the data set is asked for by another workbench');
    await this.stopJobs();
    await this.edits.handOver(() => {
      this.lease?.release();
      this.access.lostTo(by);
    });
    this.tellTakenOver(`the ${by}`);
  }

  private watchHolder(): void {
    if (this.closing || this.holderWatch) return;
    this.holderWatch = new HolderWatch(this.dataset.workFolder.at(leaseName), this.options.freed);
  }

  private tellTakenOver(by: string): void {
    this.watchHolder();
    this.events.emit('app.notice', { kind: 'error', text: `${this.dataset.path} was taken over by ${by}: it is read only here now.` });
    this.options.events.emit('datasets.changed', this.dataset.info);
  }

  /** Reads again the images that have problems, under the limits of now. */
  readAgain(): void {
    this.dataset.forgetProblems();
    this.survey.look();
  }

  /** The masks of images whose photo is another one fit these. @throws AppError as a write */
  acceptPhotos(ids: readonly string[]): void {
    this.access.assertWritable();
    this.dataset.acceptPhotos(ids);
    this.survey.look();
  }

  /** What the end waits for, in words a person understands. */
  async waitsFor(): Promise<string[]> {
    const masks = await this.edits.unsaved();
    const jobs = [
      this.training.endsBy,
      this.review.busyWith && 'Ending the prediction',
      this.trials.busyWith && 'Ending the prediction of other images',
    ];
    const named = masks.slice(0, 3).map(({ imageId }) => imageId);
    const saving = masks.length > 0 ? [`Saving ${named.join(', ')}${masks.length > 3 ? ` and ${masks.length - 3} more` : ''}`] : [];
    return [...saving, ...jobs.filter((text) => text !== null)];
  }

  /** Ends everything that belongs to the data set, in order. Never rejects. */
  close(): Promise<void> {
    this.closing ??= endAll(this.endings, this.options.log);
    return this.closing;
  }
}

async function takeLease(workFolder: WorkFolder, { program, takeOver, log }: ScopeOptions): Promise<Lease | LeaseHolder> {
  const file = workFolder.at(leaseName);
  try {
    if (takeOver) return await Lease.takeOver(file, { program });
    return await Lease.take(file, { program });
  } catch (error) {
    log.error({ err: error, file }, 'the lease could not be taken');
    throw error instanceof AppError ? error : new AppError('read-only', `${file} could not be written: ${messageOf(error)}`, { file });
  }
}

/** Ends parts in the reverse order of their beginning; one that fails is logged and keeps none of the others. */
async function endAll(endings: DatasetScope['endings'], log: Logger): Promise<void> {
  for (const { what, end } of endings.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, `${what} could not be closed as it should`);
    }
  }
}

/** The folders that masks, revisions and journals are written into. */
function foldersOfOurs(dataset: OpenDataset): string[] {
  const { workFolder } = dataset;
  const store = workFolder.at('revisions');
  // What else lies there (a system's own files) is none of ours.
  const kept = existsSync(store) ? readdirSync(store, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  return [...dataset.labelFolders(), ...kept.map(({ name }) => workFolder.at('revisions', name)), workFolder.at('journal')];
}

/** Removes what a kill left half written. */
function removeTemporaries(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (isTemporary(name)) rmSync(path.join(folder, name), { force: true });
}
