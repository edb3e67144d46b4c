/**
 * Which runs are shown beside the list: those that are ticked, to be compared or deleted together; else the one that a person looks at.
 * Looking ticks nothing, and what the list does not show is neither.
 */
export class RunChoice {
  ticked = $state<string[]>([]);
  private looked = $state<string | null>(null);
  private readonly listed: () => readonly string[];
  readonly chosen = $derived.by(() => {
    const listed = this.listed();
    const ticked = this.ticked.filter((id) => listed.includes(id));
    if (ticked.length > 0) return ticked;
    const one = this.looked !== null && listed.includes(this.looked) ? this.looked : listed.at(0);
    return one === undefined ? [] : [one];
  });

  /** @param listed ids of the runs in the list, in its order */
  constructor(listed: () => readonly string[]) {
    this.listed = listed;
  }

  /** Looks at one run alone. */
  look(id: string): void {
    this.looked = id;
    this.ticked = [];
  }

  tick(id: string): void {
    this.ticked = this.ticked.includes(id) ? this.ticked.filter((other) => other !== id) : [...this.ticked, id];
  }

  /** Keeps the first of the list, where nothing else is looked at: others come before it while a person reads. */
  hold(): void {
    this.looked ??= this.listed().at(0) ?? null;
  }

  /**
   * What was deleted is ticked no more; beside the last of it another one is looked at: whoever clears up goes down the list.
   * @param before the list as it was when that was asked for: by now they may be gone from it
   */
  leave(gone: readonly string[], before: readonly string[]): void {
    const at = before.findIndex((id) => gone.includes(id));
    const rest = before.filter((id) => !gone.includes(id));
    this.looked = rest.at(Math.min(Math.max(0, at), rest.length - 1)) ?? null;
    this.ticked = this.ticked.filter((id) => !gone.includes(id));
  }
}
