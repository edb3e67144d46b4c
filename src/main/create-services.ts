import type { HostInfo } from '#shared/contract/app';
import type { Services } from '#shared/contract/index';
import { createDispatcher } from '#shared/rpc/dispatcher';
import type { CallFrame, ResultFrame } from '#shared/rpc/frames';
import { AssetHandler } from './services/assets/asset-handler.ts';
import { DatasetService } from './services/datasets/dataset-service.ts';
import { EventBus } from './services/events.ts';
import { MaskService } from './services/masks/mask-service.ts';
import { ReviewService } from './services/review/review-service.ts';
import { RunService } from './services/runs/run-service.ts';
import { Settings } from './services/app/settings.ts';
import type { TrainerHost } from './services/training/trainer-process.ts';
import { TrainingService } from './services/training/training-service.ts';

/** What differs between the hosts. */
export interface HostOptions {
  userData: string;
  trainer: TrainerHost;
  host: HostInfo;
  /** Shows a native folder dialog; null where there is none. */
  chooseFolder: (() => Promise<string | null>) | null;
  report: (error: unknown, method: string) => void;
}

/** The whole application but for its windows. */
export interface Workbench {
  dispatch: (frame: CallFrame) => Promise<ResultFrame>;
  assets: AssetHandler;
  events: EventBus;
  datasets: DatasetService;
  training: TrainingService;
  /** Stops what is going on, with checkpoints, and closes every file. */
  shutDown: () => Promise<void>;
}

/** Builds all services: the only place that constructs them. */
export function createServices(options: HostOptions): Workbench {
  const { userData, trainer: host } = options;
  const events = new EventBus();
  const settings = new Settings(userData);
  const datasets = new DatasetService({ userData, settings, events });
  const masks = new MaskService(datasets);
  const runs = new RunService(datasets, events);
  const training = new TrainingService({ datasets, events, host, codeVersion: options.host.version });
  const review = new ReviewService({ datasets, events, host });
  runs.activeRunId = () => training.activeRunId();
  const services: Services = {
    app: {
      host: () => options.host,
      chooseFolder: async () => (options.chooseFolder ? options.chooseFolder() : null),
      uiState: () => settings.uiState(),
      setUiState: ({ key, value }) => settings.setUiState(key, value),
    },
    datasets: datasets.handlers(),
    masks: masks.handlers(),
    review: review.handlers(),
    runs: runs.handlers(),
    training: training.handlers(),
  };
  return {
    dispatch: createDispatcher(services, options.report),
    assets: new AssetHandler(datasets, runs),
    events,
    datasets,
    training,
    shutDown: async () => {
      await Promise.all([training.shutDown(), review.shutDown()]);
      datasets.close();
    },
  };
}

/** Opens the folder asked for, else the data set of last time, else the sample. @returns what could not be opened, in words */
export function openFirstDataset(workbench: Workbench, folder: string | null): string | null {
  const candidates = folder ? [folder] : workbench.datasets.recent().slice(0, 1);
  try {
    if (candidates.length > 0) workbench.datasets.open(candidates[0]);
    else workbench.datasets.openSample();
    return null;
  } catch (error) {
    workbench.datasets.openSample();
    return error instanceof Error ? error.message : String(error);
  }
}
