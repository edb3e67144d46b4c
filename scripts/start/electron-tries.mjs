// A download of Electron that failed after long is not tried at every start: behind a firewall each would wait for minutes.
import { readFileSync, writeFileSync } from 'node:fs';

const pauseMs = 24 * 3_600_000;

/** Why the last try failed, while it is too early for another; null if one may be made. */
export function failedLately(file, now = Date.now()) {
  try {
    const { at, reason } = JSON.parse(readFileSync(file, 'utf8'));
    const age = now - at;
    return age >= 0 && age < pauseMs && typeof reason === 'string' ? reason : null;
  } catch {
    // None was made, or what is told of it is not whole: another costs minutes, and nothing else.
    return null;
  }
}

/** Keeps why a try failed. */
export function noteFailed(file, reason, now = Date.now()) {
  try {
    writeFileSync(file, JSON.stringify({ at: now, reason }));
  } catch {
    // A clone that cannot be written to tries each time.
  }
}
