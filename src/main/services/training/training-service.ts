import { existsSync } from 'node:fs';
import type { Services } from '#shared/contract/index';
import type { RunSummary } from '#shared/contract/runs';
import type { PresetInfo, RateSearch, TrainingPhase, TrainingStatus } from '#shared/contract/training';
import { AppError } from '#shared/errors';
import { parseRecipe, presets } from '#shared/training/presets';
import type { TrainJob } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { EventBus } from '../events.ts';
import { RunStore } from '../runs/run-store.ts';
import { ActiveRun } from './active-run.ts';
import { estimateOn } from './estimate.ts';
import { QueueStore } from './queue-store.ts';
import { RateSearchRun } from './rate-search.ts';
import { RunQueue, type NewRun } from './run-queue.ts';
import type { TrainerHost } from './trainer-process.ts';

export interface TrainingOptions {
  datasets: DatasetService;
  events: EventBus;
  host: TrainerHost;
  codeVersion: string;
}

const searchSteps = 80;

/** Starts, steers and watches the training run; one at a time. */
export class TrainingService {
  private readonly options: TrainingOptions;
  private active: ActiveRun | null = null;
  private starting = false;
  /** The start under way, or a finished one. */
  private pending: Promise<void> = Promise.resolve();
  private lastStatus: TrainingStatus | null = null;
  private search: RateSearchRun | null = null;
  private readonly queue: RunQueue;

  constructor(options: TrainingOptions) {
    this.options = options;
    this.queue = new RunQueue({
      datasets: options.datasets,
      events: options.events,
      isBusy: () => this.activeRunId() !== null || this.starting || this.searching,
      start: (run) => this.start(run),
    });
    options.datasets.onOpen((dataset) => {
      this.search = null;
      const store = new RunStore(dataset.db, dataset.workFolder);
      store.markInterrupted();
      store.purge(new Date(Date.now() - 30 * 86_400_000));
      this.lastStatus = null;
    });
    options.datasets.onClose(() => {
      if (this.active || this.starting || this.searching)
        throw new AppError('busy', 'A training run or a search is going on: stop it before opening another data set');
    });
  }

  activeRunId(): string | null {
    return this.active?.runId ?? null;
  }

  private get searching(): boolean {
    return this.search?.state.state === 'running';
  }

  private stores(): { dataset: OpenDataset; store: RunStore } {
    const dataset = this.options.datasets.require();
    return { dataset, store: new RunStore(dataset.db, dataset.workFolder) };
  }

  /** Starts a learning-rate search. @throws AppError 'busy', or 'invalid-argument' if no training image is labelled */
  private async findRate(config: RunConfig): Promise<RateSearch> {
    return this.exclusively((dataset) => {
      const { train } = labelled(dataset);
      const { classes, format } = dataset.classSet;
      this.search = new RateSearchRun(
        this.options.host,
        { kind: 'find-rate', config, classes, maskFormat: format, train, steps: searchSteps },
        (search) => {
          this.options.events.emit('training.rate', search);
          if (search.state !== 'running') this.queue.advance();
        },
      );
      return this.search.state;
    });
  }

  presets(): PresetInfo[] {
    const { store } = this.stores();
    return presets.map((preset) => ({ ...preset, measuredEpochSeconds: store.epochSeconds(preset.name) }));
  }

  /** @throws AppError 'busy' while another run goes on, 'invalid-argument' if a split has no labelled image */
  async start(run: NewRun): Promise<RunSummary> {
    return this.exclusively((dataset, store) => this.create(dataset, store, run));
  }

  private create(dataset: OpenDataset, store: RunStore, { config, name, startFrom, sweep = null, queuedId }: NewRun): RunSummary {
    const weights = startFrom === null ? null : weightsOf(store, startFrom);
    const { train, validation } = labelled(dataset);
    const id = `${new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}-${config.preset.replace(/[^\w-]+/g, '-')}`;
    const runId = existsSync(store.folder(id)) ? `${id}-${Date.now() % 1000}` : id;
    // A run leaves the line in the moment it is one: a kill between the two loses neither.
    dataset.db.transaction(() => {
      if (queuedId !== undefined) new QueueStore(dataset.db).remove(queuedId);
      store.create({
        id: runId,
        name: name || `${config.preset} ${new Date().toISOString().slice(0, 16).replace('T', ' ')}`,
        config,
        classes: dataset.classSet.classes,
        codeVersion: this.options.codeVersion,
        datasetFingerprint: dataset.fingerprint(),
        samples: [...train, ...validation],
        sweep,
      });
    })();
    return this.launch(dataset, store, runId, { resumeFrom: null, initialWeights: weights });
  }

