/** How long a message is still shown. */
interface Time {
  left: () => number;
  end: () => void;
}

const standing = (ms: number): Time => ({ left: () => ms, end: () => undefined });

/** How long messages are shown: whoever is at them, with the pointer or by keys, has the time that they need. */
export class ToastTimes {
  private readonly times = new Map<number, Time>();
  private readonly over: (id: number) => void;
  private isHeld = false;

  /** @param over is told whose time is over */
  constructor(over: (id: number) => void) {
    this.over = over;
  }

  /** From now on a message has this long; one that had less has all of it again. */
  begin(id: number, ms: number): void {
    this.end(id);
    this.times.set(id, this.isHeld ? standing(ms) : this.going(id, ms));
  }

  end(id: number): void {
    this.times.get(id)?.end();
    this.times.delete(id);
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    for (const [id, time] of [...this.times]) this.begin(id, time.left());
  }

  private going(id: number, ms: number): Time {
    const since = performance.now();
    const timer = setTimeout(() => this.over(id), ms);
    // Whoever goes away again has a moment left to see what goes.
    return { left: () => Math.max(1000, ms - (performance.now() - since)), end: () => clearTimeout(timer) };
  }
}
