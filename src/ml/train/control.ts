/** Leaves what is under way when a stop is asked for. */
export class Stopped extends Error {}

/** What a person has asked of the run under way; the loop looks at it between steps. */
export class Control {
  stopRequested = false;
  stopAfterEpoch = false;
  /** Images that a person wants to watch by now; null where nothing was said since the start. */
  watched: readonly string[] | null = null;
  private wake: (() => void) | null = null;
  private pauseRequested = false;

  pause(): void {
    this.pauseRequested = true;
  }

  resume(): void {
    this.pauseRequested = false;
    this.wake?.();
  }

  stop(): void {
    this.stopRequested = true;
    this.wake?.();
  }

  get paused(): boolean {
    return this.pauseRequested && !this.stopRequested;
  }

  /** Lets messages in; while paused, waits for resume or stop. */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.paused) await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = null;
  }
}
