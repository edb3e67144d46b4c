/** Does one thing at a time; of those that wait the newest comes next: it is what somebody looks at now. */
export class NewestFirst {
  private readonly waiting: (() => Promise<void>)[] = [];
  private busy = false;

  /** @returns what the work gives; it begins when what is being done has ended, well or not */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(() => work().then(resolve, reject));
      void this.next();
    });
  }

  private async next(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let work = this.waiting.pop(); work; work = this.waiting.pop()) await work();
    this.busy = false;
  }
}
