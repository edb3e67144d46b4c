import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const mount = (folder: string, size: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0;
const unmount = (folder: string) => spawnSync('umount', ['-l', folder]);

function canMountHere(): boolean {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-mount-'));
  const can = mount(folder, '1m');
  if (can) unmount(folder);
  rmSync(folder, { recursive: true });
  return can;
}

/** Whether a small file system can be mounted: whoever needs one skips where it cannot, and counts as skipped. */
export const canMount = canMountHere();
if (!canMount) console.log('skipped: full disks, because no small file system can be mounted here');

/** Runs work over a disk of this size, as mount has it ("700k"), in a folder that is there; what it hid is there again afterwards. */
export async function withSmallDisk(folder: string, size: string, work: () => Promise<void>): Promise<void> {
  if (!mount(folder, size)) throw new Error(`no disk of ${size} could be mounted at ${folder}`);
  try {
    await work();
  } finally {
    unmount(folder);
  }
}
