import type { Client } from '#shared/contract/index';

/** A hand that rests for longer is not at work: what it rested is left out. */
const idleMs = 30_000;
/** What was spent is told this often. */
const tellMs = 15_000;

/** The time that somebody works on an image, pauses left out. */
export class TimeSpent {
  private readonly tell: (imageId: string, seconds: number) => void;
  private imageId: string | null = null;
  private last: number | null = null;
  private spentMs = 0;

  /** @param tell gets what was spent on an image since it was told last */
  constructor(tell: (imageId: string, seconds: number) => void) {
    this.tell = tell;
  }

  /** Another image is at hand; null for none. */
  turnTo(imageId: string | null): void {
    this.flush();
    [this.imageId, this.last] = [imageId, null];
  }

  /** A person does something with it. @param now in milliseconds */
  touch(now: number): void {
    if (this.imageId === null) return;
    if (this.last !== null && now - this.last <= idleMs) this.spentMs += now - this.last;
    this.last = now;
    if (this.spentMs >= tellMs) this.flush();
  }

  private flush(): void {
    if (this.imageId !== null && this.spentMs > 0) this.tell(this.imageId, this.spentMs / 1000);
    this.spentMs = 0;
  }
}

/** What somebody spends on images of the open data set, told to main. What cannot be told is lost, and nothing else. */
export const timeOnImages = ({ client }: { readonly client: Pick<Client, 'work'> }): TimeSpent =>
  new TimeSpent((imageId, seconds) => void client.work.spent({ imageId, seconds }).catch(() => undefined));