  /** Goes on from a run's last checkpoint. @throws AppError 'busy', 'not-found' if there is none */
  async resumeRun(runId: string): Promise<RunSummary> {
    return this.exclusively((dataset, store) => {
      store.row(runId);
      const checkpoint = store.file(runId, 'last.ckpt');
      if (!existsSync(checkpoint))
        throw new AppError('not-found', `${checkpoint} does not exist, so the run cannot go on`, { file: checkpoint });
      return this.launch(dataset, store, runId, { resumeFrom: checkpoint, initialWeights: null });
    });
  }

  /** Lets one start in at a time, also while the survey it waits for goes on. */
  private async exclusively<T>(work: (dataset: OpenDataset, store: RunStore) => T): Promise<T> {
    if (this.active || this.starting || this.searching)
      throw new AppError(
        'busy',
        this.searching
          ? 'A learning-rate search is going on: wait for it or cancel it'
          : 'Another training run is going on: stop it first, or put this one in line',
      );
    this.starting = true;
    const pending = this.options.datasets
      .surveyed()
      .then(() => {
        const { dataset, store } = this.stores();
        return work(dataset, store);
      })
      .finally(() => (this.starting = false));
    this.pending = pending.then(
      () => undefined,
      () => undefined,
    );
    return pending;
  }

  private launch(dataset: OpenDataset, store: RunStore, runId: string, from: Pick<TrainJob, 'resumeFrom' | 'initialWeights'>): RunSummary {
    const { train, validation } = labelled(dataset);
    if (from.resumeFrom) store.readAgain(runId, [...train, ...validation], dataset.fingerprint());
    store.setStatus(runId, 'running');
    const job: TrainJob = {
      kind: 'train',
      config: store.config(runId),
      classes: dataset.classSet.classes,
      maskFormat: dataset.classSet.format,
      train,
      validation,
      outDir: store.folder(runId),
      ...from,
    };
    this.active = new ActiveRun({ runId, store, job, host: this.options.host, events: this.options.events, ended: () => this.onEnded() });
    const summary = store.summary(runId);
    this.options.events.emit('runs.changed', summary);
    this.options.events.emit('training.status', this.active.status());
    return summary;
  }

  private onEnded(): void {
    this.lastStatus = this.active?.status() ?? this.lastStatus;
    this.active = null;
    if (!this.lastStatus) return;
    this.options.events.emit('training.status', this.lastStatus);
    // A run that a person stopped, or that the end of the application did, is no sign to go on with the next.
    if (this.lastStatus.run.status === 'finished' || this.lastStatus.run.status === 'failed') this.queue.advance();
    else this.queue.hold();
  }

  private steer(phase: TrainingPhase | null, command: 'pause' | 'resume' | 'stop' | 'stop-after-epoch'): void {
    if (!this.active) throw new AppError('not-found', 'No training run is going on');
    this.active.steer(phase, command);
  }

  status(): TrainingStatus | null {
    return this.active?.status() ?? this.lastStatus;
  }

  /** Stops the run with a checkpoint and waits for it, at most `limitMs`; for the end of the application. */
  async shutDown(limitMs = 20_000): Promise<void> {
    this.queue.hold();
    await this.pending;
    await Promise.all([this.active?.shutDown(limitMs), this.search?.shutDown(limitMs)]);
  }

  handlers(): Services['training'] {
    return {
      presets: () => this.presets(),
      start: (run) => this.start(run),
      parseRecipe: ({ text }) => parseRecipe(text),
      estimate: ({ config }) => {
        const { dataset, store } = this.stores();
        return estimateOn(dataset, store, config);
      },
      ...this.queue.handlers(),
      findRate: ({ config }) => this.findRate(config),
      cancelFindRate: () => this.search?.cancel(),
      rateSearch: () => this.search?.state ?? null,
      resumeRun: ({ runId }) => this.resumeRun(runId),
      pause: () => this.steer('pausing', 'pause'),
      resume: () => this.steer('training', 'resume'),
      stop: () => this.steer('stopping', 'stop'),
      stopAfterEpoch: () => this.steer(null, 'stop-after-epoch'),
      status: () => this.status(),
      log: ({ runId }) => this.stores().store.log(runId),
    };
  }
}

/** The weights that a run left: its best, else its last. @throws AppError 'not-found' */
function weightsOf(store: RunStore, runId: string): string {
  // Asked for first: only a run that there is has a folder to look into.
  const { name: runName } = store.row(runId);
  const file = store.weightsFile(runId);
  if (!file) throw new AppError('not-found', `The run "${runName}" has no weights to start from`);
  return file;
}

/** @throws AppError 'invalid-argument' naming the split that has no sound, labelled image */
function labelled(dataset: OpenDataset) {
  const train = dataset.labelledSamples('train');
  const validation = dataset.labelledSamples('val');
  if (train.length === 0)
    throw new AppError('invalid-argument', `${dataset.path} has no labelled image without problems in its split train`);
  if (validation.length === 0)
    throw new AppError('invalid-argument', `${dataset.path} has no labelled image without problems in its split val`);
  return { train, validation };
}
