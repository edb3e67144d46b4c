// Stages TensorFlow's C library under the npm package @tensorflow/tfjs-node-gpu: ADR 0002 says why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileBinding, findCompiler } from './binding.mjs';
import { SetupError, say } from './log.mjs';
import { cacheFolder, findNode24, modules } from './paths.mjs';
import { run } from './run.mjs';
import { chooseWheel, DownloadError, downloadWheel, findPython, removePartials, tensorflowVersion } from './wheel.mjs';
import { extractLibraries, cudaRequirements } from './wheel-content.mjs';

const packageFolder = path.join(modules, '@tensorflow/tfjs-node-gpu');
const officialMarker = path.join(packageFolder, 'official-runtime.json');
// While it is staged: the download, what is unpacked from it and, with a GPU, CUDA's libraries.
const requiredBytes = (wheel) => (wheel.gpu ? 14e9 : 2.5e9);

const bindingVersion = () => JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')).version;

function runtimeFolder(wheel) {
  const key = `tfjs-${bindingVersion()}-${wheel.name}-${tensorflowVersion}-${process.platform}-${process.arch}`;
  return path.join(cacheFolder(), 'runtime', key);
}

const complete = (folder) => existsSync(path.join(folder, 'complete.json'));

export function runtimeStaged() {
  const wheel = chooseWheel();
  if (existsSync(officialMarker)) return existsSync(path.join(packageFolder, 'lib/napi-v8/tfjs_binding.node'));
  if (!wheel) return false;
  return complete(runtimeFolder(wheel)) && linked(runtimeFolder(wheel));
}

function linked(folder) {
  return ['deps', 'lib'].every((name) => {
    const link = path.join(packageFolder, name);
    return existsSync(link) && realpathSync(link) === realpathSync(path.join(folder, name));
  });
}

function link(folder) {
  for (const name of ['deps', 'lib']) {
    const target = path.join(packageFolder, name);
    rmSync(target, { recursive: true, force: true });
    symlinkSync(path.join(folder, name), target, process.platform === 'win32' ? 'junction' : 'dir');
  }
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

async function stageFromWheel(wheel) {
  const folder = runtimeFolder(wheel);
  if (complete(folder)) return folder;
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  assertDiskSpace(cache, requiredBytes(wheel));
  // Both are asked for before anything is downloaded.
  const python = findPython();
  findCompiler();
  const downloads = path.join(cache, 'downloads');
  const file = await downloadWheel(python, wheel, path.join(downloads, `${wheel.name}-${tensorflowVersion}`));
  const partial = `${folder}.partial-${process.pid}`;
  removePartials(folder);
  mkdirSync(partial, { recursive: true });
  say("unpacking TensorFlow's C library");
  await extractLibraries(python, file, path.join(partial, 'deps'));
  if (wheel.gpu) {
    for (const requirement of await cudaRequirements(python, file)) {
      const cuda = await downloadWheel(
        python,
        { ...wheel, sha256: null },
        path.join(downloads, requirement.replace(/[^\w.-]+/g, '-')),
        requirement,
      );
      await run(python, ['-m', 'zipfile', '-e', cuda, path.join(partial, 'cuda')], { remedy: 'Is the disk full?' });
    }
  }
  say('compiling the Node binding (10 s)');
  await compileBinding(packageFolder, partial, modules);
  probe(partial);
  writeFileSync(
    path.join(partial, 'complete.json'),
    JSON.stringify({ wheel: wheel.name, tensorflow: tensorflowVersion, binding: bindingVersion() }),
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  rmSync(downloads, { recursive: true, force: true });
  return folder;
}

/** The package's own download of libtensorflow 2.9.1: the only way on Windows, and the fallback where pip's fails. */
async function stageOfficial() {
  say('taking the official libtensorflow that @tensorflow/tfjs-node-gpu names');
  await run(findNode24(), [path.join(packageFolder, 'scripts/install.js'), 'gpu', 'download'], {
    cwd: packageFolder,
    remedy: 'Its server could not be reached: check the network and run the command again.',
  });
  probe(packageFolder);
  writeFileSync(officialMarker, JSON.stringify({ binding: bindingVersion() }));
}

export async function stageRuntime() {
  const wheel = chooseWheel();
  if (!wheel) return stageOfficial();
  try {
    link(await stageFromWheel(wheel));
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    say(`${error.message} Trying the official download instead.`);
    await stageOfficial();
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
