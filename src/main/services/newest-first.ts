import { AppError } from '#shared/errors';

/** Runs one piece of work after another, or a few at once: what was asked for last has its turn first, since that is what is looked at. */
export class NewestFirst {
  private readonly waiting: (() => Promise<void>)[] = [];
  private readonly atOnce: number;
  private busy = 0;

  constructor(atOnce = 1) {
    this.atOnce = atOnce;
  }

  /**
   * @param signal of whoever asks: once it is given up before its turn, the work is not begun
   * @returns what the work gives; it begins when what is being done has ended, well or not
   * @throws AppError 'cancelled' if it was given up; what the work throws
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(async () => {
        if (signal?.aborted) reject(new AppError('cancelled', 'Nobody waits for it any more'));
        else await work().then(resolve, reject);
      });
      void this.next();
    });
  }

  private async next(): Promise<void> {
    if (this.busy === this.atOnce) return;
    this.busy++;
    for (let work = this.waiting.pop(); work; work = this.waiting.pop()) await work();
    this.busy--;
  }
}
