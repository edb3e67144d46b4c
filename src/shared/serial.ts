/** Runs work one after the other, each when the one before is done. */
export class Serial {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    // The next one waits for this one, whatever comes of it.
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything that was handed in is done. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
