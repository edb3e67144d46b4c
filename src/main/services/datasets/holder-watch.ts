import path from 'node:path';
import { leaseHolder } from '#files/lease';
import { leaseName, workFolderIn } from './work-folder.ts';

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

/** Whether a workbench has the data set in a folder. */
export const isTaken = (folder: string): boolean => isHeld(path.join(workFolderIn(folder), leaseName));

/** A lease that cannot be asked for is taken for held: the next look tells. */
function isHeld(leaseFile: string): boolean {
  try {
    return leaseHolder(leaseFile) !== null;
  } catch {
    return true;
  }
}
