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

/** What of a window it works with. */
interface DeskWindow extends WayBackWindow {
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

  /** Remembers across restarts what a person has changed of a preset, for the data set that it was changed in. */
  keep(recipe: Recipe): void {
    if (recipe.of !== undefined) this.window.remember(keyOf(recipe.of), recipe.changed || recipe.name !== '' ? recipe : null);
  }

  /** What was left in a data set before a restart, as it was written: by another version, it may be. Null without one. */
  leftIn(datasetId: string | undefined): Recipe | null {
    return this.window.remembered<Recipe | null>(keyOf(datasetId), null);
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
    const before = this.place?.chosen ?? this.recipe ?? this.leftIn(of);
    const now = { ...recipe, changed: false, of };
    this.put(now);
    this.offer(before, now, text);
  }

  private put(recipe: Recipe): void {
    this.recipe = recipe;
    this.place?.takeOver(recipe);
  }

  /** Offers settings back in whose place others have come. */
  offer(before: Recipe | null, now: Recipe, text: string): void {
    if (!before?.changed || sameJson(before.config, now.config)) return;
    offerBack(this.window, { of: this.window.dataset, text, back: () => Promise.resolve(this.put(before)) });
  }
}
