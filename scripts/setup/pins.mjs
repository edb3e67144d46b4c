// What set-up downloads, pinned: two machines get the same bytes, and an index that has changed is noticed.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './log.mjs';

export const lockFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'wheels.lock.json');
const lock = JSON.parse(readFileSync(lockFile, 'utf8'));

export const { tensorflow: tensorflowVersion, python: pythonVersion } = lock;

/** pip takes each tag by itself: the CUDA wheels have older ones than TensorFlow's. */
export const platformTags = {
  'linux-x64': ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux_2_5_x86_64', 'manylinux1_x86_64'],
  'linux-arm64': ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'],
  'darwin-arm64': ['macosx_12_0_arm64'],
};

/**
 * The wheels of a platform, TensorFlow's first; null where TensorFlow publishes no library in one.
 * @param device 'cpu' or 'gpu'; a platform without wheels for a GPU has those for its processor
 */
export function pinnedWheels(platform, device) {
  const wheels = lock.platforms[platform];
  return wheels ? (wheels[device] ?? wheels.cpu) : null;
}

/** The archive of TensorFlow's C library that the npm package names, where pip has none or cannot be reached; null where none is pinned. */
export const pinnedArchive = (platform, device) => lock.archives[`${platform}-${device}`] ?? null;

/** Names a set of pinned files: what is staged from others is staged anew. */
export const pinsKey = (files) =>
  createHash('sha256')
    .update(files.map(({ sha256 }) => sha256).join())
    .digest('hex')
    .slice(0, 10);

async function sha256Of(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** @throws SetupError naming the file if it is not the pinned one */
export async function assertPinned(file, { size, sha256 }) {
  const name = path.basename(file);
  const bytes = statSync(file).size;
  const remedy = 'It was not used. Run the command again; if it stays so, the index serves another file than this project was proven with.';
  if (size && bytes !== size) throw new SetupError(`${name} has ${bytes} bytes, and the pinned file has ${size}. ${remedy}`);
  const found = await sha256Of(file);
  if (found !== sha256) throw new SetupError(`${name} has the sha256 ${found}, and the pinned one is ${sha256}. ${remedy}`);
}
