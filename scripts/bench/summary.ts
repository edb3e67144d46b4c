const at = (sorted: readonly number[], share: number): number =>
  Math.round(10 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 10;

/** The middle and the 95th percentile of times, to a tenth. */
export function summaryOf(times: readonly number[]): { p50: number; p95: number } {
  const sorted = [...times].sort((a, b) => a - b);
  return { p50: at(sorted, 0.5), p95: at(sorted, 0.95) };
}
