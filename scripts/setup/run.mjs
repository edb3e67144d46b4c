import { spawn, spawnSync } from 'node:child_process';
import { SetupError } from './log.mjs';

/** Runs a program with its output on our stderr. @throws SetupError naming `remedy` when it fails. */
export function run(program, args, { cwd, env, remedy } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32' && program === 'npm',
    });
    child.on('error', () => reject(new SetupError(`Cannot run ${program}. ${remedy ?? ''}`)));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new SetupError(`${program} ${args[0] ?? ''} ended with ${signal ?? `exit code ${code}`}. ${remedy ?? ''}`));
    });
  });
}

/** Whether a program can be started and answers the given arguments with exit code 0. */
export function answers(program, ...args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
