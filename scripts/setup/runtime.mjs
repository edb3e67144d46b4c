// Stages TensorFlow's C library under the npm package @tensorflow/tfjs-node-gpu: ADR 0002 says why, ADR 0022 how it is pinned.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { downloadArchive, unpackArchive } from './archive.mjs';
import { compileBinding, findCompiler } from './binding.mjs';
import { assertOwnCache, makeCache } from './cache-owner.mjs';
import { SetupError, say } from './log.mjs';
import { cacheFolder, findNode24, modules } from './paths.mjs';
import { pinnedArchive, pinsKey } from './pins.mjs';
import { isPlaced, place } from './place.mjs';
import { run } from './run.mjs';
import { chooseWheels, DownloadError, downloadWheel, findPython, platform, removePartials, wantedDevice } from './wheel.mjs';
import { extractLibraries } from './wheel-content.mjs';

const packageFolder = path.join(modules, '@tensorflow/tfjs-node-gpu');
// While it is staged: the download, what is unpacked from it and, with a GPU, CUDA's libraries.
const requiredBytes = (device) => (device === 'gpu' ? 14e9 : 2.5e9);

const bindingVersion = () => JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')).version;

function runtimeFolder(files, device) {
  return path.join(cacheFolder(), 'runtime', `tfjs-${bindingVersion()}-${device}-${platform}-${pinsKey(files)}`);
}

const isComplete = (folder) => existsSync(path.join(folder, 'complete.json'));

/** What a runtime is staged from, the better first. */
function sources() {
  const device = wantedDevice();
  const [wheels, archive] = [chooseWheels(), pinnedArchive(platform, device)];
  return [
    ...(wheels ? [{ files: wheels, folder: runtimeFolder(wheels, device), fill: fromWheels }] : []),
    ...(archive ? [{ files: [archive], folder: runtimeFolder([archive], device), fill: fromArchive }] : []),
  ];
}

/** @throws SetupError if what would be loaded lies in a folder that others can write */
export function runtimeStaged() {
  if (sources().length === 0) {
    const remedy = process.platform === 'win32' ? '; WSL 2 has all of it' : '';
    say(`No TensorFlow library is pinned for ${platform}: labelling works, training and predicting do not${remedy}.`);
    return true;
  }
  const folder = sources().find((source) => isComplete(source.folder))?.folder;
  if (!folder || !isPlaced(packageFolder, folder)) return false;
  assertOwnCache(cacheFolder(), { below: ['runtime', path.join('runtime', path.basename(folder))] });
  return true;
}

function assertDiskSpace(folder, needed) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < needed) {
    throw new SetupError(
      `${folder} has ${((bavail * bsize) / 1e9).toFixed(1)} GB free and the tensor runtime needs ${needed / 1e9} GB: ` +
        `free some space, or set ENCNET_CACHE to a folder on another disk.`,
    );
  }
}

async function fromWheels(wheels, partial, downloads) {
  const python = findPython();
  const folderOf = ({ name, version }) => path.join(downloads, `${name}-${version}`);
  const [tensorflow, ...cuda] = wheels;
  const file = await downloadWheel(python, tensorflow, folderOf(tensorflow));
  say("unpacking TensorFlow's C library");
  await extractLibraries(python, file, path.join(partial, 'deps'));
  for (const wheel of cuda) {
    const library = await downloadWheel(python, wheel, folderOf(wheel));
    await run(python, ['-m', 'zipfile', '-e', library, path.join(partial, 'cuda')], { remedy: 'Is the disk full?' });
    rmSync(folderOf(wheel), { recursive: true, force: true });
  }
}

async function fromArchive([archive], partial, downloads) {
  const file = await downloadArchive(archive, downloads);
  await unpackArchive(file, path.join(partial, 'deps'));
}

/** Stages a runtime whole or not at all. */
async function stage({ files, folder, fill }) {
  const device = wantedDevice();
  const cache = cacheFolder();
  makeCache(cache);
  if (isComplete(folder)) {
    assertOwnCache(cache, { below: ['runtime', path.join('runtime', path.basename(folder))] });
    return folder;
  }
  assertDiskSpace(cache, requiredBytes(device));
  // Asked for before anything is downloaded.
  findCompiler();
  const downloads = path.join(cache, 'downloads');
  const partial = `${folder}.partial-${process.pid}`;
  removePartials(folder);
  mkdirSync(partial, { recursive: true });
  await fill(files, partial, downloads);
  say('compiling the Node binding (10 s)');
  await compileBinding(packageFolder, partial, modules);
  probe(partial);
  writeFileSync(
    path.join(partial, 'complete.json'),
    JSON.stringify({ device, files: files.map(({ file }) => file), binding: bindingVersion() }),
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  rmSync(downloads, { recursive: true, force: true });
  return folder;
}

/** Stages what this machine is for, and leaves the packages as they are. @returns the folder */
export const stageAside = () => stage(sources()[0]);

export async function stageRuntime() {
  const found = sources();
  for (const [index, source] of found.entries()) {
    try {
      return place(packageFolder, await stage(source));
    } catch (error) {
      if (!(error instanceof DownloadError) || index === found.length - 1) throw error;
      say(`${error.message} Trying the archive that TensorFlow's project publishes instead.`);
    }
  }
}

/** Loads a staged binding once in a child: one that this machine cannot load is reported here, and never linked. */
function probe(folder) {
  const script = `require(${JSON.stringify(path.join(folder, 'lib/napi-v8/tfjs_binding.node'))})`;
  const result = spawnSync(findNode24(), ['-e', script], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new SetupError(
      `TensorFlow's library does not load here: ${result.stderr.trim().split('\n').slice(-3).join(' ') || result.signal}`,
    );
  }
}
