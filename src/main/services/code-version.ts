import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findResources } from './resources.ts';

/** The workbench's version, from package.json. */
export function workbenchVersion(): string {
  return (JSON.parse(readFileSync(path.join(findResources(), '../package.json'), 'utf8')) as { version: string }).version;
}

/** A version with the commit that was built, where the build knew it: what runs are told to come from. */
export function codeVersion(version = workbenchVersion()): string {
  const commit = process.env.ENCNET_COMMIT;
  return commit ? `${version} (${commit})` : version;
}
