import os from 'node:os';
import path from 'node:path';

/** A path as a person types or pastes it, made whole: in quotes, from `~` on, as an address. */
export function typedPath(text: string): string {
  const bare = text.trim().replace(/^(['"])(.*)\1$/s, '$2');
  const named = bare.startsWith('file://') ? decoded(bare.slice('file://'.length)) : bare;
  return path.resolve(named === '~' || /^~[/\\]/.test(named) ? path.join(os.homedir(), named.slice(1)) : named);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not an address after all.
    return text;
  }
}
