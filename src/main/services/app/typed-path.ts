import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path as a person types or pastes it, made whole: in quotes, from `~` on, as an address. One that is there as it stands is that. */
export function typedPath(text: string): string {
  if (path.isAbsolute(text) && existsSync(text)) return path.resolve(text);
  const bare = text.trim().replace(/^(['"])(.*)\1$/s, '$2');
  const named = bare.startsWith('file://') ? pathOfAddress(bare) : bare;
  return path.resolve(named === '~' || /^~[/\\]/.test(named) ? path.join(os.homedir(), named.slice(1)) : named);
}

function pathOfAddress(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    // Not an address after all.
    return text.slice('file://'.length);
  }
}
