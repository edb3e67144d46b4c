import type { HostInfo } from '#shared/contract/app';
import type { Services } from '#shared/contract/index';
import { useReadLimits } from '#files/read-limits';
import { isCancelled, messageOf } from '#shared/errors';
import { createDispatcher } from '#shared/rpc/dispatcher';
import type { CallFrame, ResultFrame } from '#shared/rpc/frames';
import { logTail } from './services/app/log-tail.ts';
import { Preferences } from './services/app/preferences.ts';
import { AssetHandler } from './services/assets/asset-handler.ts';
import { asDatabaseError } from './services/database-error.ts';
import { DatasetService } from './services/datasets/dataset-service.ts';
import { EventBus } from './services/events.ts';
import { Device } from './services/jobs/device.ts';
import type { TrainerHost } from './services/jobs/trainer-process.ts';
import { openLog, type Logger } from './services/log.ts';
import { Workers } from './services/workers/workers.ts';
import { codeVersion } from './services/code-version.ts';

/** What differs between the hosts. */
export interface HostOptions {
  userData: string;
  trainer: TrainerHost;
  /** Entry of the assistant's process. */
  assistantEntry: string;
  /** File of the worker threads. */
  workerEntry: string;
  host: Omit<HostInfo, 'logFile'>;
  /** Shows a native folder dialog; null where there is none. */
  chooseFolder: (() => Promise<string | null>) | null;
  /** Gives an address for one more browser; left out where there is none to give. */
  newAddress?: () => string | null;
}

/** The whole application but for its windows. */
export interface Workbench {
  dispatch: (frame: CallFrame) => Promise<ResultFrame>;
  assets: AssetHandler;
  events: EventBus;
  datasets: DatasetService;
  preferences: Preferences;
  log: Logger;
  /** Saves what is painted. @returns what could not be saved within so many milliseconds, in words; null if nothing. Never rejects */
  unsaved: (limitMs: number) => Promise<string | null>;
  /**
   * Stops what is going on, with checkpoints, saves what is unsaved and closes every file. Tells the windows what it waits
   * for. Never rejects.
   */
  shutDown: () => Promise<void>;
}

/** As `Workbench.unsaved`. */
function unsavedIn(datasets: DatasetService, limitMs: number): Promise<string | null> {
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('What was painted last is still being saved.'), limitMs).unref());
  return Promise.race([datasets.settle().then(() => null, messageOf), late]);
}

/** Builds what lives as long as the application; what belongs to one data set is built by its scope. */
export function createServices(options: HostOptions): Workbench {
  const { userData, trainer: host } = options;
  const logFile = openLog(userData);
  const log = logFile.logger;
  const events = new EventBus((error) => log.error({ err: error }, 'a window could not be told of an event'));
  const preferences = new Preferences(userData, log);
  useReadLimits(preferences.readLimits());
  const workers = new Workers(options.workerEntry);
  const device = new Device();
  const program = options.host.host === 'desktop' ? 'desktop workbench' : 'workbench in the browser';
  const datasets = new DatasetService({
    userData,
    preferences,
    events,
    log,
    workers,
    host,
    assistant: { entry: options.assistantEntry, program: host.program },
    device,
    program,
    codeVersion: codeVersion(options.host.version),
  });
  const app: Services['app'] = {
    host: () => ({ ...options.host, logFile: logFile.file }),
    ping: () => undefined,
    newAddress: () => options.newAddress?.() ?? null,
    log: () => logTail(logFile.file),
    chooseFolder: async () => (options.chooseFolder ? options.chooseFolder() : null),
    uiState: () => preferences.uiState(),
    readLimits: () => preferences.readLimits(),
    setReadLimits: async (limits) => {
      const links = preferences.readLimits().linkedFolders.join('\n') !== limits.linkedFolders.join('\n');
      preferences.setReadLimits(limits);
      useReadLimits(limits);
      await datasets.readAgain(links);
    },
    setUiState: ({ key, value }) => preferences.setUiState(key, value),
  };
  const dispatch = createDispatcher(
    (dataset) => {
      const scope = () => datasets.require(dataset);
      return {
        app,
        datasets: datasets.handlers(dataset),
        assist: () => scope().assist.handlers(),
        work: () => scope().work.handlers(),
        edits: () => scope().edits.handlers(),
        datasetExports: () => scope().exports.handlers(),
        review: () => scope().review.handlers(),
        runs: () => scope().runs.handlers(),
        training: () => scope().training.handlers(),
        trials: () => scope().trials.handlers(),
      };
    },
    {
      explain: (error) => asDatabaseError(error, `The history of ${datasets.current()?.path ?? 'the data set'}`),
      report: (error, method) => log.error({ err: error, method }, 'a call failed'),
      logFile: logFile.file,
    },
  );
  log.info({ version: options.host.version, host: options.host.host, node: process.version }, 'the workbench begins');
  const parts = { events, datasets, preferences, log };
  return {
    dispatch,
    assets: new AssetHandler(datasets, workers, log),
    ...parts,
    unsaved: (limitMs) => unsavedIn(datasets, limitMs),
    shutDown: async () => {
      const tell = async () => events.emit('app.closing', { waitsFor: await datasets.waitsFor() });
      const telling = setInterval(() => void tell().catch((error: unknown) => log.error({ err: error })), 500);
      await tell().catch((error: unknown) => log.error({ err: error }));
      await datasets.close();
      clearInterval(telling);
      await workers.close();
      log.info('the workbench ends');
      await logFile.close();
    },
  };
}

/** Opens the folder asked for, else the data set of last time, else the sample. @returns what could not be opened, in words */
export async function openFirstDataset(workbench: Workbench, folder: string | null): Promise<string | null> {
  const { datasets, log } = workbench;
  const wanted = folder ?? (await recentOf(workbench));
  let problem: string | null = null;
  if (wanted !== null) {
    try {
      await datasets.open(wanted);
      return null;
    } catch (error) {
      log.warn({ err: error, folder: wanted }, 'the data set could not be opened');
      // Whoever gave it up knows.
      if (!isCancelled(error)) problem = messageOf(error);
    }
  }
  // A person may have opened, or asked for, another one in the window by now.
  if (datasets.current() !== null || datasets.opening !== null) return problem;
  try {
    await datasets.openSample();
    return problem && `${problem}\nThe sample is open instead.`;
  } catch (error) {
    log.error({ err: error }, 'the sample could not be opened');
    return [problem, `The sample could not be opened either: ${messageOf(error)}`].filter(Boolean).join('\n');
  }
}

async function recentOf({ datasets }: Workbench): Promise<string | null> {
  return (await datasets.handlers().recent(undefined)).at(0) ?? null;
}
