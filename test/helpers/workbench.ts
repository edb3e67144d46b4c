import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
// @ts-expect-error: a plain module, which runs before anything is installed
import { hostEnvironment as environment } from '../../scripts/start/host-environment.mjs';

const hostEnvironment = environment as (base?: NodeJS.ProcessEnv, platform?: NodeJS.Platform) => NodeJS.ProcessEnv;

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** A browser host of the built workbench, running for a test. */
export interface RunningWorkbench {
  url: string;
  process: ChildProcess;
  stderr: () => string;
  stop: (signal?: NodeJS.Signals) => Promise<void>;
}

interface WorkbenchOptions {
  userData: string;
  data?: string;
  build?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * Starts a built browser host with a user data folder of its own.
 * @param data data set to open; the sample without one @param build checkout whose build it is; this one without it
 */
export function startWorkbench(options: WorkbenchOptions): Promise<RunningWorkbench> {
  const { build = root } = options;
  const args = [path.join(build, 'out/main/serve.js'), ...(options.data ? ['--data', options.data] : [])];
  const child = spawn(process.execPath, args, {
    cwd: build,
    env: { ...hostEnvironment(), ...options.env, ENCNET_USER_DATA: options.userData, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const match = /READY (\S+)/.exec(stdout);
      if (match) resolve({ url: match[1], process: child, stderr: () => stderr, stop });
    });
    child.on('exit', (code) => reject(new Error(`The workbench ended with ${code}: ${stderr}`)));
  });
}
