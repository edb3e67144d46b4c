import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
// @ts-expect-error: a plain module of set-up, which runs before TypeScript can
import { cacheFolder } from '../setup/paths.mjs';

/** The PyTorch from PyPI that we are measured against. */
const release = '2.15.0';

const versionOf = (python: string): string | null => {
  const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
};

/** A virtual environment of the bench's own with the release; made when it is first asked for: several gigabytes. @throws Error */
function ownPython(): string {
  const folder = path.join((cacheFolder as () => string)(), `peer-torch-${release}`);
  const python = path.join(folder, 'bin/python');
  if (existsSync(python) && versionOf(python)) return python;
  console.error(`Installing PyTorch ${release} into ${folder}; this is done once.`);
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', `torch==${release}`, 'numpy'],
  ]) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr.trim().split('\n').at(-1)}`);
  }
  return python;
}

/** Pythons that have PyTorch, by its version: a current one, and the system's where it is installed. */
export function peerPythons(): { python: string; torch: string }[] {
  const current = process.env.ENCNET_PEER_PYTHON ?? ownPython();
  return [current, '/usr/bin/python3'].flatMap((python) => {
    const torch = versionOf(python);
    return torch ? [{ python, torch }] : [];
  });
}
