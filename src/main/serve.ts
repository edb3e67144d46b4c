// The browser host's entry: the workbench without Electron, for machines where its binary or a display is missing.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { createServices, openFirstDataset } from './create-services.ts';
import { startBrowserHost, type BrowserHost } from './server/browser-host.ts';
import { userDataFolder } from './user-data.ts';
import { sampleFolder } from './services/datasets/dataset-service.ts';
import { workbenchVersion } from './services/code-version.ts';
import { messageOf } from '#shared/errors';
import { printable } from '#shared/printable';

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) throw new InvalidArgumentError('it must be a whole number from 0 to 65535.');
  return number;
}

const here = path.dirname(fileURLToPath(import.meta.url));

const options = new Command()
  .name('serve')
  .option('--data <dir>', 'data set to open')
  .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one; without it that of last time', port)
  .option(
    '--allow-host <host>',
    'name or name:port that it may be asked under as well, such as localhost behind an SSH tunnel; may be given again',
    (host: string, before: string[]) => [...before, host],
    [],
  )
  .parse()
  .opts<{ data?: string; port?: number; allowHost: string[] }>();

let host: BrowserHost | null = null;
const workbench = createServices({
  userData: userDataFolder(),
  trainer: { entry: path.join(here, 'trainer.js'), program: process.execPath },
  assistantEntry: path.join(here, 'assistant.js'),
  workerEntry: path.join(here, 'mask-worker.js'),
  host: { host: 'browser', version: workbenchVersion(), platform: process.platform, nativeDialogs: false },
  chooseFolder: null,
  newAddress: () => host?.newAddress() ?? null,
});
// There is no page yet that could tell it. The sample is nobody's question, and there at once.
const sample = sampleFolder(userDataFolder());
const quiet = workbench.events.subscribe((name, folder) => {
  if (name === 'datasets.opening' && typeof folder === 'string' && folder !== sample) console.error(printable(`Opening ${folder} …`, true));
});
const problem = await openFirstDataset(workbench, options.data ?? null);
quiet();
if (problem) console.error(printable(problem, true));
const started = await startBrowserHost(workbench, {
  port: options.port ?? null,
  rendererFolder: path.join(here, '../renderer'),
  allowedHosts: options.allowHost,
}).catch(async (error: unknown) => {
  // The data set is open by then: it is let go of.
  await workbench.shutDown();
  console.error(printable(noPortText(error, options.port), true));
  return process.exit(1);
});
host = started;
console.log(`READY ${started.newAddress()}`);
// An address is good once. The terminal is not read for it: a process in the background would be stopped by that.
if (process.platform !== 'win32') process.on('SIGUSR2', () => console.log(`READY ${started.newAddress()}`));

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  const waitsFor = await workbench.datasets.waitsFor().catch((error: unknown) => [`Ending (${messageOf(error)})`]);
  for (const text of waitsFor) console.error(printable(`${text} …`));
  await workbench.shutDown();
  await started.close();
  process.exit(0);
}
process.on('SIGINT', () => void end());
process.on('SIGTERM', () => void end());
process.on('SIGHUP', () => void end());
// What nobody expected is told and logged; the workbench goes on with what it has.
process.on('unhandledRejection', (error) => {
  console.error('An error that nobody handled:', error);
  workbench.log.fatal({ err: error }, 'an error that nobody handled');
});

/** Why no page can be served, in words. */
function noPortText(error: unknown, port: number | undefined): string {
  const { code } = error as { code?: string };
  const way = 'choose another --port, or leave it away';
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another program: ${way}`;
  if (code === 'EACCES') return `Port ${port} may not be opened by this user: ${way}`;
  return `The workbench's page cannot be served: ${messageOf(error)}`;
}
