// The desktop host's entry, kept thin: everything but windows, dialogs and transport lives in the services.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, ipcMain, protocol, type BrowserWindow } from 'electron';
import { createServices, openFirstDataset, type Workbench } from './create-services.ts';
import { connectIpc } from './electron/ipc.ts';
import { pageUrl, registerScheme, serveProtocol } from './electron/protocol.ts';
import { createWindow, setMenu } from './electron/window.ts';
import { staticFile } from './services/assets/static-files.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
let window: BrowserWindow | null = null;
let workbench: Workbench | null = null;

async function chooseFolder(): Promise<string | null> {
  const { canceled, filePaths } = await (window
    ? dialog.showOpenDialog(window, { properties: ['openDirectory'] })
    : dialog.showOpenDialog({ properties: ['openDirectory'] }));
  return canceled ? null : filePaths[0];
}

function dataArgument(): string | null {
  const at = process.argv.indexOf('--data');
  return at >= 0 ? (process.argv[at + 1] ?? null) : null;
}

async function start(): Promise<void> {
  workbench = createServices({
    userData: process.env.ENCNET_USER_DATA ?? app.getPath('userData'),
    trainer: { entry: path.join(here, 'trainer.js'), program: process.execPath },
    host: { host: 'desktop', version: app.getVersion(), platform: process.platform, nativeDialogs: true },
    chooseFolder,
    report: (error, method) => console.error(`${method}:`, error),
  });
  const problem = openFirstDataset(workbench, dataArgument());
  serveProtocol(protocol, workbench, (pathname) => staticFile(path.join(here, '../renderer'), pathname));
  setMenu();
  window = createWindow(path.join(here, '../preload/index.cjs'));
  connectIpc(ipcMain, window.webContents, workbench);
  await window.loadURL(pageUrl);
  if (problem) dialog.showErrorBox('The data set could not be opened', `${problem}\n\nThe sample is open instead.`);
}

registerScheme(protocol);
// Two windows on one data set would train over each other.
if (app.requestSingleInstanceLock()) void app.whenReady().then(start);
else app.quit();

// A closed window does not lose the run: it is stopped with a checkpoint and can be resumed.
let ended = false;
app.on('before-quit', (event) => {
  if (ended || !workbench) return;
  event.preventDefault();
  void workbench.shutDown().finally(() => {
    ended = true;
    app.quit();
  });
});
app.on('window-all-closed', () => app.quit());
