import type { ImageEntry } from '#shared/contract/datasets';
import { messageOf } from '#shared/errors';
import type { Emitter } from '../events.ts';
import type { Logger } from '../log.ts';
import type { OpenDataset } from './open-dataset.ts';

interface SurveyJobOptions {
  dataset: OpenDataset;
  events: Emitter;
  log: Logger;
  /** Images read at the same time. */
  together: number;
}

const tellMs = 250;
/** Images that a thread is given at once. */
const atOnce = 8;
const firstFew = 40;
/** How often it is looked whether a folder that is away is back. */
const awayMs = 1500;

/** Reads the images of a data set that are not known, in the background, whenever it is told to look. Its owner closes it. */
export class SurveyJob {
  private readonly options: SurveyJobOptions;
  private waiting: string[] = [];
  /** Images of a group that could not be surveyed together. */
  private readonly alone: string[] = [];
  /** Images that are just being read: those that have changed meanwhile are read again. */
  private readonly inHand = new Set<string>();
  private total = 0;
  private done = 0;
  private fresh: ImageEntry[] = [];
  private toldAt = 0;
  private closed = false;
  private toldAway = false;
  /** What was told of images that could not be surveyed. */
  private readonly failures = new Set<string>();
  /** Reads while something waits; null when nothing does. */
  private running: Promise<void> | null = null;
  private readonly ending = Promise.withResolvers<void>();

  constructor(options: SurveyJobOptions) {
    this.options = options;
    this.look();
  }

  /** Takes up every image that is not known now. */
  look(): void {
    if (this.closed) return;
    const unknown = this.options.dataset.images().filter(({ id, surveyed }) => !surveyed && !this.inHand.has(id));
    this.waiting = unknown.map(({ id }) => id).reverse();
    this.total = this.done + this.waiting.length + this.inHand.size;
    if (this.waiting.length > 0) this.running ??= this.run().catch((error: unknown) => this.giveUp(error));
  }

  /** Resolves when every image is known, or the job is closed; never rejects. */
  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    // What is asked for after the last thread has found nothing more is read too.
    while (this.waiting.length + this.alone.length > 0 && !this.closed)
      await Promise.all(Array.from({ length: this.options.together }, () => this.work()));
    this.tell(true);
    this.running = null;
    this.done = 0;
    if (this.closed) return;
    const { events, dataset } = this.options;
    events.emit('datasets.survey', null);
    events.emit('datasets.changed', dataset.info);
  }

  /** Whatever went wrong is told, and the next look begins afresh. */
  private giveUp(error: unknown): void {
    this.options.log.error({ err: error }, 'the survey has ended early');
    this.options.events.emit('app.notice', { kind: 'error', text: `Not every image could be looked at: ${messageOf(error)}` });
    this.options.events.emit('datasets.survey', null);
    this.inHand.clear();
    this.running = null;
  }

  private async work(): Promise<void> {
    const { dataset } = this.options;
    for (let ids = this.next(); ids.length > 0 && !this.closed; ids = this.next()) {
      try {
        const unknown = ids.filter((id) => dataset.has(id) && !dataset.entry(id).surveyed);
        const found = unknown.length > 0 ? await dataset.surveyAll(unknown) : [];
        this.fresh.push(...found);
        // Its files have changed while they were read.
        const again = found.filter(({ id, surveyed }) => !surveyed && dataset.has(id));
        this.waiting.unshift(...again.map(({ id }) => id));
      } catch (error) {
        if (!dataset.isThere) {
          this.letGo(ids);
          await this.waitFor(ids, error);
          continue;
        }
        // One image that cannot be read or recorded must not end the survey of the others: which it is shows when each is read alone.
        if (ids.length > 1) {
          this.alone.push(...ids);
          continue;
        }
        this.tellFailed(ids[0], error);
      }
      this.letGo(ids);
      this.done += ids.length;
      this.tell(false);
    }
  }

  /** The first are few: their thumbnails are looked at while the others are read. */
  private next(): string[] {
    if (this.alone.length > 0) return this.alone.splice(0, 1);
    const ids = this.waiting.splice(-(this.done < firstFew ? 1 : atOnce)).reverse();
    for (const id of ids) this.inHand.add(id);
    return ids;
  }

  private letGo(ids: readonly string[]): void {
    for (const id of ids) this.inHand.delete(id);
  }

  /** A folder that is away tells nothing of its images: they are read when it is back. */
  private async waitFor(ids: readonly string[], error: unknown): Promise<void> {
    this.waiting.push(...ids.toReversed());
    if (!this.toldAway) this.options.events.emit('app.notice', { kind: 'error', text: messageOf(error) });
    this.toldAway = true;
    await Promise.race([this.ending.promise, new Promise((resolve) => setTimeout(resolve, awayMs).unref())]);
  }

  /** Each look tries an image again that could not be surveyed; why not is told once. */
  private tellFailed(id: string, error: unknown): void {
    const { events, log } = this.options;
    const text = `${id} could not be surveyed: ${messageOf(error)}`;
    if (this.closed || this.failures.has(text)) return;
    this.failures.add(text);
    log.error({ err: error, image: id }, 'an image could not be surveyed');
    events.emit('app.notice', { kind: 'error', text });
  }

  private tell(always: boolean): void {
    if (this.closed || (!always && Date.now() - this.toldAt < tellMs)) return;
    this.toldAt = Date.now();
    const { events } = this.options;
    events.emit('datasets.images', this.fresh.splice(0));
    if (!always) events.emit('datasets.survey', { done: Math.min(this.done, this.total), total: this.total });
  }

  /** Ends after the images in hand. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    this.ending.resolve();
    await this.settled();
  }
}
