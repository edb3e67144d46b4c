import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../../test/fuzz/found');

/** Keeps an input that broke a reader: it is tried by `npm test` from then on. @returns its file */
export function keepFound(target: string, bytes: Buffer): string {
  const file = path.join(folder, target, `${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

/** The inputs that have broken a reader before. */
export function foundOf(target: string): { name: string; bytes: Buffer }[] {
  const at = path.join(folder, target);
  return existsSync(at) ? readdirSync(at).map((name) => ({ name, bytes: readFileSync(path.join(at, name)) })) : [];
}
