import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Services } from '#shared/contract/index';
import type { RunSummary } from '#shared/contract/runs';
import type { PresetInfo, RateSearch, TrainingPhase, TrainingStart, TrainingStatus } from '#shared/contract/training';
import { assertSeveral } from '#shared/classes/assert-several';
import { AppError, messageOf } from '#shared/errors';
import { freeName } from '#shared/free-name';
import { datedName } from '#shared/training/run-name';
import { foldText, splitBy } from '#shared/data/folds';
import type { Sample } from '#shared/data/sample';
import { locateRunSamples } from '#files/run-folder';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { assertSameClasses } from '#shared/classes/class-map';
import { parseRecipe, presets } from '#shared/training/presets';
import type { TrainJob } from '#shared/training/messages';
import type { JobOrigin } from '#shared/training/run-origin';
import { fileOfStart } from '#shared/training/start-weights';
import type { RunConfig } from '#shared/training/run-config';
import { typedPath } from '../app/typed-path.ts';
import type { Db } from '../database.ts';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { revisionFile } from '../edits/revision-store.ts';
import type { Emitter } from '../events.ts';
import type { Device, DeviceClaim } from '../jobs/device.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';
import type { RunStore } from '../runs/run-store.ts';
import type { Workers } from '../workers/workers.ts';
import { ActiveRun, type Steering } from './active-run.ts';
import { estimateOn, loadOf, timedPresets, validationStepsOf } from './estimate.ts';
import type { QueueStore } from './queue-store.ts';
import { RateSearchRun } from './rate-search.ts';
import { RunQueue, type NewRun } from './run-queue.ts';
import { WeightLook } from './weight-look.ts';

export interface TrainingOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  runs: RunStore;
  queue: QueueStore;
  /** Resolves when every image is known. */
  surveyed: () => Promise<void>;
  /** Saves what was painted and is not in its file yet: a run learns from what is seen. @throws AppError 'conflict' where it cannot */
  settle: () => Promise<void>;
  events: Emitter;
  outbox: Outbox;
  log: Logger;
  host: TrainerHost;
  device: Device;
  workers: Workers;
  codeVersion: string;
}

const searchSteps = 80;
const words: Record<TrainingStart, string> = { run: 'A training run', 'rate-search': 'A learning-rate search' };

/** Starts, steers and watches the training run of a data set; one at a time on the one device. */
export class TrainingService {
  private readonly options: TrainingOptions;
  private readonly queue: RunQueue;
  private readonly weightLook: WeightLook;
  private readonly stopListening: () => void;
  private active: ActiveRun | null = null;
  private search: RateSearchRun | null = null;
  private lastStatus: TrainingStatus | null = null;
  /** The start under way, or a finished one. */
  private pending: Promise<unknown> = Promise.resolve();
  private starting: TrainingStart | null = null;
  /** Gives up a start that waits until images are read and masks are kept; null while none does. */
  private givingUp: AbortController | null = null;
  private closed = false;
  /** Validation images that a person watches: windows remember them, and say so. */
  private watched: string[] = [];

  constructor(options: TrainingOptions) {
    this.options = options;
    const { queue: store, events, device, log, host } = options;
    this.weightLook = new WeightLook(host, log);
    this.queue = new RunQueue({ store, events, device, log, start: (run) => this.start(run) });
    // A run that was waiting begins when the device is free; not within the end of the one before.
    this.stopListening = device.onFreed(() => setImmediate(() => this.queue.advance()));
  }

  activeRunId(): string | null {
    return this.active?.runId ?? null;
  }

  /** Whether it works without anybody at it: what is paused waits for a person. */
  get isAtWork(): boolean {
    return this.busyWith !== null && !this.active?.isPaused;
  }

  /** What keeps the data set open, in words; null if nothing does. */
  get busyWith(): string | null {
    return this.doing && words[this.doing];
  }

