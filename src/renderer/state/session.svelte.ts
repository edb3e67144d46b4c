import type { Client } from '#shared/contract/index';
import type { HostInfo, UiState } from '#shared/contract/app';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import type { RunConfig } from '#shared/training/run-config';
import type { Connection } from '#shared/rpc/client';
import { SvelteMap } from 'svelte/reactivity';
import { notify } from './browser.ts';
import { Toasts } from './toasts.svelte.ts';

export const places = ['library', 'annotate', 'train', 'runs', 'review'] as const;
export type Place = (typeof places)[number];

/** Where a link leads: a place, and what to show there. */
export interface Target {
  imageId?: string;
  runId?: string;
  /** Image pixel to centre on. */
  at?: { x: number; y: number };
}

/** The settings of the next run, as the Train place is left. */
export interface Recipe {
  presetName: string;
  config: RunConfig;
  name: string;
  /** Run whose weights it starts from. */
  startFrom: string | null;
}

/** What every place shares: connection, open data set, its images, the run under way, and where one is. */
export class Session {
  readonly client: Client;
  readonly on: Connection['on'];
  readonly toasts = new Toasts();
  place = $state<Place>('library');
  target = $state<Target>({});
  dataset = $state<DatasetInfo | null>(null);
  readonly images = new SvelteMap<string, ImageEntry>();
  imagesLoaded = $state(false);
  imageId = $state<string | null>(null);
  training = $state.raw<TrainingStatus | null>(null);
  runs = $state.raw<RunSummary[]>([]);
  host = $state.raw<HostInfo | null>(null);
  lost = $state(false);
  /** Text on the right of the status bar, set by the place that is open. */
  statusText = $state('');
  /** The recipe as the Train place was left. */
  recipe: Recipe | null = null;
  private uiState: UiState = {};
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- timers are nothing that a view shows
  private readonly writes = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(connection: Connection) {
    const { on } = connection;
    this.client = connection.client;
    this.on = on;
    on('datasets.changed', (info) => void this.onDataset(info));
    on('datasets.images', (entries) => {
      for (const entry of entries) this.images.set(entry.id, entry);
    });
    on('training.status', (status) => this.onTraining(status));
    on('app.notice', ({ kind, text }) => this.toasts.show(kind, text));
    on(
      'runs.changed',
      (run) =>
        (this.runs = [...(run.deleted ? [] : [run]), ...this.runs.filter(({ id }) => id !== run.id)].sort((a, b) =>
          b.createdAt.localeCompare(a.createdAt),
        )),
    );
  }

  /** Fetches what the first screen needs. */
  async start(): Promise<void> {
    [this.host, this.uiState, this.training] = await Promise.all([
      this.client.app.host(),
      this.client.app.uiState(),
      this.client.training.status(),
    ]);
    const place = this.remembered<Place>('place', 'library');
    this.place = places.includes(place) ? place : 'library';
    const dataset = await this.client.datasets.current();
    if (dataset) await this.onDataset(dataset);
  }

  private async onDataset(info: DatasetInfo): Promise<void> {
    const another = this.dataset?.id !== info.id;
    this.dataset = info;
    if (!another) return;
    this.imagesLoaded = false;
    this.images.clear();
    const [images, runs, training] = await Promise.all([
      this.client.datasets.images(),
      this.client.runs.list({ withDeleted: false }),
      this.client.training.status(),
    ]);
    for (const entry of images) this.images.set(entry.id, entry);
    this.runs = runs;
    this.training = training;
    const last = this.remembered<string | null>(`image:${info.id}`, null);
    this.imageId = last !== null && this.images.has(last) ? last : (images[0]?.id ?? null);
    this.imagesLoaded = true;
  }

  private onTraining(status: TrainingStatus | null): void {
    const ended = this.training?.active && status !== null && !status.active;
    this.training = status;
    if (!ended) return;
    const { name, status: outcome, bestMiou } = status.run;
    notify(
      outcome === 'finished' ? 'Training has finished' : `Training ${outcome}`,
      `${name}${bestMiou === null ? '' : `, best mIoU ${bestMiou.toFixed(3)}`}`,
    );
  }

  get image(): ImageEntry | null {
    return this.imageId === null ? null : (this.images.get(this.imageId) ?? null);
  }

  go(place: Place, target: Target = {}): void {
    if (target.imageId) this.select(target.imageId);
    this.target = target;
    this.place = place;
    this.remember('place', place);
  }

  select(imageId: string): void {
    this.imageId = imageId;
    if (this.dataset) this.remember(`image:${this.dataset.id}`, imageId);
  }

  /** Moves to the next or previous image of the same split. */
  step(by: 1 | -1): void {
    const { image } = this;
    if (!image) return;
    const siblings = [...this.images.values()].filter(({ split }) => split === image.split);
    const next = siblings[siblings.findIndex(({ id }) => id === image.id) + by];
    if (next) this.select(next.id);
  }

  async openDataset(path: string): Promise<boolean> {
    return this.attempt(() => this.client.datasets.open({ path }));
  }

  /** Runs work whose failure a person should see. @returns whether it succeeded */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.toasts.error(error);
      return false;
    }
  }

  /** What a place remembered across restarts. */
  remembered<T>(key: string, fallback: T): T {
    try {
      return key in this.uiState ? (JSON.parse(this.uiState[key]) as T) : fallback;
    } catch {
      return fallback;
    }
  }

  remember(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    if (this.uiState[key] === text) return;
    this.uiState[key] = text;
    clearTimeout(this.writes.get(key));
    // A memory that cannot be written is not worth a message.
    this.writes.set(
      key,
      setTimeout(() => void this.client.app.setUiState({ key, value: text }).catch(() => undefined), 300),
    );
  }
}
