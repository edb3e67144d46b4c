// npm start [-- --browser] [-- --data DIR] [-- --port N]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { say } from './setup/log.mjs';
import { findNode24, modules, root } from './setup/paths.mjs';

const electronFolder = path.join(modules, 'electron');
const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** Electron's executable if it is installed. */
function installedElectron() {
  const pathFile = path.join(electronFolder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const program = path.join(electronFolder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : null;
}

/** Electron's executable, downloaded if need be, or why the desktop window cannot be opened here. */
function findElectron() {
  if (!hasDisplay) return { reason: 'there is no display' };
  const known = installedElectron();
  if (known) return { program: known };
  say("downloading Electron's binary (about 120 MB)");
  const { stderr, error } = spawnSync(findNode24(), [path.join(electronFolder, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 180_000,
  });
  const program = installedElectron();
  if (program) return { program };
  const lines = (stderr ?? '').split('\n').filter((line) => /error|ENOTFOUND|ECONN|ETIMEDOUT|certificate/i.test(line));
  const why = error?.message ?? lines[0]?.trim().slice(0, 160);
  return { reason: `Electron's binary could not be downloaded${why ? ` (${why})` : ''}` };
}

/** Opens an address in the person's browser, where there is one to open. */
function openAddress(url) {
  if (process.env.CI || !hasDisplay) return;
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

const diesAtOnceMs = 8000;

function startWindow(program, args) {
  // Chromium's sandbox refuses to run as root.
  const unsandboxed = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return spawn(program, [root, ...unsandboxed, ...args], { cwd: root, stdio: 'inherit' });
}

function startBrowserHost(args) {
  const child = spawn(findNode24(), [path.join(root, 'out/main/serve.js'), ...args], { cwd: root, stdio: ['inherit', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const match = /READY (\S+)/.exec(text);
    if (!match) return void process.stdout.write(text);
    const [, address] = match;
    console.log(`EncNet Workbench is running at\n\n  ${address}\n\n(good once; Enter gives another). Ctrl+C ends it.`);
    if (!opened) openAddress(address);
    opened = true;
  });
  return child;
}

await main(async () => {
  await setUp();
  const args = process.argv.slice(2).filter((arg) => arg !== '--browser');
  const electron = process.argv.includes('--browser') ? { reason: null } : findElectron();
  if (electron.reason) console.log(`No desktop window: ${electron.reason}. Starting the browser host instead.`);
  let child = electron.program ? startWindow(electron.program, args) : startBrowserHost(args);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const begin = Date.now();
  child.on('exit', (code, signal) => {
    // A window that dies at once lacks something of the system; the browser host needs nothing of it.
    if (electron.program && code !== 0 && Date.now() - begin < diesAtOnceMs) {
      console.log('The desktop window could not be opened (Electron ended at once). Starting the browser host instead.');
      child = startBrowserHost(args);
      child.on('exit', (hostCode, hostSignal) => process.exit(hostSignal ? 1 : (hostCode ?? 0)));
    } else process.exit(signal ? 1 : (code ?? 0));
  });
});
