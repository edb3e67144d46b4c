// The desktop host's whole life, with Electron handed in: it starts wholly or ends with the reason, and ends when everything is saved.
import path from 'node:path';
import type * as Electron from 'electron';
import type { BrowserWindow } from 'electron';
import type { Workbench } from '../create-services.ts';
import { connectIpc } from './ipc.ts';
import { KeepAwake } from './keep-awake.ts';
import { menuTemplate } from './menu.ts';
import { hardenContents, hardenSession } from './permissions.ts';
import { PageCrashes } from './page-crashes.ts';
import { pageUrl, registerScheme, serveProtocol } from './protocol.ts';

/** How long a window may take to be shown, and its page to ask for the first time. */
const showMs = 2000;
const askMs = 300;

/** How long a closing window waits for masks before it asks. */
const savingMs = 5000;

/** What of Electron the host uses. */
export type DesktopElectron = Pick<
  typeof Electron,
  'app' | 'BrowserWindow' | 'dialog' | 'ipcMain' | 'Menu' | 'powerMonitor' | 'powerSaveBlocker' | 'protocol' | 'session' | 'shell'
>;

export interface DesktopOptions {
  electron: DesktopElectron;
  platform: NodeJS.Platform;
  /** The command line; `--data DIR` names a data set. */
  argv: readonly string[];
  /** Builds the services. @param chooseFolder shows the system's folder dialog */
  createWorkbench: (chooseFolder: () => Promise<string | null>) => Workbench;
  /** Opens the first data set. @returns what could not be opened, in words; null if nothing */
  openFirst: (workbench: Workbench, folder: string | null) => Promise<string | null>;
  preload: string;
  /** A file of the built page, or null. */
  staticFile: (pathname: string) => Promise<Response | null>;
}

/** Names the application to Windows: its notifications are shown under it. */
const appId = 'encnet.workbench';

/** The data set that a command line names, by its whole path: the process that opens it may have been started in another folder. */
export function folderIn(argv: readonly string[]): string | null {
  const at = argv.findLastIndex((each) => each === '--data' || each.startsWith('--data='));
  if (at < 0) return null;
  const given = argv[at] === '--data' ? argv.at(at + 1) : argv[at].slice('--data='.length);
  return given === undefined ? null : path.resolve(given);
}

/** Tells `npm start` to go on without a desktop window. */
export const couldNotStart = 87;

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** The one desktop host of a process. */
class DesktopHost {
  private readonly options: DesktopOptions;
  private window: BrowserWindow | null = null;
  private workbench: Workbench | null = null;
  private awake: KeepAwake | null = null;
  /** The data set that a second launch asked for while the first was starting. */
  private wanted: string | null = null;
  private state: 'starting' | 'running' | 'ending' | 'ended' = 'starting';
  private systemEnds = false;
  /** Resolves when the window has been shown. */
  private ready: Promise<void> = Promise.resolve();

  constructor(options: DesktopOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { electron, platform, argv } = this.options;
    const { app } = electron;
    registerScheme(electron.protocol);
    if (platform === 'win32') app.setAppUserModelId(appId);
    // Two windows of one person on one data set would be read only against each other.
    if (!app.requestSingleInstanceLock({ folder: folderIn(argv) })) return app.quit();
    app.on('second-instance', (_event, _argv, _folder, data) => this.onSecondLaunch(data));
    app.on('before-quit', (event) => this.onQuit(event));
    app.on('window-all-closed', () => app.quit());
    app.on('web-contents-created', (_event, contents) => hardenContents(contents, electron.shell));
    app.on('child-process-gone', (_event, details) => this.workbench?.log.error({ details }, 'a helper process of the window has ended'));
    try {
      await app.whenReady();
      await this.start();
    } catch (error) {
      await this.fail(error);
    }
  }

  private async start(): Promise<void> {
    const { electron, platform, argv, createWorkbench, openFirst, staticFile } = this.options;
    hardenSession(electron.session.defaultSession);
    electron.Menu.setApplicationMenu(electron.Menu.buildFromTemplate(menuTemplate(platform)));
    // A system that shuts down waits until everything is saved.
    electron.powerMonitor.on('shutdown', (event?: Electron.Event) => {
      event?.preventDefault();
      this.endWithSystem();
    });
    const workbench = createWorkbench(() => this.chooseFolder());
    this.workbench = workbench;
    this.awake = new KeepAwake(electron.powerSaveBlocker, () => workbench.datasets.isAtWork);
    serveProtocol(electron.protocol, workbench, staticFile);
    const window = this.createWindow(workbench);
    this.window = window;
    connectIpc(electron.ipcMain, window.webContents, workbench);
    await this.load(window);
    await this.shown(window);
    if (this.state !== 'starting') return;
    // The page tells what is being opened: a folder far away takes a while.
    const problem = await openFirst(workbench, folderIn(argv));
    if (this.state !== 'starting') return;
    this.state = 'running';
    const { wanted } = this;
    if (wanted !== null) void this.openFor(workbench, wanted);
    if (problem !== null) electron.dialog.showErrorBox('The data set could not be opened', problem);
  }

