// npm start [-- --browser] [-- --data DIR] [-- --port N] [-- --allow-host HOST]
import { main, setUp } from './setup/index.mjs';
import { startBrowserHost } from './start/browser-host.mjs';
import { findElectron, startElectron } from './start/electron.mjs';

const diesAtOnceMs = 8000;
/** What the desktop host ends with when it has told why it could not start. */
const couldNotStart = 87;

/** Ends as a child ended. */
const endWith = (child) => child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 0)));

await main(async () => {
  await setUp();
  const wantsBrowser = process.argv.includes('--browser');
  const args = process.argv.slice(2).filter((arg) => arg !== '--browser');
  const electron = wantsBrowser ? { reason: null } : findElectron();
  if (electron.reason) console.log(`No desktop window: ${electron.reason}. Starting the browser host instead.`);
  const begin = Date.now();
  let child = electron.program ? startElectron(electron.program, args) : startBrowserHost(args, { asWindow: !wantsBrowser });
  const told = new Set();
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      // A terminal has told its whole group, and npm tells us once more: a second one ends the window in the middle of its saving.
      const isKnown = told.has(signal) || (electron.program && signal === 'SIGINT' && process.stdin.isTTY);
      told.add(signal);
      if (!isKnown) child.kill(signal);
    });
  if (!electron.program) return void endWith(child);
  child.on('exit', (code, signal) => {
    // A window that dies at once lacks something of the system; the browser host needs nothing of it.
    const diedAtOnce = code !== 0 && Date.now() - begin < diesAtOnceMs;
    if (told.size > 0 || (code !== couldNotStart && !diedAtOnce)) process.exit(signal ? 1 : (code ?? 0));
    console.log('The desktop window could not be opened. Starting the browser host instead.');
    child = startBrowserHost(args, { asWindow: true });
    endWith(child);
  });
});
