import type { PresetInfo, QueuedRun, QueueState, RateSearch, RunEstimate, TrainingStart } from '#shared/contract/training';
import { mostWatched, type EpochMetrics, type StepPoint } from '#shared/training/messages';
import type { RunDetail } from '#shared/contract/runs';
import type { ClassInfo } from '#shared/classes/class-info';
import { AppError, isCancelled, messageOf } from '#shared/errors';
import { sameJson } from '#shared/same-json';
import { fineTuned } from '#shared/training/fine-tune';
import { counted } from '#shared/counted';
import type { RunConfig } from '#shared/training/run-config';
import { fileOfStart, isStarter } from '#shared/training/start-weights';
import { askToNotify, saveText } from './browser.ts';
import type { Recipe } from './recipe-desk.ts';
import type { Session } from './session.svelte.ts';
import { offerBack } from './way-back.ts';

const logLines = 500;
const refreshMs = 400;

/** What the Train place holds: the recipe being chosen, and the curves of the run under way or the last one. */
export class TrainState {
  presets = $state.raw<PresetInfo[]>([]);
  presetName = $state('light');
  config = $state<RunConfig | null>(null);
  name = $state('');
  runId = $state<string | null>(null);
  epochs = $state.raw<EpochMetrics[]>([]);
  steps = $state.raw<StepPoint[]>([]);
  log = $state.raw<string[]>([]);
  /** What is being started, whichever window asked for it. */
  starting = $state<TrainingStart | null>(null);
  /** What the next one starts from, as `start-weights` names it. */
  startFrom = $state<string | null>(null);
  estimate = $state.raw<RunEstimate | null>(null);
  /** Why the recipe has no estimate; empty where it has one. */
  estimateError = $state('');
  search = $state.raw<RateSearch | null>(null);
  queue = $state.raw<QueueState>({ waiting: [], broken: [], held: false });
  strip = $state.raw<RunDetail['strip']>(null);
  /** Validation images that are watched, of this data set. */
  watched = $state.raw<readonly string[]>([]);
  /** The classes of the run shown: its scores are of these. */
  classes = $state.raw<readonly ClassInfo[]>([]);
  protocol = $state.raw<Pick<RunDetail, 'protocol' | 'ownProtocol'> | null>(null);
  private readonly session: Session;
  /** The data set that the recipe was chosen in. */
  private chosenFor: string | undefined;
  private readonly unsubscribes: (() => void)[];
  /** Grows with every estimate that is asked for: an earlier answer is of settings that are not there any more. */
  private estimating = 0;
  private waiting: StepPoint[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(session: Session) {
    this.session = session;
    this.unsubscribes = [
      session.on('training.step', ({ runId, point }) => runId === this.runId && this.addStep(point)),
      session.on('training.epoch', ({ runId }) => runId === this.runId && void session.attempt(() => this.refreshRun())),
      session.on('training.resumed', ({ runId }) => runId === this.runId && void session.attempt(() => this.refreshRun(true))),
      session.onResync(() => this.refresh()),
      session.recipes.open(this),
      session.on('training.rate', (search) => (this.search = search)),
      session.on('training.queue', (queue) => (this.queue = queue)),
      session.on('training.starting', (starting) => (this.starting = starting)),
      session.on('training.strip', ({ runId, epoch, images }) => {
        if (runId === this.runId) this.strip = { epoch, images };
      }),
      session.on('training.log', ({ runId, line }) => {
        if (runId === this.runId) this.log = [...this.log, line].slice(-logLines);
      }),
    ];
  }

  /**
   * Takes a recipe as it was left, or a run's to run it again. What belongs to another data set, or to a preset that is
   * gone, is not taken.
   */
  takeOver({ presetName, config, name, startFrom }: Recipe): void {
    // What was sent before the place has read anything is taken when it has.
    if (this.presets.length === 0) return;
    this.presetName = this.presets.some((preset) => preset.name === presetName) ? presetName : (this.presets[0]?.name ?? '');
    this.config = structuredClone(config);
    this.name = name;
    const isThere = fileOfStart(startFrom) !== null || this.session.runs.some(({ id }) => id === startFrom);
    this.startFrom = isThere ? startFrom : null;
    if (startFrom !== this.startFrom)
      this.session.toasts.show(
        'error',
        `"${name || config.preset}" was to start from the weights of a run that is deleted or of another data set: choose what it starts ` +
          'from, or it begins with random ones.',
      );
  }

  async load(): Promise<void> {
    this.watched = this.session.remembered<string[]>(this.watchedKey, []);
    await this.session.attempt(() => this.session.client.training.watch({ imageIds: [...this.watched] }));
    await this.readLists();
    await this.chooseRecipe();
    await this.show(this.runToShow);
  }

  /** What is shown of the recipe before any run: what was left in this data set, or else what was chosen in the one before. */
  private async chooseRecipe(): Promise<void> {
    const { recipes, dataset } = this.session;
    const [current, chosen] = [recipes.current, this.chosen];
    const before = chosen ?? current;
    if (this.config && before?.of === dataset?.id) return;
    const left = before?.of === dataset?.id ? before : await recipes.leftIn(dataset?.id, this.presets);
    // Another data set has been opened while it was read: that one's are chosen by themselves.
    if (this.session.dataset?.id !== dataset?.id) return;
    this.chosenFor = dataset?.id;
    // What was sent, or chosen, meanwhile is what is wanted.
    if (recipes.current !== current || !sameJson(this.chosen && { ...this.chosen, of: chosen?.of }, chosen)) return;
    // A run's weights, and what the next was to be called, stay behind.
    const startFrom = before && fileOfStart(before.startFrom) !== null ? before.startFrom : null;
    const along = before && { ...before, name: '', startFrom, of: dataset?.id };
    if (left ?? along) this.takeOver((left ?? along)!);
    else this.choosePreset(this.session.remembered('preset', 'light'));
    if (left && left !== before) recipes.offer(along, left, 'The settings are those that were left in this data set.');
  }

  /** Remembers what is chosen across restarts. */
  keep(): void {
    if (this.chosen) this.session.recipes.keep(this.chosen);
  }

  private get watchedKey(): string {
    return `watched:${this.session.dataset?.id}`;
  }

  /** Watches an image from the next epoch on, or no longer. */
  async watch(imageId: string, watches: boolean): Promise<void> {
    const others = this.watched.filter((id) => id !== imageId);
    this.watched = watches ? [...others, imageId].slice(-mostWatched) : others;
    this.session.remember(this.watchedKey, this.watched);
    await this.session.attempt(() => this.session.client.training.watch({ imageIds: [...this.watched] }));
  }

  /** Reads anew what is known of runs; the recipe that is being chosen stays. */
  private async refresh(): Promise<void> {
    await this.readLists();
    // The workbench did not answer when the place was opened.
    if (!this.config) await this.chooseRecipe();
    await this.show(this.runToShow);
  }

  private async readLists(): Promise<void> {
    const { client } = this.session;
    [this.presets, this.queue, this.search, this.starting] = await Promise.all([
      client.training.presets(),
      client.training.queue(),
      client.training.rateSearch(),
      client.training.starting(),
    ]);
  }

  /** The run under way, or the last one, as long as it is there and can be read. */
  private get runToShow(): string | null {
    const { training, runs } = this.session;
    if (training?.active) return training.run.id;
    const sound = runs.filter(({ broken }) => broken === null);
    return (sound.find(({ id }) => id === training?.run.id) ?? sound.at(0))?.id ?? null;
  }

  /** Points are gathered and drawn a few times a second; none is dropped. */
  private addStep(point: StepPoint): void {
    this.waiting.push(point);
    this.timer ??= setTimeout(() => {
      this.steps = [...this.steps, ...this.waiting];
      this.waiting = [];
      this.timer = null;
    }, refreshMs);
  }

  choosePreset(name: string): void {
    const preset = this.presets.find((candidate) => candidate.name === name) ?? this.presets[0];
    if (!preset) return;
    // A run's weights fit its own network, and its name tells of it; a file's and the starter's are taken as far as they fit.
    const isOther = preset.name !== this.presetName || !sameJson(preset.config.model, this.config?.model);
    const leaves = isOther && this.startFrom !== null && fileOfStart(this.startFrom) === null && !isStarter(this.startFrom);
    this.replaceSettings(
      `The settings are those of ${preset.title} now${leaves ? ', and start from random weights' : ''}.`,
      () => {
        this.presetName = preset.name;
        this.config = structuredClone(preset.config);
        if (leaves) [this.startFrom, this.name] = [null, ''];
      },
      leaves,
    );
    this.session.remember('preset', preset.name);
  }

  /** Takes other settings. Those that a person has chosen before are offered back. @param isMore whether weights were chosen, too */
  private replaceSettings(text: string, replace: () => void, isMore = false): void {
    const before = this.chosen;
    replace();
    if (this.chosen) this.session.recipes.offer(before && { ...before, changed: before.changed || isMore }, this.chosen, text);
  }

  /** What is chosen now; null before anything is. */
  get chosen(): Recipe | null {
    const { presetName, config, name, startFrom, preset, chosenFor: of } = this;
    return config && $state.snapshot({ presetName, config, name, startFrom, changed: !sameJson(config, preset?.config), of });
  }

  get preset(): PresetInfo | null {
    return this.presets.find(({ name }) => name === this.presetName) ?? null;
  }

  presetTitle(name: string): string {
    return this.presets.find((preset) => preset.name === name)?.title ?? name;
  }

  async show(runId: string | null): Promise<void> {
    // Nothing of the run shown before may stand under the name of this one.
    if (runId !== this.runId) [this.epochs, this.steps, this.log, this.strip, this.waiting] = [[], [], [], null, []];
    this.runId = runId;
    if (runId === null) return;
    await this.refreshRun(true);
    const log = await this.session.client.training.log({ runId });
    if (this.runId === runId) this.log = log;
  }

  /** @param all reads every step anew: after a resume some are done again */
  private async refreshRun(all = false): Promise<void> {
    const { runId } = this;
    if (runId === null) return;
    const stepsAfter = all ? 0 : (this.steps.at(-1)?.globalStep ?? 0);
    const detail = await this.session.client.runs.get({ runId, stepsAfter });
    if (this.runId !== runId) return;
    this.epochs = detail.epochs;
    const known = all ? [] : this.steps.filter(({ globalStep }) => globalStep <= stepsAfter);
    this.steps = [...known, ...detail.steps];
    const last = this.steps.at(-1)?.globalStep ?? 0;
    this.waiting = this.waiting.filter(({ globalStep }) => globalStep > last);
    this.strip = detail.strip;
    this.protocol = detail;
    this.classes = detail.classes;
    // The cards tell how long an epoch takes here, as soon as that is known.
    const card = this.presets.find(({ name }) => name === detail.config.preset);
    if (card?.measuredEpochSeconds === null || !this.session.training?.active) this.presets = await this.session.client.training.presets();
  }

  /** The rate at which the weights that it starts from learn from nothing: by their run, or else by such a recipe. */
  get trainedAt(): number | null {
    const run = this.session.runs.find(({ id }) => id === this.startFrom);
    return run?.fullRate ?? this.preset?.config.optimizer.learningRate ?? null;
  }

  /** Whether the rate that was searched is one of what is chosen now: settings that differ by the rate alone. */
  get isSearched(): boolean {
    const { search, config, startFrom } = this;
    if (!search || !config || search.startFrom !== startFrom) return false;
    const without = (of: RunConfig) => ({ ...of, optimizer: { ...of.optimizer, learningRate: 0 } });
    return sameJson(without(search.config), without($state.snapshot(config)));
  }

  /** Changes the recipe so that loaded weights keep what they know. */
  fineTune(): void {
    if (!this.config || !this.preset) return;
    const learningRate = this.trainedAt ?? this.preset.config.optimizer.learningRate;
    const config = $state.snapshot(this.config);
    const plain = { ...config.fineTune, batchNorm: 'batch' as const };
    this.config = fineTuned({ ...config, fineTune: plain, optimizer: { ...config.optimizer, learningRate } });
  }

  /** The run that the recipe describes. */
  private recipe() {
    return { config: $state.snapshot(this.config)!, name: this.name.trim(), startFrom: this.startFrom };
  }

  async start(): Promise<void> {
    if (!this.config) return;
    askToNotify();
    await this.beginning('run', async () => {
      const run = await this.session.client.training.start(this.recipe());
      await this.show(run.id);
    });
  }

  /** Shows what is being started from the press on. That a person gave it up is nothing that failed. */
  private async beginning(what: TrainingStart, work: () => Promise<void>): Promise<void> {
    this.starting = what;
    await this.session.attempt(() =>
      work().catch((error: unknown) => {
        if (!isCancelled(error)) throw error;
      }),
    );
    // Where it was refused, another may be under way.
    await this.session.attempt(async () => (this.starting = await this.session.client.training.starting()));
  }

  /** Gives up a start that waits until every image is read. */
  async cancelStart(): Promise<void> {
    await this.session.attempt(() => this.session.client.training.cancelStart());
  }

  async enqueue(): Promise<void> {
    await this.session.attempt(async () => {
      this.queue = await this.session.client.training.enqueue(this.recipe());
      const { waiting } = this.queue;
      // The queue may be out of sight.
      if (waiting.length > 0) this.session.toasts.show('info', `"${waiting.at(-1)!.name}" is number ${waiting.length} in the queue.`);
    });
  }

  /**
   * @param fold what of the labelled images is held out in all of it
   * @returns whether its runs were put in line
   */
  async sweep(
    sweep: Omit<Parameters<Session['client']['training']['sweep']>[0], 'config' | 'startFrom'>,
    fold: RunConfig['fold'] = null,
  ): Promise<boolean> {
    return this.session.attempt(async () => {
      const { config } = this.recipe();
      const whole = { ...sweep, config: { ...config, fold: fold ?? config.fold }, startFrom: this.startFrom };
      this.queue = await this.session.client.training.sweep(whole);
    });
  }

  async removeQueued(id: string): Promise<void> {
    const { session } = this;
    const { client, dataset: of } = session;
    await session.attempt(async () => {
      const run = await client.training.removeQueued({ id });
      if (!run) return;
      offerBack(session, { of, text: `"${run.name}" was taken out of the queue.`, back: () => client.training.restoreQueued({ run }) });
    });
  }

  /** Takes several out of the line, which one click puts back in their order. */
  async removeAllQueued(ids: readonly string[]): Promise<void> {
    const { session } = this;
    const { client, dataset: of } = session;
    const removed: QueuedRun[] = [];
    const gone = (error: unknown) => {
      // One that has begun meanwhile, or that another window took out, keeps none of the others.
      if (error instanceof AppError && error.code === 'not-found') return null;
      throw error;
    };
    await session.attempt(async () => {
      for (const id of ids) {
        const run = await client.training.removeQueued({ id }).catch(gone);
        if (run) removed.push(run);
      }
    });
    if (removed.length === 0) return;
    const back = async () => {
      for (const run of removed) await client.training.restoreQueued({ run });
    };
    offerBack(session, { of, text: `${counted(removed.length, 'run', ['was', 'were'])} taken out of the queue.`, back });
  }

  /** Estimates time and memory of a recipe; why it cannot be estimated is said where the figures would stand. */
  async updateEstimate(config: RunConfig): Promise<void> {
    const turn = ++this.estimating;
    try {
      const estimate = await this.session.client.training.estimate({ config });
      if (turn === this.estimating) [this.estimate, this.estimateError] = [estimate, ''];
    } catch (error) {
      if (turn !== this.estimating) return;
      this.estimate = null;
      this.estimateError = messageOf(error);
    }
  }

  async findRate(): Promise<void> {
    const { config, startFrom } = this.recipe();
    await this.beginning('rate-search', async () => {
      this.search = await this.session.client.training.findRate({ config, startFrom });
    });
  }

  async cancelFindRate(): Promise<void> {
    await this.session.attempt(() => this.session.client.training.cancelFindRate());
  }

  async startQueue(): Promise<void> {
    await this.session.attempt(() => this.session.client.training.startQueue());
  }

  /** Nothing more is started by itself. */
  async holdQueue(): Promise<void> {
    await this.session.attempt(() => this.session.client.training.holdQueue());
  }

  /** Puts a run first in line. */
  async runNext(id: string): Promise<void> {
    const priority = Math.min(100, this.queue.waiting[0].priority + 1);
    await this.session.attempt(() => this.session.client.training.prioritise({ id, priority }));
  }

  /** The confusion matrix of an epoch of the run shown; null where there is none. */
  async confusion(epoch: number): Promise<number[][] | null> {
    return this.runId === null ? null : this.session.client.runs.confusion({ runId: this.runId, epoch });
  }

  setRate(rate: number): void {
    if (this.config) this.config.optimizer.learningRate = rate;
  }

  exportRecipe(): void {
    const { config } = this.recipe();
    saveText(`${config.preset}-recipe.json`, `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Takes over a recipe file. Its preset gives the standard values it is compared with. */
  async importRecipe(text: string): Promise<void> {
    await this.session.attempt(async () => {
      const config = await this.session.client.training.parseRecipe({ text });
      this.replaceSettings('The settings are those of the recipe file now.', () => {
        if (this.presets.some(({ name }) => name === config.preset)) this.presetName = config.preset;
        this.config = config;
      });
    });
  }

  destroy(): void {
    for (const unsubscribe of this.unsubscribes) unsubscribe();
    if (this.timer) clearTimeout(this.timer);
  }
}
