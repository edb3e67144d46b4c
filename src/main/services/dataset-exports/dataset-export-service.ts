import type { DatasetExportReport } from '#shared/contract/dataset-exports';
import type { Services } from '#shared/contract/index';
import type { ExportFormName } from '#shared/data/export-forms';
import { typedPath } from '../app/typed-path.ts';
import { lackedClasses, mapClasses } from '#shared/classes/class-map';
import { AppError, messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { throttledProgress } from '#shared/throttled-progress';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import type { PredictionStore } from '../review/prediction-store.ts';
import type { Emitter } from '../events.ts';
import type { Workers } from '../workers/workers.ts';
import { exportData } from './export-data.ts';
import type { ExportImageInput } from './export-image.ts';
import { assertOutside } from './out-place.ts';

interface DatasetExportServiceOptions {
  dataset: OpenDataset;
  events: Emitter;
  workers: Workers;
  predictions: PredictionStore;
  /** Saves what is unsaved: what goes out is what is seen. */
  settle: () => Promise<void>;
}

interface AskedExport {
  to: ExportFormName;
  split: string | null;
  out: string;
  predictionId: string | null;
}

/** Exports of the open data set, one at a time. Its owner closes it. */
export class DatasetExportService {
  private readonly options: DatasetExportServiceOptions;
  private running: { stop: AbortController; ended: Promise<unknown> } | null = null;

  constructor(options: DatasetExportServiceOptions) {
    this.options = options;
  }

  /** @throws AppError 'busy' while one is going on, or as `exportData` */
  async start({ to, split, out, predictionId }: AskedExport): Promise<DatasetExportReport> {
    if (this.running) throw new AppError('busy', 'An export is going on: wait for its end or stop it');
    const stop = new AbortController();
    const work = this.run({ to, split, out: typedPath(out), predictionId }, stop.signal);
    this.running = { stop, ended: work.catch(() => undefined) };
    const { events } = this.options;
    try {
      const report = await work;
      events.emit('datasetExports.changed', { end: { report, problem: null } });
      return report;
    } catch (error) {
      events.emit('datasetExports.changed', { end: { report: null, problem: messageOf(error) } });
      throw error;
    } finally {
      this.running = null;
    }
  }

  private async run({ to, split, out, predictionId }: AskedExport, signal: AbortSignal): Promise<DatasetExportReport> {
    const { dataset, workers, events, settle } = this.options;
    assertOutside(out, dataset.path);
    await settle();
    const { images, classSet } =
      predictionId === null ? { images: dataset.located(), classSet: dataset.classSet } : this.predicted(predictionId);
    const asked = images.filter((image) => split === null || image.split === split);
    // Whose masks nobody may learn from until a person has looked at them do not go out as labels either.
    const doubts = predictionId === null ? asked.flatMap(({ id }) => this.doubtOf(id)) : [];
    const left = new Set(doubts.map(({ id }) => id));
    const chosen = asked.filter(({ id }) => !left.has(id));
    if (chosen.length === 0 && doubts.length > 0)
      throw new AppError('not-found', `Nothing is exported: ${doubts[0].text}. The Library's filter "Problems" shows what helps`);
    const onProgress = throttledProgress((progress) => events.emit('datasetExports.changed', { progress }));
    const exportImage = (input: ExportImageInput) => workers.run('exportImage', input);
    const assertThere = () => {
      if (!dataset.isThere) throw new AppError('not-found', `${dataset.path} is not there any more: nothing was exported`);
    };
    const report = await exportData({ images: chosen, classSet, to, out, exportImage, assertThere, onProgress, signal });
    return { ...report, out, notes: [...doubts.map(({ text }) => `left out: ${text}`), ...report.notes] };
  }

  /** Why a mask may be of another photo than its own, or lies otherwise than that; empty where it does not. */
  private doubtOf(id: string): { id: string; text: string }[] {
    const found = this.options.dataset.entry(id)?.problems.find(({ kind }) => kind === 'photo' || kind === 'turned');
    return found ? [{ id, text: found.text }] : [];
  }

  /**
   * The images of a prediction with its masks, which hold the ids of its own classes.
   * @throws AppError 'not-found', 'invalid-argument' if it has a class that the data set lacks
   */
  private predicted(predictionId: string): { images: LocatedImage[]; classSet: ClassSet } {
    const { predictions, dataset } = this.options;
    const { classSet } = dataset;
    const { classes } = predictions.info(predictionId);
    const lacked = lackedClasses(classes, classSet.classes);
    if (lacked !== null) throw new AppError('invalid-argument', lacked);
    const { ids } = mapClasses(classes, classSet.classes);
    const predicted = predictions.imageIds(predictionId);
    const images = dataset
      .located()
      .filter(({ id }) => predicted.has(id))
      .map((image) => ({ ...image, maskFile: predictions.file(predictionId, image.id) }));
    const format = { ...classSet.format, by: 'value' as const, toId: Array.from(ids), own: undefined, voidValue: voidId };
    return { images, classSet: { ...classSet, format } };
  }

  cancel(): void {
    this.running?.stop.abort();
  }

  handlers(): Services['datasetExports'] {
    return { start: (asked) => this.start(asked), cancel: () => this.cancel() };
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.cancel();
    await this.running?.ended;
  }
}
