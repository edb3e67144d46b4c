import type { PresetInfo, StepPoint } from '#shared/contract/training';
import type { EpochMetrics } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import type { Session } from './session.svelte.ts';

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
  starting = $state(false);
  private readonly session: Session;
  private readonly unsubscribes: (() => void)[];
  private waiting: StepPoint[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(session: Session) {
    this.session = session;
    this.unsubscribes = [
      session.on('training.step', ({ runId, point }) => runId === this.runId && this.addStep(point)),
      ...(['training.epoch', 'training.resumed'] as const).map((name) => session.on(name, ({ runId }) => runId === this.runId && void this.refreshRun())),
      session.on('training.log', ({ runId, line }) => {
        if (runId === this.runId) this.log = [...this.log, line].slice(-logLines);
      }),
    ];
  }

  async load(): Promise<void> {
    this.presets = await this.session.client.training.presets();
    const { recipe } = this.session;
    if (recipe) Object.assign(this, structuredClone(recipe));
    else this.choosePreset(this.session.remembered('preset', 'light'));
    await this.show(this.session.training?.run.id ?? this.session.runs[0]?.id ?? null);
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
    this.presetName = preset.name;
    this.config = structuredClone(preset.config);
    this.session.remember('preset', preset.name);
  }

  get preset(): PresetInfo | null {
    return this.presets.find(({ name }) => name === this.presetName) ?? null;
  }

  async show(runId: string | null): Promise<void> {
    this.runId = runId;
    if (runId === null) return;
    await this.refreshRun();
    this.log = await this.session.client.training.log({ runId });
  }

  private async refreshRun(): Promise<void> {
    const { runId } = this;
    if (runId === null) return;
    const detail = await this.session.client.runs.get({ runId });
    if (this.runId !== runId) return;
    this.epochs = detail.epochs;
    const last = detail.steps.at(-1)?.globalStep ?? 0;
    this.waiting = this.waiting.filter(({ globalStep }) => globalStep > last);
    this.steps = detail.steps;
    // The cards tell how long an epoch takes here, as soon as that is known.
    this.presets = await this.session.client.training.presets();
  }

  async start(): Promise<void> {
    const { config } = this;
    if (!config) return;
    this.starting = true;
    await this.session.attempt(async () => {
      const run = await this.session.client.training.start({ config: $state.snapshot(config), name: this.name.trim() });
      await this.show(run.id);
    });
    this.starting = false;
  }

  destroy(): void {
    // Changed settings wait for the person to come back to this place.
    if (this.config) this.session.recipe = $state.snapshot({ presetName: this.presetName, config: this.config, name: this.name });
    for (const unsubscribe of this.unsubscribes) unsubscribe();
    if (this.timer) clearTimeout(this.timer);
  }
}
