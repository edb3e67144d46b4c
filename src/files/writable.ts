import { accessSync, constants, statSync } from 'node:fs';

/** Whether something may be written in a folder. Root may anywhere; one whose mode forbids it to everyone is left alone all the same. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return process.platform === 'win32' || (statSync(folder).mode & 0o222) !== 0;
  } catch {
    // Not to be written, whatever the reason: that is the answer.
    return false;
  }
}
