import type { ClassInfo } from '#shared/classes/class-info';
import { inSafeColours } from '#shared/classes/safe-colours';
import type { Drafts } from '../editor/hand.ts';
import type { Client, EventName, EventPayloads } from '#shared/contract/index';
import type { HostInfo, UiState } from '#shared/contract/app';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import type { Connection, ConnectionState } from '#shared/rpc/client';
import { SvelteMap } from 'svelte/reactivity';
import { RecipeDesk } from './recipe-desk.ts';
import { predictionEnds } from './prediction-end.ts';
import { tellEnd } from './run-end.ts';
import type { Command } from './palette.ts';
import { SaveProblems } from './save-problems.ts';
import { DatasetExporting } from './dataset-export.svelte.ts';
import { WorkState } from './work.svelte.ts';
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

/** A mask in this window, and what of it main does not have yet. */
interface WaitingStrokes {
  readonly unacknowledged: number;
  readonly stuck: boolean;
}

/** What every place shares: connection, open data set, its images, the run under way, and where one is. */
export class Session {
  readonly client: Client;
  /** Names this window among those of the workbench, until it is reloaded. */
  readonly windowId = crypto.randomUUID().slice(0, 8);
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
  /** Whether classes are shown in colours that colour-blind eyes tell apart. */
  safeColours = $state(false);
  link = $state<ConnectionState>('open');
  /** Another data set that was opened from another window; this one shows its own until a person goes on. */
  moved = $state.raw<DatasetInfo | null>(null);
  /** What the workbench waits for before it ends; null while it does not. */
  closing = $state.raw<string[] | null>(null);
  /** How far reading the data set's images is; null once it is done. */
  survey = $state.raw<{ done: number; total: number } | null>(null);
  /** What is being opened, by whatever window; null if nothing. */
  beingOpened = $state.raw<string | null>(null);
  /** Text on the right of the status bar, set by the place that is open. */
  statusText = $state('');
  /** What is open with tools on images that were left, by data set and image. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  readonly drafts = new Map<string, Drafts>();
  readonly recipes = new RecipeDesk(this);
  /** How far the work on each image is. */
  readonly work: WorkState;
  readonly exporting: DatasetExporting;
  /** The images that the Library shows, in its order: those that one steps through; null for all of a split. */
  queue = $state.raw<readonly string[] | null>(null);
  /** What the place that is open lets be found among the commands. */
  offered = $state.raw<readonly Command[]>([]);
  /** What can be done in every place. */
  everywhere = $state.raw<readonly Command[]>([]);
  private strokes = 0;
  private readonly connection: Connection;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly resyncs = new Set<() => Promise<void>>();
  private readonly saveProblems = new SaveProblems(this.toasts, (imageId, keep) => {
    void this.resolve(imageId, keep);
  });
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly masks = new Set<WaitingStrokes>();
  /** The images of which events told since the last reading began. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private told = new Set<string>();
  /** The last reading of a data set into this window. */
  private loading: Promise<void> = Promise.resolve();
  /** Whether this window has asked for the data set that opens next. */
  private opening = 0;
  /** What was told of another data set meanwhile: the one to open may fail, or be followed by another window's. */
  private elsewhere = $state.raw<DatasetInfo | null>(null);
  private uiState: UiState = {};
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- timers are nothing that a view shows
  private readonly writes = new Map<string, ReturnType<typeof setTimeout>>();

  private takesImages: ((files: File[]) => void) | null = null;

  constructor(connection: Connection) {
    this.connection = connection;
    this.client = connection.client;
    this.work = new WorkState(this);
    connection.onState((state) => void this.onLink(state));
    connection.on('datasets.changed', (info) => void this.onDataset(info));
    connection.on('datasets.opening', (folder) => (this.beingOpened = folder));
    connection.on('app.closing', ({ waitsFor }) => (this.closing = waitsFor));
    this.on('datasets.images', (entries) => {
      for (const entry of entries) {
        this.images.set(entry.id, entry);
        this.told.add(entry.id);
      }
    });
    this.on('edits.state', (state) => {
      this.saveProblems.take(state);
      if (state.state === 'saved') this.forgetTrouble(/ is gone: /);
    });
    this.on('datasets.survey', (survey) => {
      this.survey = survey;
      this.forgetTrouble(/ is gone: /);
    });
    this.on('training.status', (status) => this.onTraining(status));
    this.on('review.progress', predictionEnds(this));
    this.on('app.notice', ({ kind, text }) => this.toasts.show(kind, text));
    this.on('runs.changed', (run) => this.onRun(run));
    this.exporting = new DatasetExporting(this);
  }

