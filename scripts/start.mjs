// npm start [-- --browser] [-- --data DIR] [-- --port N]
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, modules, root } from './setup/paths.mjs';

/** Electron's executable, or why the desktop window cannot be opened here. */
function findElectron() {
  const folder = path.join(modules, 'electron');
  const pathFile = path.join(folder, 'path.txt');
  if (!existsSync(pathFile)) return { reason: 'Electron\'s binary is not installed (run "npx install-electron" with a network that reaches it)' };
  const program = path.join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  if (!existsSync(program)) return { reason: 'Electron\'s binary is not installed' };
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return { reason: 'there is no display' };
  return { program };
}

/** Opens an address in the person's browser, where there is one to open. */
function openAddress(url) {
  if (process.env.CI || (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)) return;
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true }).on('error', () => undefined).unref();
}

function startBrowserHost(args) {
  const child = spawn(findNode24(), [path.join(root, 'out/main/serve.js'), ...args], { cwd: root, stdio: ['inherit', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const match = /READY (\S+)/.exec(text);
    if (!match) return void process.stdout.write(text);
    console.log(`EncNet Workbench is running at\n\n  ${match[1]}\n\nCtrl+C ends it.`);
    openAddress(match[1]);
  });
  return child;
}

await main(async () => {
  await setUp();
  const args = process.argv.slice(2).filter((arg) => arg !== '--browser');
  const electron = process.argv.includes('--browser') ? { reason: null } : findElectron();
  if (electron.reason) console.log(`No desktop window: ${electron.reason}. Starting the browser host instead.`);
  const child = electron.program ? spawn(electron.program, [root, ...args], { cwd: root, stdio: 'inherit' }) : startBrowserHost(args);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 0));
});
