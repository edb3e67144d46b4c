import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DatasetInfo, FolderListing, ImageEntry } from '#shared/contract/datasets';
import type { Services } from '#shared/contract/index';
import { AppError, messageOf } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import type { EventBus } from '../events.ts';
import { findResources } from '../resources.ts';
import type { Settings } from '../app/settings.ts';
import { looksLikeDataset } from './layout.ts';
import { OpenDataset } from './open-dataset.ts';

const surveyBatch = 12;

/** Opens data sets and keeps the library's knowledge of them fresh. */
export class DatasetService {
  private readonly options: { userData: string; settings: Settings; events: EventBus };
  private dataset: OpenDataset | null = null;
  private surveys: Promise<void> = Promise.resolve();
  private readonly closing: ((dataset: OpenDataset) => void)[] = [];
  private readonly opening: ((dataset: OpenDataset) => void)[] = [];

  constructor(options: { userData: string; settings: Settings; events: EventBus }) {
    this.options = options;
  }

  /** Registers work for when another data set takes the place of the open one. */
  onClose(work: (dataset: OpenDataset) => void): void {
    this.closing.push(work);
  }

  onOpen(work: (dataset: OpenDataset) => void): void {
    this.opening.push(work);
  }

  /** @throws AppError 'not-found' if no data set is open */
  require(): OpenDataset {
    if (!this.dataset) throw new AppError('not-found', 'No data set is open');
    return this.dataset;
  }

  current(): DatasetInfo | null {
    return this.dataset?.info ?? null;
  }

  /** Opens a folder; the data set open before stays open if that fails. @throws AppError */
  open(folder: string, isSample = false): DatasetInfo {
    const resolved = path.resolve(folder);
    if (this.dataset?.path === resolved) return this.dataset.info;
    const dataset = new OpenDataset(resolved, { userData: this.options.userData, isSample });
    try {
      if (this.dataset) for (const work of this.closing) work(this.dataset);
    } catch (error) {
      dataset.close();
      throw error;
    }
    this.dataset?.close();
    this.dataset = dataset;
    if (!isSample) this.options.settings.rememberDataset(resolved);
    for (const work of this.opening) work(dataset);
    this.surveys = this.surveyAll(dataset);
    this.options.events.emit('datasets.changed', dataset.info);
    return dataset.info;
  }

  /** The sample is copied to the user's data folder once, so that it can be painted on. */
  openSample(): DatasetInfo {
    const target = path.join(this.options.userData, 'sample');
    if (!existsSync(path.join(target, 'train'))) {
      mkdirSync(target, { recursive: true });
      cpSync(path.join(findResources(), 'sample'), target, { recursive: true });
    }
    return this.open(target, true);
  }

  recent(): string[] {
    return this.options.settings.recentDatasets();
  }

  images(): ImageEntry[] {
    return this.require().images();
  }

  /** Resolves when every image of the open data set has been surveyed. */
  async surveyed(): Promise<void> {
    await this.surveys;
  }

  private async surveyAll(dataset: OpenDataset): Promise<void> {
    const waiting = dataset
      .images()
      .filter((entry) => !entry.surveyed)
      .map(({ id }) => id);
    for (let from = 0; from < waiting.length; from += surveyBatch) {
      const entries: ImageEntry[] = [];
      for (const id of waiting.slice(from, from + surveyBatch)) {
        if (this.dataset !== dataset) return;
        try {
          entries.push(await dataset.survey(id));
        } catch (error) {
          // One image that cannot be read or recorded must not end the survey of the others.
          this.options.events.emit('app.notice', { kind: 'error', text: `${id} could not be surveyed: ${messageOf(error)}` });
        }
      }
      this.options.events.emit('datasets.images', entries);
    }
    if (waiting.length > 0 && this.dataset === dataset) this.options.events.emit('datasets.changed', dataset.info);
  }

  /** Surveys one image again, after its mask has been written. @param editedAt null forgets that it was edited */
  async refresh(dataset: OpenDataset, id: string, editedAt?: string | null): Promise<void> {
    const before = dataset.entry(id).hasMask;
    const entry = await dataset.survey(id, editedAt);
    if (this.dataset !== dataset) return;
    this.options.events.emit('datasets.images', [entry]);
    if (entry.hasMask !== before) this.options.events.emit('datasets.changed', dataset.info);
  }

  /** Folders below a folder, for choosing one without a native dialog. @param folder null starts at home */
  listFolders(folder: string | null): FolderListing {
    const at = path.resolve(folder ?? os.homedir());
    let names;
    try {
      names = readdirSync(at, { withFileTypes: true });
    } catch (error) {
      throw asFileError(error, at);
    }
    const folders = names
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => ({
        name: entry.name,
        path: path.join(at, entry.name),
        looksLikeDataset: looksLikeDataset(path.join(at, entry.name)),
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
    const parent = path.dirname(at);
    return { path: at, parent: parent === at ? null : parent, folders };
  }

  close(): void {
    this.dataset?.close();
    this.dataset = null;
  }

  /** The methods of the contract. */
  handlers(): Services['datasets'] {
    return {
      current: () => this.current(),
      open: ({ path: folder }) => this.open(folder),
      openSample: () => this.openSample(),
      recent: () => this.recent(),
      images: () => this.images(),
      listFolders: ({ path: folder }) => this.listFolders(folder),
    };
  }
}
