import { existsSync, writeFileSync } from 'node:fs';
import { SetupError } from './log.mjs';
import { findNode24, hashTree, modules, readStamp, root, stampFile } from './paths.mjs';
import { run } from './run.mjs';

const lockHash = () => hashTree('package-lock.json');

export function packagesInstalled() {
  return existsSync(modules) && readStamp().packages === lockHash();
}

/** Installs the npm packages exactly as locked, Node 24 among them. The stamp is written last, so a broken install is redone. */
export async function installPackages() {
  await run('npm', ['ci', '--no-audit', '--no-fund', '--no-update-notifier'], {
    cwd: root,
    env: { ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
    remedy: 'The lines above say why; with no network, connect and run the command again.',
  });
  if (!findNode24()) {
    throw new SetupError(
      `No Node 24 package exists for ${process.platform}-${process.arch}: install Node 24 or newer and run the command with it.`,
    );
  }
  writeFileSync(stampFile, JSON.stringify({ packages: lockHash() }));
}
