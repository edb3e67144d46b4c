import { leaseHolder } from '#files/lease';

const lookMs = 3000;

/** Looks whether another workbench still has a data set, until it has not. Whoever starts it closes it. */
export class HolderWatch {
  private readonly timer: NodeJS.Timeout;

  /** @param freed called once, when nobody has it any more */
  constructor(leaseFile: string, freed: () => void) {
    this.timer = setInterval(() => {
      if (isHeld(leaseFile)) return;
      this.close();
      freed();
    }, lookMs);
    this.timer.unref();
  }

  close(): void {
    clearInterval(this.timer);
  }
}

/** One that cannot be asked for is taken for held: the next look tells. */
function isHeld(leaseFile: string): boolean {
  try {
    return leaseHolder(leaseFile) !== null;
  } catch {
    return true;
  }
}
