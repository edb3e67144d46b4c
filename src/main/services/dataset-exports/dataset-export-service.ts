import path from 'node:path';
import type { DatasetExportReport } from '#shared/contract/dataset-exports';
import type { Services } from '#shared/contract/index';
import type { ExportFormName } from '#shared/data/export-forms';
import { AppError } from '#shared/errors';
import { throttledProgress } from '#shared/throttled-progress';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Emitter } from '../events.ts';
import type { Workers } from '../workers/workers.ts';
import { exportData } from './export-data.ts';
import type { ExportImageInput } from './export-image.ts';

interface DatasetExportServiceOptions {
  dataset: OpenDataset;
  events: Emitter;
  workers: Workers;
  /** Saves what is unsaved: what goes out is what is seen. */
  settle: () => Promise<void>;
}

/** Exports of the open data set, one at a time. Its owner closes it. */
export class DatasetExportService {
  private readonly options: DatasetExportServiceOptions;
  private running: { stop: AbortController; ended: Promise<unknown> } | null = null;

  constructor(options: DatasetExportServiceOptions) {
    this.options = options;
  }

  /** @throws AppError 'busy' while one is going on, or as `exportData` */
  async start(to: ExportFormName, split: string | null, out: string): Promise<DatasetExportReport> {
    if (this.running) throw new AppError('busy', 'An export is going on: wait for its end or stop it');
    const stop = new AbortController();
    const work = this.run(to, split, path.resolve(out), stop.signal);
    this.running = { stop, ended: work.catch(() => undefined) };
    try {
      return await work;
    } finally {
      this.running = null;
    }
  }

  private async run(to: ExportFormName, split: string | null, out: string, signal: AbortSignal): Promise<DatasetExportReport> {
    const { dataset, workers, events, settle } = this.options;
    await settle();
    const images = dataset.located().filter((image) => split === null || image.split === split);
    const onProgress = throttledProgress((progress) => events.emit('datasetExports.progress', progress));
    const exportImage = (input: ExportImageInput) => workers.run('exportImage', input);
    const report = await exportData({ images, classSet: dataset.classSet, to, out, exportImage, onProgress, signal });
    return { out, ...report };
  }

  cancel(): void {
    this.running?.stop.abort();
  }

  handlers(): Services['datasetExports'] {
    return { start: ({ to, split, out }) => this.start(to, split, out), cancel: () => this.cancel() };
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.cancel();
    await this.running?.ended;
  }
}
