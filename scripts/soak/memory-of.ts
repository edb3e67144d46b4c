import { readFileSync, readdirSync } from 'node:fs';

const numberIn = (text: string, name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

/** A process and all that it has started, with the most memory that each has had, in megabytes. */
export function memoryOf(pid: number): { pid: number; name: string; peakMb: number }[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), status: statusOf(name) }))
    .filter(({ status }) => status !== '');
  const wanted = new Set([pid]);
  for (let grown = true; grown;) {
    const more = all.filter((each) => !wanted.has(each.pid) && wanted.has(numberIn(each.status, 'PPid')));
    for (const each of more) wanted.add(each.pid);
    grown = more.length > 0;
  }
  return all
    .filter((each) => wanted.has(each.pid))
    .map(({ pid: id, status }) => ({
      pid: id,
      name: /Name:\s+(\S+)/.exec(status)?.[1] ?? '',
      peakMb: Math.round(numberIn(status, 'VmHWM') / 1024),
    }));
}
