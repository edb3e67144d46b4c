import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';

/** What tells a process from every other, also from a later one that was given its number again. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** When it started, in the system's own terms; null where that cannot be read. */
  started: string | null;
  /** The start of the machine it runs on; null where that cannot be read. */
  boot: string | null;
  /** The space its number is of: a container has its own, and on Linux a machine, whatever its name. */
  space: string | null;
}

function attempt(read: () => string): string | null {
  try {
    return read().trim() || null;
  } catch {
    // Not there on this system: the caller compares what both sides know.
    return null;
  }
}

/** When a process started: clock ticks since the boot on Linux, its date on macOS. @returns null if it is gone or cannot be asked */
export function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    // The name before may hold spaces and brackets; the start is the 20th field after it.
    return attempt(
      () =>
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\)\s+/s, '')
          .split(' ')[19],
    );
  }
  // In one language and time zone: two programs need not have the same settings.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  if (process.platform === 'darwin')
    return attempt(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }));
  return null;
}

const bootOf = (): string | null => {
  if (process.platform === 'linux') return attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  if (process.platform === 'darwin') return attempt(() => execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }));
  return null;
};

/** What tells a machine from another of its name; null where nothing does. */
const machine = process.platform === 'linux' ? attempt(() => readFileSync('/etc/machine-id', 'utf8')) : null;

function spaceOf(): string | null {
  if (process.platform !== 'linux') return null;
  const numbers = attempt(() => readlinkSync('/proc/self/ns/pid'));
  return machine === null ? numbers : `${numbers ?? ''} ${machine}`;
}

let own: ProcessIdentity | null = null;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    host: os.hostname(),
    pid: process.pid,
    started: startOf(process.pid),
    boot: bootOf(),
    space: spaceOf(),
  };
  return own;
}

/** Whether a process of this machine has a number. */
export function hasNumber(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whether a process is still there, as far as this one can see.
 * @returns 'unknown' for one of another machine or another container, and where its number may have been given again
 */
export function livenessOf(other: ProcessIdentity): 'alive' | 'gone' | 'unknown' {
  const self = ownIdentity();
  if (other.host !== self.host || other.space !== self.space) return 'unknown';
  // Of a machine that is known by its name alone it may be another one of that name.
  if (other.boot !== null && self.boot !== null && other.boot !== self.boot) return machine === null ? 'unknown' : 'gone';
  if (!hasNumber(other.pid)) return 'gone';
  const started = other.pid === self.pid ? self.started : startOf(other.pid);
  if (started === null || other.started === null) return other.pid === self.pid ? 'alive' : 'unknown';
  return started === other.started ? 'alive' : 'gone';
}
