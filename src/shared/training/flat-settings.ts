import type { RunConfig } from './run-config.ts';

/** Settings one by one, each by its path, such as `optimizer.momentum`, and as JSON. */
export function flatSettings(config: RunConfig): Map<string, string> {
  const flat = new Map<string, string>();
  const add = (value: unknown, path: string): void => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) flat.set(path, JSON.stringify(value));
    else for (const [key, inner] of Object.entries(value)) add(inner, path ? `${path}.${key}` : key);
  };
  add(config, '');
  return flat;
}
