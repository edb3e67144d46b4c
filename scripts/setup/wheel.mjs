import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './log.mjs';
import { assertPinned, pinnedWheels, platformTags, pythonVersion } from './pins.mjs';
import { Progress } from './progress.mjs';
import { answers, capture } from './run.mjs';

/** The wheel could not be downloaded; another source may do. */
export class DownloadError extends SetupError {}

/** Removes what killed or failed tries left beside a folder. */
export function removePartials(folder) {
  const parent = path.dirname(folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${path.basename(folder)}.partial-`)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** Whether an NVIDIA GPU with a working driver is there (ENCNET_DEVICE=cpu|gpu overrides the detection). */
export function hasNvidiaGpu() {
  if (process.env.ENCNET_DEVICE) return process.env.ENCNET_DEVICE === 'gpu';
  return process.platform === 'linux' && answers('nvidia-smi', '-L');
}

export const platform = `${process.platform}-${process.arch}`;

/** The device that a runtime is staged for on this machine. */
export const wantedDevice = () => (process.platform === 'linux' && process.arch === 'x64' && hasNvidiaGpu() ? 'gpu' : 'cpu');

/** The wheels to take on this machine, or null where TensorFlow publishes no library in one (Windows, Intel Macs). */
export const chooseWheels = () => pinnedWheels(platform, wantedDevice());

/** The command that starts pip's Python. @throws SetupError when none is there. */
export function findPython() {
  for (const name of process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python']) {
    if (answers(name, '-m', 'pip', '--version')) return name;
  }
  throw new SetupError(
    'Python 3 with pip was not found: install it (Debian: apt-get install python3-pip; macOS: brew install python) ' +
      'and run the command again.',
  );
}

const pollMs = 500;

/** Bytes of all files below a folder; null if it changes while it is looked through. */
function bytesBelow(folder) {
  try {
    return readdirSync(folder, { recursive: true }).reduce((sum, name) => {
      const found = statSync(path.join(folder, name), { throwIfNoEntry: false });
      return sum + (found?.isFile() ? found.size : 0);
    }, 0);
  } catch {
    // A folder of pip's has gone while it was looked through: the next look tells.
    return null;
  }
}

function pipArguments(requirements, target) {
  const tags = platformTags[platform].flatMap((tag) => ['--platform', tag]);
  const interpreter = ['--python-version', pythonVersion, '--implementation', 'cp', '--abi', `cp${pythonVersion.replace('.', '')}`];
  const quiet = ['--quiet', '--progress-bar', 'off', '--no-cache-dir', '--disable-pip-version-check'];
  // pip itself refuses a file whose hash is another.
  const exact = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements];
  return ['-m', 'pip', 'download', ...exact, ...tags, ...interpreter, ...quiet, '-d', target];
}

/**
 * Downloads one pinned wheel with pip into `folder`; the name appears there only when the file is whole and the pinned one.
 * @returns the wheel's path
 * @throws DownloadError where it cannot be had, SetupError when it is another file than the pinned one
 */
export async function downloadWheel(python, wheel, folder) {
  const file = path.join(folder, wheel.file);
  if (existsSync(file)) {
    await assertPinned(file, wheel);
    return file;
  }
  const partial = `${folder}.partial-${process.pid}`;
  removePartials(folder);
  mkdirSync(path.join(partial, 'tmp'), { recursive: true });
  const requirements = path.join(partial, 'tmp/requirements.txt');
  writeFileSync(requirements, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const progress = new Progress(wheel.file, wheel.size);
  const timer = setInterval(() => {
    const bytes = bytesBelow(partial);
    if (bytes !== null) progress.update(bytes);
  }, pollMs);
  try {
    // What comes lies in pip's temporary folder until it is whole.
    await capture(python, pipArguments(requirements, partial), { env: { TMPDIR: path.join(partial, 'tmp') } });
  } catch (error) {
    throw new DownloadError(`${wheel.file} could not be downloaded: ${error.message} Check the network and pip's index.`);
  } finally {
    clearInterval(timer);
    progress.end();
  }
  rmSync(path.join(partial, 'tmp'), { recursive: true, force: true });
  await assertPinned(path.join(partial, wheel.file), wheel);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return file;
}
