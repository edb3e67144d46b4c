import type { Client } from '#shared/contract/index';
import { AppError } from '#shared/errors';
import type { Preset } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { sameJson } from '#shared/same-json';
import { offerBack, type WayBackWindow } from './way-back.ts';

/** The settings of the next run. */
export interface Recipe {
  presetName: string;
  config: RunConfig;
  name: string;
  /** What it starts from, as `start-weights` names it; null for random weights. */
  startFrom: string | null;
  /** Whether a person has changed something of its preset. */
  changed: boolean;
  /** The data set that it was chosen in. */
  of: string | undefined;
}

/** A recipe as it is kept across restarts: a preset as it is has its settings of then, and not of now. */
type Kept = Omit<Recipe, 'config'> & { config: RunConfig | null };

/** What of a window it works with. */
interface DeskWindow extends WayBackWindow {
  readonly client: Pick<Client, 'training'>;
  remembered<T>(key: string, fallback: T): T;
  remember(key: string, value: unknown): void;
}

const keyOf = (datasetId: string | undefined): string => `recipe:${datasetId}`;

/** The Train place while it is open. */
interface TrainPlace {
  /** What is chosen there now; null before anything is. */
  readonly chosen: Recipe | null;
  takeOver(recipe: Recipe): void;
}

/** Where the Train place finds the settings of the next run: as it was left, or as they were sent there. A window has one. */
export class RecipeDesk {
  private recipe: Recipe | null = null;
  private place: TrainPlace | null = null;
  private readonly window: DeskWindow;

  constructor(window: DeskWindow) {
    this.window = window;
  }

  /** What lies there; null before anything does. */
  get current(): Recipe | null {
    return this.recipe;
  }

  /** Remembers a recipe across restarts, for the data set that it was chosen in. */
  keep(recipe: Recipe): void {
    const { of, changed, config } = recipe;
    if (of !== undefined) this.window.remember(keyOf(of), { ...recipe, config: changed ? config : null } satisfies Kept);
  }

  private keptIn(datasetId: string | undefined): Kept | null {
    return this.window.remembered<Kept | null>(keyOf(datasetId), null);
  }

  /**
   * What was left in a data set.
   * @param presets as they are now
   * @returns null without one, and, told, where another version wrote what is none here
   * @throws what keeps the workbench from answering
   */
  async leftIn(datasetId: string | undefined, presets: readonly Preset[]): Promise<Recipe | null> {
    const kept = this.keptIn(datasetId);
    if (!kept) return null;
    const preset = presets.find(({ name }) => name === kept.presetName);
    if (kept.config === null) return preset ? { ...kept, config: preset.config, of: datasetId } : null;
    try {
      return { ...(await this.read(kept.config, kept)), of: datasetId };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'invalid-argument') throw error;
      this.window.toasts.error(error);
      return null;
    }
  }

  private async read(config: RunConfig, kept: Kept): Promise<Recipe> {
    return { ...kept, config: await this.window.client.training.parseRecipe({ text: JSON.stringify(config) }) };
  }

  /** From now on what is sent goes to this place at once. @returns a function that ends it, and keeps what is chosen there */
  open(place: TrainPlace): () => void {
    this.place = place;
    return () => {
      this.recipe = place.chosen ?? this.recipe;
      if (this.place === place) this.place = null;
    };
  }

  /** Puts other settings there. What a person had changed is offered back. @param text what they are, in a sentence */
  send(recipe: Omit<Recipe, 'changed' | 'of'>, text: string): void {
    const of = this.window.dataset?.id;
    const here = this.place?.chosen ?? this.recipe;
    const before = here?.of === of ? here : null;
    const kept = before ? null : this.keptIn(of);
    const now = { ...recipe, changed: false, of };
    this.put(now);
    if (kept?.config) this.offerKept(kept.config, kept, text);
    else this.offer(before, now, text);
  }

  private put(recipe: Recipe): void {
    this.recipe = recipe;
    this.place?.takeOver(recipe);
  }

  private offerKept(config: RunConfig, kept: Kept, text: string): void {
    offerBack(this.window, { of: this.window.dataset, text, back: async () => this.put(await this.read(config, kept)) });
  }

  /** Offers settings back in whose place others have come. */
  offer(before: Recipe | null, now: Recipe, text: string): void {
    if (!before?.changed || sameJson(before.config, now.config)) return;
    offerBack(this.window, { of: this.window.dataset, text, back: () => Promise.resolve(this.put(before)) });
  }
}
