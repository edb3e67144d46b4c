/** Ctrl+C in a terminal reaches us directly and through the script that started us: that is one, not two. */
const sameInterruptMs = 700;

/**
 * Listens for Ctrl+C while something is going on.
 * @param first what the first one does @param second what another one does, once it is one of its own
 * @returns a function that ends it
 */
export function onInterrupt(first: () => void, second: () => void): () => void {
  let began: number | null = null;
  const interrupt = () => {
    began ??= Date.now();
    if (Date.now() - began < sameInterruptMs) first();
    else second();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
}

/** Does work that Ctrl+C cancels, so that what it had begun is taken away; a second one ends the process. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const end = onInterrupt(
    () => stop.abort(),
    () => process.exit(130),
  );
  try {
    return await work(stop.signal);
  } finally {
    end();
  }
}
