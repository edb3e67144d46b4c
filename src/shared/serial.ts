/** Runs work one after the other, each when the one before is done. */
export class Serial {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  run<T>(work: () => T | Promise<T>): Promise<T> {
    this.waiting++;
    const result = this.tail.then(work).finally(() => this.waiting--);
    // The next one waits for this one, whatever comes of it.
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Whether something that was handed in is not done yet. */
  get busy(): boolean {
    return this.waiting > 0;
  }

  /** Resolves when everything that was handed in is done. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
