import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { SetupError, say } from './log.mjs';
import { answers, run } from './run.mjs';

export const tensorflowVersion = '2.21.0';
// Published sha256 of the wheels this project has been proven with; other platforms rely on pip's own check against the index.
const knownHashes = { 'tensorflow-cpu-linux-x64': '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c' };
const platformTags = {
  // pip takes each tag by itself: the CUDA wheels have older ones than TensorFlow's.
  'linux-x64': ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux_2_5_x86_64', 'manylinux1_x86_64'],
  'linux-arm64': ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'],
  'darwin-arm64': ['macosx_12_0_arm64'],
};

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

/** The wheel to take on this machine, or null where TensorFlow publishes no library in one (Windows, Intel Macs). */
export function chooseWheel() {
  const platform = `${process.platform}-${process.arch}`;
  const tags = platformTags[platform];
  if (!tags) return null;
  const gpu = hasNvidiaGpu();
  const name = platform === 'linux-x64' && !gpu ? 'tensorflow-cpu' : 'tensorflow';
  return { name, tags, gpu, sha256: knownHashes[`${name}-${platform}`] ?? null };
}

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

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

const wheelIn = (folder) => existsSync(folder) && readdirSync(folder).find((name) => name.endsWith('.whl'));

/**
 * Downloads one wheel with pip into `folder`; the name appears there only when the file is whole.
 * @returns the wheel's path
 * @throws SetupError on no network, or when the file's hash is not the published one
 */
export async function downloadWheel(python, wheel, folder, requirement = `${wheel.name}==${tensorflowVersion}`) {
  const partial = `${folder}.partial-${process.pid}`;
  if (!wheelIn(folder)) {
    removePartials(folder);
    mkdirSync(partial, { recursive: true });
    say(`downloading ${requirement} with pip (about 270 MB, more with a GPU)`);
    await run(
      python,
      [
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--only-binary=:all:',
        ...wheel.tags.flatMap((tag) => ['--platform', tag]),
        '--python-version',
        '3.11',
        '--implementation',
        'cp',
        '--abi',
        'cp311',
        '--progress-bar',
        process.stderr.isTTY ? 'on' : 'off',
        '-d',
        partial,
        requirement,
      ],
      { remedy: "Check the network connection and pip's index, then run the command again." },
    ).catch((error) => {
      throw new DownloadError(error.message);
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  }
  const file = path.join(folder, wheelIn(folder));
  if (wheel.sha256 && (await sha256(file)) !== wheel.sha256) {
    rmSync(folder, { recursive: true, force: true });
    throw new SetupError(
      `${path.basename(file)} does not have its published sha256 and was removed: run the command again to download it anew.`,
    );
  }
  return file;
}