  /** Subscribes to an event of the data set that this window shows, or of none. @returns a function that ends it */
  on: <Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void) => () => void = (name, listener) =>
    this.connection.on(name, (payload, dataset) => {
      if (dataset === undefined || dataset === this.dataset?.id) listener(payload);
    });

  /** Takes messages about the folder away whose cause is gone. */
  private forgetTrouble(about: RegExp): void {
    const { path } = this.dataset ?? {};
    if (path !== undefined) this.toasts.dismissWhere((text) => text.startsWith(path) && about.test(text));
  }

  /** Names a stroke of this window, never used again. */
  nextStroke(): string {
    return `${this.windowId}:${++this.strokes}`;
  }

  private async resolve(imageId: string, keep: 'mine' | 'theirs'): Promise<void> {
    const resolved = await this.attempt(async () => this.saveProblems.take(await this.client.edits.resolve({ imageId, keep })));
    // The ways out are offered again where one led nowhere.
    if (!resolved) await this.attempt(async () => this.saveProblems.retake(await this.client.edits.unsaved()));
  }

  /** Counts a mask's strokes among those that may be lost with the window. @returns a function that ends it */
  keep(mask: WaitingStrokes): () => void {
    this.masks.add(mask);
    return () => this.masks.delete(mask);
  }

  /** Strokes that are not safe yet, also of images that have been left. */
  get unsafeStrokes(): number {
    return [...this.masks].reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
  }

  /** Whether strokes would be lost with the window: they wait for a workbench that does not answer, or for a mask that cannot be read. */
  get strokesAtRisk(): boolean {
    return this.unsafeStrokes > 0 && (this.link !== 'open' || [...this.masks].some(({ stuck }) => stuck));
  }

  /** Calls back when the connection is there again: what was known is then read anew. @returns a function that ends it */
  onResync(work: () => Promise<void>): () => void {
    this.resyncs.add(work);
    return () => this.resyncs.delete(work);
  }

  /** Has everything read anew that is shown. What cannot be is told, and keeps nothing else from it. */
  private async resync(): Promise<void> {
    await Promise.all([...this.resyncs].map((work) => this.attempt(work)));
  }

  /** Whether the workbench has another data set open than this window shows. */
  get isAway(): boolean {
    return this.moved !== null || this.elsewhere !== null;
  }

  /** Why nothing can be changed now, in one sentence; null where it can. */
  get blocked(): string | null {
    if (this.link !== 'open') return 'The workbench does not answer: nothing can be painted until it does.';
    if (this.moved) return `Another data set was opened in another window: ${this.moved.name}.`;
    if (this.elsewhere) return `${this.elsewhere.name} is being opened.`;
    if (this.closing) return 'The workbench is closing.';
    return this.dataset?.readOnlyReason ?? null;
  }

  private async onLink(state: ConnectionState): Promise<void> {
    this.link = state;
    if (state !== 'open') return;
    this.closing = null;
    // It does again.
    this.toasts.dismissText('The workbench does not answer');
    await this.attempt(() => this.start());
    // Strokes that wait are sent whatever else could not be read.
    await this.resync();
  }

  /** The end of the workbench's log. */
  readLog(): Promise<{ file: string | null; lines: string[] }> {
    return this.client.app.log();
  }

  /** Tries to reach the workbench now. */
  reconnect(): void {
    this.connection.retry();
  }

  private onRun(run: RunSummary): void {
    const others = this.runs.filter(({ id }) => id !== run.id);
    this.runs = [...(run.deleted ? [] : [run]), ...others].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** Fetches what the first screen needs. */
  async start(): Promise<void> {
    const [host, uiState] = await Promise.all([this.client.app.host(), this.client.app.uiState()]);
    this.host = host;
    // What this window remembers is newer than what it could tell while the workbench did not answer.
    this.uiState = { ...uiState, ...this.uiState };
    if (!this.dataset) {
      this.safeColours = this.remembered('safeColours', false);
      const place = this.remembered<Place>('place', 'library');
      this.place = places.includes(place) ? place : 'library';
    }
    this.beingOpened = await this.client.datasets.opening();
    const dataset = await this.client.datasets.current();
    if (!dataset) return;
    if (this.dataset?.id === dataset.id) await this.load(dataset);
    else await this.onDataset(dataset);
  }

  private async onDataset(info: DatasetInfo): Promise<void> {
    const { dataset: before } = this;
    const another = before?.id !== info.id;
    // A window stays with what it shows: nobody's next stroke may land in a data set that somebody else has opened. The one that this
    // window opens comes with its answer.
    if (another && before) {
      if (this.opening > 0) this.elsewhere = info;
      else this.moved = info;
      return;
    }
    const again = before?.openedAt !== info.openedAt;
    // What it had still to tell as another took its place.
    if (this.isAway && !again) return;
    this.elsewhere = null;
    // What happened while it was another's, or closed, is not known here.
    const returned = again || (before.heldBy !== null && info.heldBy === null);
    if (another) await this.attempt(() => this.load(info));
    else if (returned) {
      this.forgetTrouble(/ was taken over by /);
      await this.attempt(() => this.reload(info));
    } else if (before?.listedAt !== info.listedAt) await this.attempt(() => this.load(info));
    else this.dataset = info;
  }

  /** Turns to a data set, or reads the one that is shown anew. */
  private load(info: DatasetInfo): Promise<void> {
    this.loading = this.read(info);
    return this.loading;
  }

  private async read(info: DatasetInfo): Promise<void> {
    this.connection.bind(info.id);
    const another = this.dataset?.id !== info.id;
    if (another) {
      if (this.dataset) this.tellLeftBehind(this.dataset.name);
      this.imagesLoaded = false;
      this.images.clear();
      this.imageId = null;
      // Ids of one data set may be those of another.
      this.queue = null;
      this.runs = [];
      this.training = null;
      this.toasts.dismissText('The training of');
    }
    this.moved = null;
    this.dataset = info;
    this.survey = null;
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
    const told = (this.told = new Set<string>());
    const isHere = () => this.dataset?.id === info.id;
    const [images, unsaved] = await Promise.all([
      this.client.datasets.images(),
      this.client.edits.unsaved(),
      this.work.load(),
      // Taken as soon as they are answered: what is told of them while others are on their way is newer.
      this.client.runs.list({ withDeleted: false }).then((runs) => isHere() && (this.runs = runs)),
      this.client.training.status().then((training) => isHere() && this.onTraining(training)),
    ]);
    if (this.dataset?.id !== info.id) return;
    // What was told while the answers were on their way is newer than they are.
    this.takeImages(images.map((entry) => (told.has(entry.id) ? (this.images.get(entry.id) ?? entry) : entry)));
    this.saveProblems.retake(unsaved);
    const last = this.imageId ?? this.remembered<string | null>(`image:${info.id}`, null);
    this.imageId = last !== null && this.images.has(last) ? last : (images[0]?.id ?? null);
    this.imagesLoaded = true;
    // Strokes that were left behind when this window turned away from this data set.
    if (another && this.unsafeStrokes > 0) await this.resync();
  }

  /** Has these images and no others, in this order: events may have told of some before the rest of them was known. */
  private takeImages(entries: readonly ImageEntry[]): void {
    const known = [...this.images.keys()];
    if (known.length !== entries.length || entries.some(({ id }, place) => known[place] !== id)) this.images.clear();
    for (const entry of entries) this.images.set(entry.id, entry);
  }

  private tellLeftBehind(name: string): void {
    const { unsafeStrokes } = this;
    if (unsafeStrokes === 0) return;
    const strokes = unsafeStrokes === 1 ? '1 stroke' : `${unsafeStrokes} strokes`;
    this.toasts.show('error', `${strokes} in ${name} could not be kept: they are sent when it is open in this window again.`);
  }

  /** Reads the data set that is shown anew, with everything that shows a part of it. */
  private async reload(info: DatasetInfo): Promise<void> {
    await this.load(info);
    await this.resync();
  }

  /** Goes on with the data set that was opened from another window. */
  async followMoved(): Promise<void> {
    const { moved } = this;
    if (moved) await this.attempt(() => this.load(moved));
  }

  /** Opens a data set in this window. @returns whether it is open now */
  async open(work: () => Promise<DatasetInfo>): Promise<DatasetInfo> {
    this.opening++;
    try {
      const info = await work();
      // What was told before the answer is older than it is.
      this.elsewhere = null;
      if (this.dataset?.id !== info.id) await this.load(info);
      else if (this.moved || this.dataset.openedAt !== info.openedAt) await this.reload(info);
      // The event may have come before the answer.
      else await this.loading;
      return info;
    } finally {
      if (--this.opening === 0) this.moveElsewhere();
    }
  }

  private moveElsewhere(): void {
    if (this.elsewhere && this.elsewhere.id !== this.dataset?.id) this.moved = this.elsewhere;
    this.elsewhere = null;
  }

  /** Takes the data set from the workbench that has it. */
  async takeOver(): Promise<void> {
    await this.attempt(async () => this.onDataset(await this.client.datasets.takeOver()));
  }

  private onTraining(status: TrainingStatus | null): void {
    const ended = this.training?.active && status?.active === false && this.training.run.id === status.run.id;
    this.training = status;
    if (ended) tellEnd(this, status.run);
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

  /** A place one was sent to counts once: whoever has gone on from there is not brought back. */
  arrived(...at: (keyof Target)[]): void {
    for (const part of at) delete this.target[part];
  }

  select(imageId: string): void {
    this.imageId = imageId;
    if (this.dataset) this.remember(`image:${this.dataset.id}`, imageId);
  }

  /** The images that one steps through: those that the Library shows, where the image at hand is among them, else its split's. */
  get siblings(): ImageEntry[] {
    const { image, queue } = this;
    if (!image) return [];
    if (queue?.includes(image.id)) return queue.flatMap((id) => this.images.get(id) ?? []);
    return [...this.images.values()].filter(({ split }) => split === image.split);
  }

  /** The next or previous image; null where there is none. */
  neighbour(by: 1 | -1): ImageEntry | null {
    const { siblings } = this;
    return siblings[siblings.findIndex(({ id }) => id === this.imageId) + by] ?? null;
  }

  /** Moves to the next image that is so, round the end. @returns whether there is one */
  stepTo(isWanted: (image: ImageEntry) => boolean): boolean {
    const { siblings } = this;
    const at = siblings.findIndex(({ id }) => id === this.imageId);
    const next = [...siblings.slice(at + 1), ...siblings.slice(0, Math.max(0, at))].find(isWanted);
    if (next) this.select(next.id);
    return next !== undefined;
  }

  /** Moves there. */
  step(by: 1 | -1): void {
    const next = this.neighbour(by);
    if (next) this.select(next.id);
  }

  /** Opens a folder in this window. @throws AppError as main says */
  openFolder(path: string): Promise<DatasetInfo> {
    return this.open(() => this.client.datasets.open({ path }));
  }

  /** The same; why not is told. @returns whether it is open */
  openDataset(path: string): Promise<boolean> {
    return this.attempt(() => this.openFolder(path));
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

  /** The classes of the open data set, in the colours that they are shown in. */
  get classes(): readonly ClassInfo[] {
    return this.inShownColours(this.dataset?.classes ?? []);
  }

  inShownColours(classes: readonly ClassInfo[]): readonly ClassInfo[] {
    return this.safeColours ? inSafeColours(classes) : classes;
  }

  useSafeColours(use: boolean): void {
    this.safeColours = use;
    this.remember('safeColours', use);
  }

  /** Hands images that are dropped to a place, for as long as it is there. @returns a function that ends it */
  whenImagesAreDropped(take: (files: File[]) => void): () => void {
    this.takesImages = take;
    return () => {
      if (this.takesImages === take) this.takesImages = null;
    };
  }

  /** @returns whether a place takes them */
  dropImages(files: File[]): boolean {
    this.takesImages?.(files);
    return this.takesImages !== null;
  }

  /** What a place remembered across restarts. */
  remembered<T>(key: string, fallback: T): T {
    try {
      return key in this.uiState ? (JSON.parse(this.uiState[key]) as T) : fallback;
    } catch {
      // A memory of another version is none.
      return fallback;
    }
  }

  remember(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    if (this.uiState[key] === text) return;
    this.uiState[key] = text;
    clearTimeout(this.writes.get(key));
    this.writes.set(
      key,
      setTimeout(() => void this.write(key), 300),
    );
  }

  private async write(key: string): Promise<void> {
    clearTimeout(this.writes.get(key));
    this.writes.delete(key);
    // A memory that cannot be written is not worth a message.
    await this.client.app.setUiState({ key, value: this.uiState[key] }).catch(() => undefined);
  }

  /** Sends what is to be remembered and waits still: the window may be closed. */
  async flushMemory(): Promise<void> {
    await Promise.all([...this.writes.keys()].map((key) => this.write(key)));
  }
}