  /** What its end waits for, in words; null where it waits for nothing. */
  get endsBy(): string | null {
    return this.doing && { run: 'Saving a checkpoint', 'rate-search': 'Ending the search' }[this.doing];
  }

  private get doing(): TrainingStart | null {
    if (this.starting) return this.starting;
    if (this.active) return 'run';
    return this.search?.state.state === 'running' ? 'rate-search' : null;
  }

  /** @param settle as the options' own @throws AppError 'cancelled' if a person will not wait, or as `settle` */
  private async waitForSurvey(settle: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const cancelled = Promise.withResolvers<never>();
    const giveUp = () => cancelled.reject(new AppError('cancelled', 'The start was cancelled while images were read'));
    signal.addEventListener('abort', giveUp);
    try {
      await Promise.race([this.options.surveyed().then(settle), cancelled.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Takes the device for one start, also while the survey it waits for goes on; what fails gives it back. */
  private async claiming<T>(
    what: TrainingStart,
    work: (claim: DeviceClaim) => T | Promise<T>,
    settle = () => this.options.settle(),
  ): Promise<T> {
    this.options.access.assertOwned();
    const claim = this.options.device.take(words[what]);
    const givingUp = (this.givingUp = new AbortController());
    this.begins(what);
    const begin = async () => {
      try {
        await this.waitForSurvey(settle, givingUp.signal);
        this.assertOpen();
        return await work(claim);
      } catch (error) {
        claim.free();
        throw error;
      } finally {
        this.givingUp = null;
        this.begins(null);
      }
    };
    const started = begin();
    this.pending = started.catch(() => undefined);
    return started;
  }

  /** Every window shows it, also one that did not ask for it. */
  private begins(what: TrainingStart | null): void {
    this.starting = what;
    this.options.events.emit('training.starting', what);
  }

  /** Asked after every wait: the data set may have been closed or gone to another workbench meanwhile. */
  private assertOpen(): void {
    if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
    if (this.givingUp?.signal.aborted) throw new AppError('cancelled', 'The start was cancelled while masks were kept');
    this.options.access.assertOwned();
  }

  /** Starts a learning-rate search. @throws AppError 'busy', or 'invalid-argument' if no training image is labelled */
  private findRate({ config, startFrom }: Pick<NewRun, 'config' | 'startFrom'>): Promise<RateSearch> {
    return this.claiming('rate-search', (claim) => {
      const { dataset, runs, host, log, events } = this.options;
      const { classes, format } = dataset.classSet;
      const train = toLearnFrom(dataset, config);
      const initialWeights = startFrom === null ? null : weightsOf(runs, startFrom).file;
      const job = { kind: 'find-rate' as const, config, classes, maskFormat: format, train, steps: searchSteps, initialWeights };
      this.search = new RateSearchRun({ host, claim, job, startFrom, log, changed: (search) => events.emit('training.rate', search) });
      return this.search.state;
    });
  }

  private presets(): PresetInfo[] {
    return timedPresets(loadOf(this.options.dataset, presets[0].config), this.options.runs, presets);
  }

  /** @throws AppError 'busy' while another run goes on, 'invalid-argument' if a split has no labelled image */
  start(run: NewRun): Promise<RunSummary> {
    return this.claiming(
      'run',
      (claim) => this.create(run, claim),
      () => this.settleFor(run),
    );
  }

  /** Whoever presses Start can mend first what is not saved. A run in line has nobody there: it is told, and the run goes on. */
  private async settleFor({ queuedId, name, config }: NewRun): Promise<void> {
    try {
      await this.options.settle();
    } catch (error) {
      if (queuedId === undefined) throw error;
      const text = `"${name || config.preset}" trains on what is in the mask files. ${messageOf(error)}`;
      this.options.events.emit('app.notice', { kind: 'error', text });
    }
  }

  private async create({ config, name, startFrom, sweep = null, queuedId }: NewRun, claim: DeviceClaim): Promise<RunSummary> {
    const { dataset, runs, queue, db, codeVersion } = this.options;
    const from = startFrom === null ? null : weightsOf(runs, startFrom);
    const samples = await this.todaysSamples(config);
    const at = new Date();
    const now = at.toISOString();
    const begun = `${now.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}-${config.preset.replace(/[^\w-]+/g, '-')}`;
    // A folder of its own, also for two that start within one second.
    const runId = freeName(begun, (id) => existsSync(runs.file(id)) || runs.exists(id));
    // A run leaves the line in the moment it is one: a kill between the two loses neither.
    db.transaction(() => {
      if (queuedId !== undefined) queue.remove(queuedId);
      runs.create({
        id: runId,
        name: name || datedName(config, at),
        config,
        classes: dataset.classSet.classes,
        codeVersion,
        datasetFingerprint: dataset.fingerprint(),
        samples: [...samples.train, ...samples.validation],
        validation: samples.validation,
        sweep,
      });
    })();
    return this.launch(runId, claim, { ...samples, resumeFrom: null, initialWeights: from?.file ?? null }, from?.run ?? null);
  }

  /** What is labelled now, kept. @throws AppError 'invalid-argument' naming a split that has no sound, labelled image */
  private async todaysSamples(config: RunConfig) {
    const { dataset } = this.options;
    const { train, validation } = labelled(dataset, config);
    return {
      train: someOf(await this.kept(train), dataset, 'what it would train on'),
      validation: someOf(await this.kept(validation), dataset, 'what it would validate on'),
    };
  }

  /** The samples with their masks as they are kept: what is edited meanwhile changes nothing of a run. */
  private async kept(samples: readonly Sample[]): Promise<Sample[]> {
    const { workers, dataset } = this.options;
    const store = dataset.workFolder.at('revisions');
    // One whose mask is not there has no label; its folder being away is no such thing.
    const keep = async (sample: Sample): Promise<Sample | null> => {
      const { maskFile } = sample;
      const revision = maskFile && (await workers.run('keepMask', { maskFile, store }));
      if (maskFile && !revision) this.options.access.assertThere(path.dirname(maskFile));
      return revision ? { ...sample, revision, maskFile: revisionFile(store, revision) } : null;
    };
    const kept: Sample[] = [];
    for (let at = 0; at < samples.length; at += workers.surveysTogether) {
      const group = await Promise.all(samples.slice(at, at + workers.surveysTogether).map(keep));
      kept.push(...group.filter((sample) => sample !== null));
      this.assertOpen();
    }
    return kept;
  }

  /**
   * Goes on from a run's last checkpoint, with its own classes, images and masks.
   * @throws AppError 'busy', 'not-found' if there is no checkpoint or an image or mask is gone, 'invalid-argument' if the
   * classes have changed
   */
  resumeRun(runId: string): Promise<RunSummary> {
    // It goes on with masks of its own, whatever else could not be saved.
    let unsaved: AppError | null = null;
    const settle = () =>
      this.options.settle().catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        unsaved = error;
      });
    const work = async (claim: DeviceClaim) => {
      const { runs, dataset } = this.options;
      const { name, deleted_at: deleted } = runs.row(runId);
      if (deleted !== null) throw new AppError('conflict', `The run "${name}" is deleted: restore it before it goes on`);
      const checkpoint = runs.file(runId, 'last.ckpt');
      if (!existsSync(checkpoint)) {
        throw new AppError('not-found', `${checkpoint} does not exist, so the run cannot go on`, { file: checkpoint });
      }
      if (runs.isBeingWritten(runId)) throw new AppError('busy', `The run "${name}" is still being written: wait for its trainer to end`);
      if (runs.recoverEpochs(runId)) return this.finished(runId, claim);
      assertSameClasses(`The run "${name}"`, readCheckpointHeader(checkpoint).classes, dataset.classSet.classes);
      const own = this.ownSamples(runId);
      if (!own && unsaved !== null) throw unsaved;
      const samples = own ?? (await this.todaysSamples(runs.config(runId)));
      return this.launch(runId, claim, { ...samples, resumeFrom: checkpoint, initialWeights: null });
    };
    return this.claiming('run', work, settle);
  }

  /** A run of which nothing is left to do: its last epochs were trained by the command line, or were over when nobody could tell. */
  private finished(runId: string, claim: DeviceClaim): RunSummary {
    const { runs, events, outbox } = this.options;
    claim.free();
    runs.settle(runId, 'finished', null, outbox);
    const summary = runs.summary(runId);
    events.emit('runs.changed', summary);
    events.emit('app.notice', { kind: 'info', text: `"${summary.name}" has all its epochs: it is finished.` });
    return summary;
  }

  /** The samples that a run was started with; null if it was made before runs kept them. @throws AppError 'not-found' */
  private ownSamples(runId: string) {
    const { runs, dataset } = this.options;
    const store = dataset.workFolder.at('revisions');
    return locateRunSamples(runs.folder(runId), {
      maskFile: (revision) => revisionFile(store, revision),
      imageFile: (id) => dataset.image(id).imageFile,
    });
  }

  private launch(
    runId: string,
    claim: DeviceClaim,
    from: Pick<TrainJob, 'resumeFrom' | 'initialWeights' | 'train' | 'validation'>,
    weightsOf: JobOrigin['weightsOf'] = null,
  ): RunSummary {
    const { runs, dataset, host, events, outbox, log, codeVersion } = this.options;
    const { classes, format } = dataset.classSet;
    const job: TrainJob = {
      kind: 'train',
      config: runs.config(runId),
      classes,
      maskFormat: format,
      outDir: runs.folder(runId),
      watched: this.watched,
      origin: { by: 'window', command: null, codeVersion, folder: dataset.path, weightsOf },
      ...from,
    };
    const images = { train: job.train.length, validation: job.validation.length };
    const validationSteps = validationStepsOf({ ...loadOf(dataset, job.config), images }, job.config);
    const before = from.resumeFrom === null ? null : runs.summary(runId).status;
    runs.settle(runId, 'running', null, outbox);
    try {
      const ended = () => this.onEnded();
      this.active = new ActiveRun({ runId, before, store: runs, job, validationSteps, host, claim, events, outbox, log, ended });
    } catch (error) {
      runs.settle(runId, before ?? 'failed', messageOf(error), outbox);
      throw error;
    }
    const summary = runs.summary(runId);
    events.emit('runs.changed', summary);
    events.emit('training.status', this.active.status());
    return summary;
  }

  private onEnded(): void {
    const { active } = this;
    this.active = null;
    if (!active) return;
    const last = active.status();
    this.lastStatus = last;
    this.options.events.emit('training.status', last);
    const { name, reason } = last.run;
    // A run that a person stopped, or that the end of the application did, is no sign to go on with the next.
    if (active.endedBy === 'person') {
      const text = `"${name}" was stopped. The runs in line wait: "Start the queue" in Train goes on with them.`;
      this.queue.hold({ kind: 'info', text });
    } else if (active.endedBy === 'fault') {
      const text = `"${name}" failed: ${reason?.replace(/\.$/, '')}. The runs in line wait: start them when that is mended.`;
      this.queue.hold({ kind: 'error', text });
    }
  }

  /** @throws AppError 'not-found' */
  private requireActive(): ActiveRun {
    if (!this.active) throw new AppError('not-found', 'No training run is going on');
    return this.active;
  }

  private steer(phase: TrainingPhase | null, command: Steering): void {
    this.requireActive().steer(phase, command);
  }

  status(): TrainingStatus | null {
    return this.active?.status() ?? this.lastStatus;
  }

  /**
   * Stops what goes on with a checkpoint and waits for it, at most `limitMs`: a trainer that takes longer ends by itself.
   * Never rejects.
   */
  async close(limitMs: number, why = 'The workbench was closed'): Promise<void> {
    this.closed = true;
    this.queue.hold();
    this.queue.close();
    this.stopListening();
    this.givingUp?.abort();
    await this.pending;
    await Promise.all([this.active?.close(limitMs, why), this.search?.close(limitMs), this.weightLook.close()]);
  }

  handlers(): Services['training'] {
    const { dataset, runs } = this.options;
    return {
      presets: () => this.presets(),
      start: (run) => this.start(run),
      starting: () => this.starting,
      cancelStart: () => this.givingUp?.abort(),
      parseRecipe: ({ text }) => parseRecipe(text),
      estimate: ({ config }) => estimateOn(loadOf(dataset, config), runs, config),
      ...this.queue.handlers(() => this.options.access.assertOwned()),
      lookAtWeights: ({ file, config }) => this.weightLook.look(typedPath(file), config, dataset.classSet.classes),
      cancelLook: () => this.weightLook.cancel(),
      findRate: (recipe) => this.findRate(recipe),
      cancelFindRate: () => this.search?.cancel(),
      rateSearch: () => this.search?.state ?? null,
      resumeRun: ({ runId }) => this.resumeRun(runId),
      pause: () => this.steer('pausing', 'pause'),
      resume: () => this.steer('training', 'resume'),
      stop: () => this.steer('stopping', 'stop'),
      endAtOnce: () => this.requireActive().endAtOnce(),
      stopAfterEpoch: () => this.steer(null, 'stop-after-epoch'),
      keepGoing: () => this.steer(null, 'keep-going'),
      status: () => this.status(),
      watch: ({ imageIds }) => {
        this.watched = imageIds;
        this.active?.watch(imageIds);
      },
      log: ({ runId }) => runs.log(runId),
    };
  }
}

const isPlainFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

/** The weights that a run left, its best, else its last, or those of a file that a person named. @throws AppError 'not-found' */
function weightsOf(store: RunStore, startFrom: string): { file: string; run: JobOrigin['weightsOf'] } {
  const named = fileOfStart(startFrom);
  if (named !== null) {
    if (!path.isAbsolute(named)) throw new AppError('invalid-argument', `A weight file must be named by its whole path, received ${named}`);
    if (!isPlainFile(named))
      throw new AppError('not-found', `${named} does not exist, or is no file: no run can start from it`, { file: named });
    return { file: named, run: null };
  }
  // Asked for first: only a run that there is has a folder to look into.
  const { name } = store.row(startFrom);
  const file = store.weightsFile(startFrom);
  if (!file) throw new AppError('not-found', `The run "${name}" has no weights to start from`);
  return { file, run: { id: startFrom, name } };
}

/** @param part what it is of, in words @throws AppError 'invalid-argument' naming that if it has no sample */
function someOf(samples: Sample[], { path: folder }: OpenDataset, part: string): Sample[] {
  if (samples.length > 0) return samples;
  throw new AppError('invalid-argument', `${folder} has no labelled image without problems in ${part}`);
}

/** @throws AppError 'invalid-argument' naming the split that has no sound, labelled image */
function labelled(dataset: OpenDataset, config: RunConfig) {
  const { validation } = splitBy(dataset.labelledSamples('train'), dataset.labelledSamples('val'), config.fold);
  const held = config.fold ? `its ${foldText(config.fold)}` : 'its split val';
  return { train: toLearnFrom(dataset, config), validation: someOf(validation, dataset, held) };
}

/** @throws AppError 'invalid-argument' where there is none, or nothing to tell apart */
function toLearnFrom(dataset: OpenDataset, { fold }: RunConfig) {
  assertSeveral(dataset.classSet.classes);
  const { train } = splitBy(dataset.labelledSamples('train'), dataset.labelledSamples('val'), fold);
  return someOf(train, dataset, fold ? 'its other folds' : 'its split train');
}
