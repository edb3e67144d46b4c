// The desktop host's entry, kept thin: everything but windows, dialogs and transport lives in the services.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, ipcMain, protocol, type BrowserWindow } from 'electron';
import { createServices, openFirstDataset, type Workbench } from './create-services.ts';
import { connectIpc } from './electron/ipc.ts';
import { pageUrl, registerScheme, serveProtocol } from './electron/protocol.ts';
import { createWindow, setMenu } from './electron/window.ts';
import { staticFile } from './services/assets/static-files.ts';
import { trainerProgram } from './services/jobs/trainer-program.ts';
import { userDataFolder } from './user-data.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
let window: BrowserWindow | null = null;
let workbench: Workbench | null = null;
let ended = false;

async function chooseFolder(): Promise<string | null> {
  const options = { properties: ['openDirectory' as const] };
  const { canceled, filePaths } = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  return canceled ? null : filePaths[0];
}

function dataArgument(): string | null {
  const at = process.argv.indexOf('--data');
  return at >= 0 ? (process.argv[at + 1] ?? null) : null;
}

async function start(): Promise<void> {
  workbench = createServices({
    userData: userDataFolder(),
    trainer: { entry: path.join(here, 'trainer.js'), program: trainerProgram(app.isPackaged ? process.resourcesPath : undefined) },
    workerEntry: path.join(here, 'mask-worker.js'),
    host: { host: 'desktop', version: app.getVersion(), platform: process.platform, nativeDialogs: true },
    chooseFolder,
  });
  const problem = await openFirstDataset(workbench, dataArgument());
  serveProtocol(protocol, workbench, (pathname) => staticFile(path.join(here, '../renderer'), pathname));
  setMenu();
  window = createWindow(path.join(here, '../preload/index.cjs'));
  // The window stays until everything is saved, and shows what that waits for.
  window.on('close', (event) => {
    if (ended) return;
    event.preventDefault();
    app.quit();
  });
  connectIpc(ipcMain, window.webContents, workbench);
  await window.loadURL(pageUrl);
  if (problem) dialog.showErrorBox('The data set could not be opened', problem);
}

registerScheme(protocol);
// Two windows on one data set would train over each other.
if (app.requestSingleInstanceLock()) {
  void app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      // Without a window there is nothing to wait for: say why, and end.
      dialog.showErrorBox('EncNet Workbench could not start', error instanceof Error ? (error.stack ?? error.message) : String(error));
      app.exit(1);
    });
} else app.quit();

// A closed window does not lose the run: it is stopped with a checkpoint and can be resumed. The window stays until then, and says so.
app.on('before-quit', (event) => {
  if (ended || !workbench) return;
  event.preventDefault();
  void workbench.shutDown().finally(() => {
    ended = true;
    app.quit();
  });
});
app.on('window-all-closed', () => app.quit());
