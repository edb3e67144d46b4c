import type { CDPSession } from 'playwright';

/** Ends a profile of a page. @returns the functions that took longest, in milliseconds of their own */
export async function longestFunctions(cdp: CDPSession): Promise<string> {
  const { profile } = await cdp.send('Profiler.stop');
  const own = new Map<string, number>();
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, `${callFrame.functionName}:${callFrame.lineNumber + 1}`]));
  profile.samples!.forEach((id, i) => own.set(names.get(id)!, (own.get(names.get(id)!) ?? 0) + profile.timeDeltas![i] / 1000));
  for (const rest of own.keys()) if (/^\((idle|program|root)\)/.test(rest)) own.delete(rest);
  const sorted = [...own].sort(([, a], [, b]) => b - a).slice(0, 12);
  return sorted.map(([name, ms]) => `${name} ${ms.toFixed(0)}`).join(', ');
}
