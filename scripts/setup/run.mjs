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

const tailLength = 4000;

/** Runs a program quietly. @throws SetupError with the last thing that it said when it fails */
export function capture(program, args, { env } = {}) {
  return new Promise((resolve, reject) => {
    let said = '';
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (text) => (said = (said + text).slice(-tailLength));
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', (error) => reject(new SetupError(`${program} cannot be run (${error.code}).`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const lines = said.split('\n').filter((line) => line.trim() !== '');
      const telling = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? `it ended with ${signal ?? `exit code ${code}`}`;
      reject(
        new SetupError(
          telling
            .replace(/^ERROR:\s*/, '')
            .trim()
            .slice(0, 300),
        ),
      );
    });
  });
}
