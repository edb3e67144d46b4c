import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Removes a folder of the system's temporary one; what a program still holds of it goes with the system's own cleaning. */
export function removeQuietly(folder) {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Windows keeps files that are open.
  }
}

/**
 * A page that only this user can read, and that leads to an address: the address holds a secret, and a program's arguments can be read by
 * every user of the machine.
 * @returns its own address, and what removes it
 */
export function privatePage(address) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-open-'));
  const file = path.join(folder, 'EncNet Workbench.html');
  const script = `location.replace(${JSON.stringify(address).replaceAll('<', '\\u003c')})`;
  writeFileSync(file, `<!doctype html><title>EncNet Workbench</title><script>${script}</script>\n`, { mode: 0o600 });
  return { file, url: pathToFileURL(file).href, remove: () => removeQuietly(folder) };
}
