import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { removeQuietly } from './private-page.mjs';

const linuxNames = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge', 'microsoft-edge-stable'];
const macApps = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
const windowsPrograms = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

function candidates(platform, env) {
  if (platform === 'darwin') return macApps;
  if (platform === 'win32')
    return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
      env[name] ? windowsPrograms.map((program) => path.join(env[name], program)) : [],
    );
  return (env.PATH ?? '').split(':').flatMap((folder) => linuxNames.map((name) => path.join(folder, name)));
}

/** A browser in a container of its own sees neither our profile nor the page that leads to the address. */
function isContained(program) {
  const real = realpathSync(program);
  // A snap's program is a link to `snap` itself; Ubuntu's chromium-browser is a script that goes there.
  if ([program, real].some((file) => /[/\\](snap|flatpak)[/\\]/.test(file)) || path.basename(real) === 'snap') return true;
  return statSync(real).size < 10_000 && /^#![^]*\/snap\//.test(readFileSync(real, 'latin1'));
}

/** What is no file that can be looked at is no browser to be started. */
function isUsable(program) {
  try {
    return existsSync(program) && !isContained(program);
  } catch {
    return false;
  }
}

/**
 * A Chrome, Chromium or Edge that can show the workbench in a window of its own; null if there is none (ENCNET_BROWSER names one,
 * or `none`).
 */
export function findBrowser({ platform = process.platform, env = process.env } = {}) {
  if (env.ENCNET_BROWSER) return env.ENCNET_BROWSER === 'none' ? null : env.ENCNET_BROWSER;
  return candidates(platform, env).find(isUsable) ?? null;
}

/**
 * Opens an address in a window without tabs, with a profile of its own that goes with it: the person's pages and extensions are not in it,
 * and a second workbench gets a window, and a process, of its own. The window ends with this process.
 * @param url of a private page, never one that holds a secret
 * @param ended called when the window was closed; not on macOS, where a browser outlives its windows
 * @param failed called when it could not be opened
 */
export function openAppWindow(program, url, { ended, failed }) {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'encnet-window-'));
  // Chromium's sandbox refuses to run as root.
  const unsandboxed = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const quiet = ['--no-first-run', '--no-default-browser-check', '--disable-extensions', '--disable-sync'];
  const window = spawn(program, [`--app=${url}`, `--user-data-dir=${profile}`, '--window-size=1440,900', ...quiet, ...unsandboxed], {
    stdio: 'ignore',
  });
  process.on('exit', () => {
    window.kill();
    removeQuietly(profile);
  });
  window.on('error', failed).on('exit', (code) => {
    if (code !== 0) failed();
    else if (process.platform !== 'darwin') ended();
  });
}
