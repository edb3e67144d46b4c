import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { calledFrom, findNode24, root } from '../setup/paths.mjs';
import { findBrowser, openAppWindow } from './app-window.mjs';
import { hasDisplay } from './electron.mjs';
import { hostEnvironment } from './host-environment.mjs';
import { privatePage } from './private-page.mjs';

/** How long the page that leads to the address stays for a browser that starts slowly. */
const pageMs = 60_000;

/** Whether the person's browser lives in a container, which does not see our page (Ubuntu's Firefox is such a one). */
function browserIsContained() {
  if (process.platform !== 'linux') return false;
  const { stdout } = spawnSync('xdg-settings', ['get', 'default-web-browser'], { encoding: 'utf8' });
  return /^firefox_|^chromium_|^org\./.test(stdout ?? '');
}

/** Opens a page in the person's own browser, where that can see it; the address is printed in any case. */
function openPage(file) {
  if (browserIsContained()) return;
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
  spawn(opener, [file], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

/**
 * Shows an address: in a window of its own where `asWindow`, else in the person's browser.
 * @param ended called when that window was closed
 */
function show(address, asWindow, ended) {
  const page = privatePage(address);
  setTimeout(page.remove, pageMs).unref();
  process.on('exit', page.remove);
  const browser = asWindow ? findBrowser() : null;
  if (!browser) return openPage(page.file);
  openAppWindow(browser, page.url, { ended, failed: () => openPage(page.file) });
}

/**
 * Starts the browser host and shows its address.
 * @param asWindow opens a window of its own, whose end ends the workbench
 */
export function startBrowserHost(args, { asWindow = false } = {}) {
  const child = spawn(findNode24(), [path.join(root, 'out/main/serve.js'), ...args], {
    cwd: calledFrom,
    env: hostEnvironment(),
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const shows = hasDisplay && !process.env.CI;
  const another = process.platform === 'win32' ? 'Settings give another' : `Settings, or kill -USR2 ${child.pid}, give another`;
  let shown = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const match = /READY (\S+)/.exec(text);
    if (!match) return void process.stdout.write(text);
    const [, address] = match;
    console.log(`EncNet Workbench is running at\n\n  ${address}\n\nThe address is good once; ${another}. Ctrl+C ends the workbench.`);
    if (shows && !shown) show(address, asWindow, () => child.kill('SIGTERM'));
    shown = true;
  });
  return child;
}
