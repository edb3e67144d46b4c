/** A moment in the time of this machine, as `2026-11-29 19:05:07`; empty where it is none. */
export function localTime(at: string | Date): string {
  const date = new Date(at);
  // Sweden writes dates as logs do.
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleString('sv-SE');
}
