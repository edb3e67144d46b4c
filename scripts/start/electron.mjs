import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { say } from '../setup/log.mjs';
import { calledFrom, findNode24, modules, root } from '../setup/paths.mjs';
import { failedLately, noteFailed } from './electron-tries.mjs';
import { hostEnvironment } from './host-environment.mjs';

const electronFolder = path.join(modules, 'electron');
const downloadMs = 180_000;
/** A try that fails sooner is made at the next start again: whoever was offline need not wait for a day. */
const longMs = 10_000;
const failedFile = path.join(modules, '.encnet-electron.json');
const byHand = 'once a day it is tried again; to try now: node node_modules/electron/install.js';

/** Whether a window can be shown at all. */
export const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** Electron's executable if it is installed. */
function installedElectron() {
  const pathFile = path.join(electronFolder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const program = path.join(electronFolder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : null;
}

/**
 * Electron's executable, downloaded if need be, or why the desktop window cannot be opened here. Its package, which package-lock.json
 * pins, holds the sha256 of every download, and refuses another.
 */
export function findElectron() {
  if (!hasDisplay) return { reason: 'there is no display' };
  const known = installedElectron();
  if (known) return { program: known };
  const failed = failedLately(failedFile);
  if (failed !== null) return { reason: `${failed}; ${byHand}` };
  say("downloading Electron's binary (about 120 MB)");
  const began = Date.now();
  const { stderr, error } = spawnSync(findNode24(), [path.join(electronFolder, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: downloadMs,
  });
  const program = installedElectron();
  if (program) return { program };
  const lines = (stderr ?? '').split('\n').filter((line) => /error|ENOTFOUND|ECONN|ETIMEDOUT|certificate/i.test(line));
  const why = error?.message ?? lines[0]?.trim().slice(0, 160);
  const reason = `Electron's binary could not be downloaded${why ? ` (${why})` : ''}`;
  if (Date.now() - began <= longMs) return { reason };
  noteFailed(failedFile, reason);
  return { reason: `${reason}; ${byHand}` };
}

/** Opens the desktop window. */
export function startElectron(program, args) {
  // Chromium's sandbox refuses to run as root.
  const unsandboxed = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  // With it a program that has it set would be started as Node, and open no window.
  const { ELECTRON_RUN_AS_NODE: _asNode, ...env } = hostEnvironment();
  return spawn(program, [root, ...unsandboxed, ...args], { cwd: calledFrom, env, stdio: 'inherit' });
}
