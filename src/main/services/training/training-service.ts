import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Services } from '#shared/contract/index';
import type { RunSummary } from '#shared/contract/runs';
import type { PresetInfo, TrainingPhase, TrainingStatus } from '#shared/contract/training';
import { AppError } from '#shared/errors';
import { presets } from '#shared/training/presets';
import type { TrainJob } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { EventBus } from '../events.ts';
import { RunStore } from '../runs/run-store.ts';
import { ActiveRun } from './active-run.ts';
import type { TrainerHost } from './trainer-process.ts';

export interface TrainingOptions {
  datasets: DatasetService;
  events: EventBus;
  host: TrainerHost;
  codeVersion: string;
}

/** Starts, steers and watches the training run; one at a time. */
export class TrainingService {
  private readonly options: TrainingOptions;
  private active: ActiveRun | null = null;
  private starting = false;
  private lastStatus: TrainingStatus | null = null;

  constructor(options: TrainingOptions) {
    this.options = options;
    options.datasets.onOpen((dataset) => {
      const store = new RunStore(dataset.db, dataset.workFolder);
      store.markInterrupted();
      store.purge(new Date(Date.now() - 30 * 86_400_000));
      this.lastStatus = null;
    });
    options.datasets.onClose(() => {
      if (this.active || this.starting) throw new AppError('busy', 'A training run is going on: stop it before opening another data set');
    });
  }

  activeRunId(): string | null {
    return this.active?.runId ?? null;
  }

  presets(): PresetInfo[] {
    const dataset = this.options.datasets.require();
    const store = new RunStore(dataset.db, dataset.workFolder);
    return presets.map((preset) => ({ ...preset, measuredEpochSeconds: store.epochSeconds(preset.name) }));
  }

  /** @throws AppError 'busy' while another run goes on, 'invalid-argument' if a split has no labelled image */
  async start(config: RunConfig, name: string): Promise<RunSummary> {
    return this.exclusively((dataset, store) => this.create(dataset, store, config, name));
  }

  private create(dataset: OpenDataset, store: RunStore, config: RunConfig, name: string): RunSummary {
    const { train, validation } = labelled(dataset);
    const id = `${new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}-${config.preset.replace(/[^\w-]+/g, '-')}`;
    const runId = existsSync(store.folder(id)) ? `${id}-${Date.now() % 1000}` : id;
    store.create({
      id: runId, name: name || `${config.preset} ${new Date().toISOString().slice(0, 16).replace('T', ' ')}`, config, classes: dataset.classSet.classes,
      codeVersion: this.options.codeVersion, datasetFingerprint: dataset.fingerprint(), samples: [...train, ...validation],
    });
    return this.launch(dataset, store, runId, null);
  }

  /** Goes on from a run's last checkpoint. @throws AppError 'busy', 'not-found' if there is none */
  async resumeRun(runId: string): Promise<RunSummary> {
    return this.exclusively((dataset, store) => {
      const checkpoint = path.join(store.folder(runId), 'last.ckpt');
      if (!existsSync(checkpoint)) throw new AppError('not-found', `${checkpoint} does not exist, so the run cannot go on`, { file: checkpoint });
      return this.launch(dataset, store, runId, checkpoint);
    });
  }

  /** Lets one start in at a time, also while the survey it waits for goes on. */
  private async exclusively(work: (dataset: OpenDataset, store: RunStore) => RunSummary): Promise<RunSummary> {
    if (this.active || this.starting) throw new AppError('busy', 'Another training run is going on: stop it first');
    this.starting = true;
    try {
      await this.options.datasets.surveyed();
      const dataset = this.options.datasets.require();
      return work(dataset, new RunStore(dataset.db, dataset.workFolder));
    } finally {
      this.starting = false;
    }
  }

  private launch(dataset: OpenDataset, store: RunStore, runId: string, resumeFrom: string | null): RunSummary {
    const { train, validation } = labelled(dataset);
    store.setStatus(runId, 'running');
    const job: TrainJob = {
      kind: 'train', config: store.config(runId), classes: dataset.classSet.classes, maskFormat: dataset.classSet.format, train, validation,
      outDir: store.folder(runId), resumeFrom, initialWeights: null,
    };
    this.active = new ActiveRun({ runId, store, job, host: this.options.host, events: this.options.events, ended: () => {
      this.lastStatus = this.active?.status() ?? this.lastStatus;
      this.active = null;
      if (this.lastStatus) this.options.events.emit('training.status', this.lastStatus);
    } });
    const summary = store.summary(runId);
    this.options.events.emit('runs.changed', summary);
    this.options.events.emit('training.status', this.active.status());
    return summary;
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
    await this.active?.shutDown(limitMs);
  }

  handlers(): Services['training'] {
    return {
      presets: () => this.presets(),
      start: ({ config, name }) => this.start(config, name),
      resumeRun: ({ runId }) => this.resumeRun(runId),
      pause: () => this.steer('pausing', 'pause'),
      resume: () => this.steer('training', 'resume'),
      stop: () => this.steer('stopping', 'stop'),
      stopAfterEpoch: () => this.steer(null, 'stop-after-epoch'),
      status: () => this.status(),
      log: ({ runId }) => {
        const dataset = this.options.datasets.require();
        return new RunStore(dataset.db, dataset.workFolder).log(runId);
      },
    };
  }
}

/** @throws AppError 'invalid-argument' naming the split that has no sound, labelled image */
function labelled(dataset: OpenDataset) {
  const train = dataset.labelledSamples('train');
  const validation = dataset.labelledSamples('val');
  if (train.length === 0) throw new AppError('invalid-argument', `${dataset.path} has no labelled image without problems in its split train`);
  if (validation.length === 0) throw new AppError('invalid-argument', `${dataset.path} has no labelled image without problems in its split val`);
  return { train, validation };
}
