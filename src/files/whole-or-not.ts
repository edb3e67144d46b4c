import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { asFileError } from './atomic-write.ts';
import { isThere } from './file-identity.ts';
import { hasNumber } from './process-identity.ts';

/** Letters of the thing's own name in that of what is not whole yet. */
const readable = 60;

/** A name beside a file or folder for what is being made in its place, of this process alone. */
export const partialName = (of: string): string =>
  path.join(path.dirname(of), `.${path.basename(of).slice(0, readable)}.${process.pid}.partial`);

/** What another machine makes in a shared folder has a number of its own: it is left for so long. */
const abandonedMs = 24 * 3600_000;

/** Removes what a process that was killed has left of the same thing. */
export function clearAbandoned(of: string): void {
  const folder = path.dirname(of);
  const [before, after] = partialName(of)
    .slice(folder.length + 1)
    .split(`.${process.pid}.`);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const [, pid] = name.startsWith(`${before}.`) && name.endsWith(`.${after}`) ? (/\.(\d+)\.partial$/.exec(name) ?? []) : [];
    const file = path.join(folder, name);
    if (pid === undefined || hasNumber(Number(pid))) continue;
    try {
      if (Date.now() - statSync(file).mtimeMs >= abandonedMs) rmSync(file, { recursive: true, force: true });
    } catch {
      // Somebody else's, or gone by now: it stands in nobody's way.
    }
  }
}

/** Takes what was made under its partial name away. Never throws: what another program holds is removed as abandoned later. */
export function removePartial(partial: string): void {
  try {
    rmSync(partial, { recursive: true, force: true });
  } catch {
    // Why it is taken away is what is to be told.
  }
}

/** Puts what was made under its partial name in its place; an empty folder there makes room. @throws AppError as file errors say */
export function putInPlace(partial: string, target: string): void {
  try {
    if (isThere(target)) rmdirSync(target);
    renameSync(partial, target);
  } catch (error) {
    throw asFileError(error, target);
  }
}

/**
 * Makes a folder whole or not at all.
 * @param make fills the folder that it is given
 * @throws what `make` throws; AppError 'disk-full', 'read-only' naming the target
 */
export async function makeFolder(target: string, make: (partial: string) => void | Promise<void>): Promise<void> {
  const partial = partialName(target);
  try {
    mkdirSync(path.dirname(target), { recursive: true });
    clearAbandoned(target);
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    await make(partial);
    putInPlace(partial, target);
  } catch (error) {
    removePartial(partial);
    throw asFileError(error, target);
  }
}
