import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findNode24, hashTree, modules, readStamp, root, stampFile } from './paths.mjs';
import { run } from './run.mjs';

const sources = ['src', 'electron.vite.config.ts', 'scripts/build', 'package-lock.json'];
const products = ['out/main/serve.js', 'out/main/cli.js', 'out/main/trainer.js', 'out/renderer/index.html'];

export function built() {
  return products.every((file) => existsSync(path.join(root, file))) && readStamp().build === hashTree(...sources);
}

/** Builds main, preload and renderer into out/. */
export async function build() {
  const hash = hashTree(...sources);
  // What is interrupted leaves products of two builds: they are no longer those of the sources before.
  const { build: _, ...others } = readStamp();
  writeFileSync(stampFile, JSON.stringify(others));
  await run(findNode24(), [path.join(modules, 'electron-vite/bin/electron-vite.js'), 'build', '--logLevel', 'warn'], {
    cwd: root,
    remedy: 'The build errors are above.',
  });
  writeFileSync(stampFile, JSON.stringify({ ...readStamp(), build: hash }));
}
