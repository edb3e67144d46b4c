// Puts a staged runtime where the npm package looks for it.
import { cpSync, existsSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const parts = ['deps', 'lib'];
const copyMarker = 'runtime-copy.json';

/** Whether the runtime is copied and not linked (ENCNET_RUNTIME=copy): links into a user's cache cannot be packaged. */
const copies = () => process.env.ENCNET_RUNTIME === 'copy';

function copiedFrom(packageFolder) {
  const marker = path.join(packageFolder, copyMarker);
  return existsSync(marker) ? JSON.parse(readFileSync(marker, 'utf8')).key : null;
}

/** Whether a staged runtime is in its place. */
export function isPlaced(packageFolder, staged) {
  if (copies()) return copiedFrom(packageFolder) === path.basename(staged);
  return parts.every((name) => {
    const link = path.join(packageFolder, name);
    return existsSync(link) && realpathSync(link) === realpathSync(path.join(staged, name));
  });
}

/** Links it, or copies it; what is packaged takes the CUDA libraries and the record of what was staged along. */
export function place(packageFolder, staged) {
  for (const name of [...parts, 'cuda', copyMarker, 'complete.json'])
    rmSync(path.join(packageFolder, name), { recursive: true, force: true });
  if (!copies()) {
    const kind = process.platform === 'win32' ? 'junction' : 'dir';
    for (const name of parts) symlinkSync(path.join(staged, name), path.join(packageFolder, name), kind);
    return;
  }
  for (const name of [...parts, 'cuda', 'complete.json']) {
    if (existsSync(path.join(staged, name))) cpSync(path.join(staged, name), path.join(packageFolder, name), { recursive: true });
  }
  writeFileSync(path.join(packageFolder, copyMarker), JSON.stringify({ key: path.basename(staged) }));
}
