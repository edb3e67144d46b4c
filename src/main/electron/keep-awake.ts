import type { PowerSaveBlocker } from 'electron';

/** No system sleeps within so few seconds of the last key. */
const lookMs = 15_000;

/** Keeps the machine from sleeping, and not its display, while something works that nobody sits before: a run through the night. */
export class KeepAwake {
  private readonly blocker: Pick<PowerSaveBlocker, 'start' | 'stop'>;
  private readonly isBusy: () => boolean;
  private readonly timer: NodeJS.Timeout;
  private held: number | null = null;

  /** @param isBusy looked at every 15 seconds. `end` ends that. */
  constructor(blocker: Pick<PowerSaveBlocker, 'start' | 'stop'>, isBusy: () => boolean) {
    this.blocker = blocker;
    this.isBusy = isBusy;
    this.timer = setInterval(() => this.look(), lookMs);
    this.timer.unref();
  }

  private look(): void {
    if (!this.isBusy()) return this.letGo();
    this.held ??= this.blocker.start('prevent-app-suspension');
  }

  private letGo(): void {
    if (this.held !== null) this.blocker.stop(this.held);
    this.held = null;
  }

  /** May be called again. */
  end(): void {
    clearInterval(this.timer);
    this.letGo();
  }
}
