/** How far long work is. */
export interface Progress {
  done: number;
  total: number;
  /** Until its end, if it goes on as it went so far. */
  secondsLeft: number;
}

/** Seconds until the end of work, if it goes on as it went so far. */
export const secondsFrom = (elapsedMs: number, done: number, total: number): number =>
  (elapsedMs / 1000 / Math.max(done, 1)) * (total - done);

const tellMs = 200;

/** Tells of progress a few times a second, and of its end. @returns what is called with every step */
export function throttledProgress(tell: (progress: Progress) => void): (done: number, total: number) => void {
  const begun = performance.now();
  let told = begun - tellMs;
  return (done, total) => {
    const now = performance.now();
    if (now - told < tellMs && done < total) return;
    told = now;
    tell({ done, total, secondsLeft: secondsFrom(now - begun, done, total) });
  };
}
