import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './log.mjs';

const everybodyWrites = 0o002;

/**
 * Libraries are loaded from the cache: nobody else may be able to put his own there.
 * @throws SetupError if the folder, or one of those below it that are named, belongs to another user or can be written by everybody
 */
export function assertOwnCache(folder, { below = [], uid = process.getuid?.(), stat = statSync } = {}) {
  if (uid === undefined) return;
  for (const name of ['', ...below]) {
    const at = path.join(folder, name);
    const found = stat(at, { throwIfNoEntry: false });
    if (!found) continue;
    const remedy = 'set ENCNET_CACHE to a folder of your own';
    if (found.uid !== uid && found.uid !== 0)
      throw new SetupError(`${at} belongs to another user (${found.uid}), whose libraries would be loaded: ${remedy}.`);
    if ((found.mode & everybodyWrites) !== 0)
      throw new SetupError(`${at} can be written by every user, whose libraries would be loaded: chmod o-w it, or ${remedy}.`);
  }
}

/** Makes the cache folder, for this user alone. @throws SetupError as `assertOwnCache` */
export function makeCache(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  assertOwnCache(folder, { below: ['runtime', 'downloads'] });
}
