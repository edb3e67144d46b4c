// npm run gpu-staging [-- --keep DIR]: stages TensorFlow for a GPU as set-up does where one is, and loads it. Without a GPU it must
// fall back to the processor and say why. It takes 14 GB of disk for a while, and about ten minutes.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { SetupError, say } from './setup/log.mjs';
import { findNode24, modules, root } from './setup/paths.mjs';
import { place } from './setup/place.mjs';
import { stageAside } from './setup/runtime.mjs';

const packageName = '@tensorflow/tfjs-node-gpu';

/** A copy of the npm package with this runtime, where its own imports are found. */
function packageWith(staged) {
  const copy = path.join(modules, '.encnet-gpu-staging', 'node_modules', packageName);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(path.dirname(copy), { recursive: true });
  const skip = new Set(['deps', 'lib', 'cuda'].map((name) => path.join(modules, packageName, name)));
  cpSync(path.join(modules, packageName), copy, { recursive: true, filter: (file) => !skip.has(file) });
  place(copy, staged);
  return copy;
}

/** Multiplies two matrices with a package, and says on which device. */
function tryOut(packageFolder, staged) {
  const nvidia = path.join(staged, 'cuda/nvidia');
  const libraries = readdirSync(nvidia).map((name) => path.join(nvidia, name, 'lib'));
  const { status, stdout, stderr } = spawnSync(findNode24(), [path.join(root, 'scripts/gpu-staging-child.ts'), packageFolder], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(path.delimiter), TF_CPP_MIN_LOG_LEVEL: '1' },
  });
  if (status !== 0) throw new SetupError(`TensorFlow for a GPU does not work here: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

await main(async () => {
  await setUp({ withBuild: false });
  process.env.ENCNET_DEVICE = 'gpu';
  const at = process.argv.indexOf('--keep');
  const cache = at >= 0 ? path.resolve(process.argv[at + 1]) : mkdtempSync(path.join(os.tmpdir(), 'encnet-gpu-'));
  process.env.ENCNET_CACHE = cache;
  try {
    const staged = await stageAside();
    const bytes = Number(spawnSync('du', ['-sb', staged], { encoding: 'utf8' }).stdout.split('\t')[0]);
    const result = tryOut(packageWith(staged), staged);
    say(`staged ${(bytes / 1e9).toFixed(1)} GB; ${result.device}${result.whyNoGpu ? ` (${result.whyNoGpu})` : ''}`);
    if (result.missing.length > 0) throw new SetupError(`Pinned wheels lack CUDA libraries: ${result.missing.join(', ')}`);
    if (result.product !== 19) throw new SetupError(`TensorFlow computes ${result.product} and not 19`);
    console.log(JSON.stringify({ bytes, ...result }));
  } finally {
    rmSync(path.join(modules, '.encnet-gpu-staging'), { recursive: true, force: true });
    if (at < 0 && existsSync(cache)) rmSync(cache, { recursive: true, force: true });
  }
});
