// Long work on main's thread lets everything else have its turn.

/** Lets everything else have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const turnMs = 8;

/** Does one thing after the other, and breathes every few milliseconds. */
export async function inTurns<T>(things: readonly T[], work: (thing: T) => void): Promise<void> {
  let since = performance.now();
  for (const thing of things) {
    work(thing);
    if (performance.now() - since < turnMs) continue;
    await breathe();
    since = performance.now();
  }
}
