/** The least of three times that something takes, in milliseconds: on a busy machine one time may hold somebody else's work. */
export async function leastMs(action: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    await action();
    times.push(performance.now() - begin);
  }
  return Math.min(...times);
}
