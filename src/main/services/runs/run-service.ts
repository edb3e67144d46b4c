import type { Services } from '#shared/contract/index';
import type { RunDetail } from '#shared/contract/runs';
import { AppError } from '#shared/errors';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { EventBus } from '../events.ts';
import { RunStore } from './run-store.ts';

/** The run history of the open data set. */
export class RunService {
  private readonly datasets: DatasetService;
  private readonly events: EventBus;
  /** The run that may not be deleted because it is going on. */
  activeRunId: () => string | null = () => null;

  constructor(datasets: DatasetService, events: EventBus) {
    this.datasets = datasets;
    this.events = events;
  }

  store(): RunStore {
    const dataset = this.datasets.require();
    return new RunStore(dataset.db, dataset.workFolder);
  }

  detail(runId: string): RunDetail {
    const store = this.store();
    const row = store.row(runId);
    return {
      summary: store.summary(runId), config: store.config(runId), seed: row.seed, codeVersion: row.code_version, datasetFingerprint: row.dataset_fingerprint,
      folder: store.folder(runId), epochs: store.epochs(runId), steps: store.steps(runId), checkpoints: store.checkpoints(runId), masksChanged: store.masksChanged(runId),
    };
  }

  private change(runId: string, work: (store: RunStore) => void) {
    const store = this.store();
    work(store);
    const summary = store.summary(runId);
    this.events.emit('runs.changed', summary);
    return summary;
  }

  /** Hides a run; it can be restored for thirty days. @throws AppError 'busy' while it goes on */
  delete(runId: string): void {
    if (this.activeRunId() === runId) throw new AppError('busy', 'This run is going on: stop it before deleting it');
    this.change(runId, (store) => store.setDeleted(runId, true));
  }

  handlers(): Services['runs'] {
    return {
      list: ({ withDeleted }) => this.store().list(withDeleted),
      get: ({ runId }) => this.detail(runId),
      rename: ({ runId, name }) => this.change(runId, (store) => store.rename(runId, name)),
      delete: ({ runId }) => this.delete(runId),
      restore: ({ runId }) => {
        this.change(runId, (store) => store.setDeleted(runId, false));
      },
    };
  }
}
