import { leaseHolder } from '#files/lease';

const lookMs = 3000;

/** Looks whether another workbench still has a data set. Whoever starts it closes it. */
export class HolderWatch {
  private readonly timer: NodeJS.Timeout;

  /** @param freed called at every look at which nobody has it: what keeps it from being taken now may be over at the next */
  constructor(leaseFile: string, freed: () => void) {
    this.timer = setInterval(() => {
      if (!isHeld(leaseFile)) freed();
    }, lookMs);
    this.timer.unref();
  }

  close(): void {
    clearInterval(this.timer);
  }
}

/** Whether a workbench has a data set. A lease that cannot be asked for is taken for held: the next look tells. */
export function isHeld(leaseFile: string): boolean {
  try {
    return leaseHolder(leaseFile) !== null;
  } catch {
    return true;
  }
}