  /** The window is seen and has asked what there is: where a folder is opened nothing of this process is answered for a while. */
  private async shown(window: BrowserWindow): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, showMs));
    await Promise.race([this.ready, late]);
    if (!window.isDestroyed()) await new Promise((resolve) => setTimeout(resolve, askMs));
  }

  /** A page that was loaded again, or a window that was closed, while it was loading is no failure: who did it sees to it. */
  private async load(window: BrowserWindow): Promise<void> {
    try {
      await window.loadURL(pageUrl);
    } catch (error) {
      const isOurs = (error as { code?: string }).code === 'ERR_ABORTED' || window.isDestroyed() || this.state !== 'starting';
      if (!isOurs) throw error;
      this.workbench?.log.warn({ err: error }, 'the first load of the page was ended by another');
    }
  }

  /** The one window: sandboxed, context-isolated, and unable to leave the page. */
  private createWindow(workbench: Workbench): BrowserWindow {
    const { electron, preload } = this.options;
    const window = new electron.BrowserWindow({
      width: 1440,
      height: 900,
      minWidth: 900,
      minHeight: 600,
      show: false,
      backgroundColor: '#111214',
      title: 'EncNet Workbench',
      webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false, spellcheck: false },
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    window.once('ready-to-show', () => {
      window.show();
      resolve();
    });
    // The window stays until everything is saved, and shows what that waits for.
    window.on('close', (event) => {
      if (this.state === 'ended') return;
      event.preventDefault();
      electron.app.quit();
    });
    window.webContents.on('will-prevent-unload', (event) => this.onStaying(event));
    // Windows does not ask before it ends a session.
    window.on('session-end', () => this.endWithSystem());
    const crashes = new PageCrashes({ window, dialog: electron.dialog, app: electron.app, log: workbench.log });
    window.webContents.on('render-process-gone', (_event, details) => void crashes.onGone(details));
    window.on('unresponsive', () => workbench.log.warn('the window does not answer'));
    return window;
  }

  /** The page has strokes that are in no file. While there are services it stays with them; after these it could never be closed. */
  private onStaying(event: Electron.Event): void {
    if (this.state !== 'ended') return;
    event.preventDefault();
    this.workbench?.log.warn('the window was closed with strokes that nothing could take');
    const text = 'The mask that they were painted on could not be written: its folder was away, or its disk was full.';
    this.options.electron.dialog.showErrorBox('The last strokes could not be kept', text);
  }

  private async chooseFolder(): Promise<string | null> {
    const { dialog } = this.options.electron;
    const options = { properties: ['openDirectory' as const] };
    const { canceled, filePaths } = await (this.window ? dialog.showOpenDialog(this.window, options) : dialog.showOpenDialog(options));
    return canceled ? null : (filePaths[0] ?? null);
  }

  /** Started again: the window that is there comes to the front, with the data set that was asked for. */
  private onSecondLaunch(data: unknown): void {
    const { window, workbench } = this;
    const folder = (data as { folder?: unknown } | null)?.folder;
    if (this.state === 'starting' && typeof folder === 'string') this.wanted = folder;
    if (!window || window.isDestroyed() || this.state === 'ended') return;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
    if (typeof folder === 'string' && this.state === 'running' && workbench) void this.openFor(workbench, folder);
  }

  private async openFor(workbench: Workbench, folder: string): Promise<void> {
    try {
      await workbench.datasets.open(folder);
    } catch (error) {
      this.options.electron.dialog.showErrorBox('The data set could not be opened', error instanceof Error ? error.message : String(error));
    }
  }

  private endWithSystem(): void {
    this.systemEnds = true;
    this.options.electron.app.quit();
  }

  /** A closed window does not lose the run: it is stopped with a checkpoint and can be resumed. */
  private onQuit(event: Electron.Event): void {
    if (this.state === 'ended' || !this.workbench) return;
    event.preventDefault();
    if (this.state === 'ending') return;
    const before = this.state;
    this.state = 'ending';
    void this.mayEnd().then(async (may) => {
      if (!may) return void (this.state = before);
      await this.shutDown();
      this.options.electron.app.quit();
    });
  }

  /** Whether a person gives up what cannot be saved, where something cannot. A system that ends asks nobody. Never rejects. */
  private async mayEnd(): Promise<boolean> {
    const { workbench, window } = this;
    if (!workbench || !window || window.isDestroyed() || this.systemEnds) return true;
    const why = await workbench.unsaved(savingMs);
    if (why === null) return true;
    const { response } = await this.options.electron.dialog.showMessageBox(window, {
      type: 'warning',
      message: 'Not all that was painted is in its mask',
      detail: `${why}\n\nIts journal keeps what it could take. Stay to make room, or to put the folder back.`,
      buttons: ['Stay', 'Close all the same'],
      defaultId: 0,
      cancelId: 0,
    });
    return response === 1;
  }

  /** Ends the services, whatever they do. Never rejects. */
  private async shutDown(): Promise<void> {
    try {
      await this.workbench?.shutDown();
    } catch (error) {
      this.workbench?.log.error({ err: error }, 'the services did not end as they should');
    }
    this.awake?.end();
    this.state = 'ended';
  }

  /** Without a window there is nothing to wait for: what was begun is put away, and the process ends with the reason. */
  private async fail(error: unknown): Promise<void> {
    const { app, dialog } = this.options.electron;
    this.workbench?.log.fatal({ err: error }, 'the desktop window could not be started');
    await this.shutDown();
    dialog.showErrorBox('EncNet Workbench could not start', textOf(error));
    app.exit(couldNotStart);
  }
}

/** Runs the desktop host. Resolves when its window is open, or the process is to end; never rejects. */
export const runDesktop = (options: DesktopOptions): Promise<void> => new DesktopHost(options).run();
