import { counted } from '#shared/counted';
import type { DatasetExportEnd } from '#shared/contract/dataset-exports';
import type { Client, EventName, EventPayloads } from '#shared/contract/index';
import type { PredictionInfo } from '#shared/contract/review';
import type { ExportFormName } from '#shared/data/export-forms';
import { messageOf } from '#shared/errors';
import type { Progress } from '#shared/throttled-progress';
import type { WayBackWindow } from './way-back.ts';

/** The predictions whose masks can go out. */
export const exportablePredictions = async ({ client }: { client: Pick<Client, 'review'> }): Promise<PredictionInfo[]> =>
  (await client.review.predictions()).predictions;

/** What of a window it works with. */
interface ExportingWindow extends Omit<WayBackWindow, 'isAway'> {
  readonly client: Pick<Client, 'datasetExports'>;
  onResync(listener: () => Promise<void>): () => void;
  on: <Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void) => () => void;
}

/** The export of the data set that a window shows. It goes on while one is elsewhere, and how it ends is told. */
export class DatasetExporting {
  progress = $state.raw<Progress | null>(null);
  /** How the last one ended: where it is, and what went out otherwise. */
  notes = $state.raw<string[]>([]);
  error = $state('');
  /** Whether a dialog shows it: else a message tells its end. */
  isShown = false;
  /** The data set that is written, as it was opened; null for none. */
  private of = $state<string | null>(null);
  /** The data set whose export ended so. */
  private endedOf: string | null = null;
  private readonly session: ExportingWindow;

  constructor(session: ExportingWindow) {
    this.session = session;
    // Also one that was begun in another window, or before this one was loaded anew.
    session.on('datasetExports.changed', (state) => {
      if ('end' in state) return this.end(state.end);
      this.progress = state.progress;
      this.of = this.opened;
    });
    // What ended meanwhile was told to nobody; what goes on tells of itself again.
    session.onResync(() => {
      this.of = null;
      return Promise.resolve();
    });
  }

  /** Names the data set as it is open: opening another one ends the export. */
  private get opened(): string | null {
    const { dataset } = this.session;
    return dataset && `${dataset.id} ${dataset.openedAt}`;
  }

  get running(): boolean {
    return this.of !== null && this.of === this.opened;
  }

  /** The dialog is opened: what was said of another data set is not of this one. */
  enter(): void {
    this.isShown = true;
    if (!this.running && this.endedOf !== this.opened) this.clear();
  }

  /** The dialog is closed: how the last one ended has been read. */
  leave(): void {
    this.isShown = false;
    if (!this.running) this.clear();
  }

  private clear(): void {
    [this.notes, this.error, this.progress] = [[], '', null];
  }

  /** Writes the open data set in a form that others read. */
  async start(options: { to: ExportFormName; split: string | null; out: string; predictionId: string | null }): Promise<void> {
    this.clear();
    this.of = this.endedOf = this.opened;
    try {
      await this.session.client.datasetExports.start(options);
    } catch (error) {
      this.error = messageOf(error);
    }
    // What another window writes tells of itself again.
    this.of = null;
  }

  private end({ report, problem }: DatasetExportEnd): void {
    this.endedOf = this.opened;
    this.of = null;
    this.progress = null;
    this.error = problem ?? '';
    this.notes = report ? [`${counted(report.images, 'image')} in ${report.out}`, ...report.notes] : [];
    if (this.isShown) return;
    const { toasts } = this.session;
    if (problem !== null) toasts.show('error', `The export ended: ${problem}`);
    else toasts.show('info', `Exported: ${this.notes.slice(0, 2).join('; ')}${this.notes.length > 2 ? '; more in Export' : ''}.`);
  }

  cancel(): void {
    void this.session.attempt(() => this.session.client.datasetExports.cancel());
  }
}
