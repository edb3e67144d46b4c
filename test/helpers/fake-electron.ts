// A stand-in for Electron where its binary cannot be had: every member has the type that Electron's own declarations give it, so that a
// call that Electron would not take does not compile.
import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';
import { vi } from 'vitest';
import type { DesktopElectron } from '../../src/main/electron/desktop-host.ts';

type Member<T, K extends keyof T> = T[K] extends (...args: never[]) => unknown ? T[K] : never;
const member = <T, K extends keyof T>(work: Member<T, K>) => vi.fn(work);

class FakeContents extends EventEmitter {
  readonly mainFrame = { url: 'workbench://app/index.html' };
  readonly sent: unknown[] = [];
  openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | null = null;
  readonly setWindowOpenHandler = member<Electron.WebContents, 'setWindowOpenHandler'>((handler) => void (this.openHandler = handler));
  readonly send = member<Electron.WebContents, 'send'>((_channel, ...args: unknown[]) => void this.sent.push(args[0]));
  readonly isDestroyed = member<Electron.WebContents, 'isDestroyed'>(() => false);
}

/** A window that is there as long as nobody destroys it. */
export class FakeWindow extends EventEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly webContents = new FakeContents();
  minimised = false;
  destroyed = false;
  readonly show = member<Electron.BrowserWindow, 'show'>(() => undefined);
  readonly focus = member<Electron.BrowserWindow, 'focus'>(() => undefined);
  readonly restore = member<Electron.BrowserWindow, 'restore'>(() => undefined);
  readonly isMinimized = member<Electron.BrowserWindow, 'isMinimized'>(() => this.minimised);
  readonly isDestroyed = member<Electron.BrowserWindow, 'isDestroyed'>(() => this.destroyed);
  readonly loadURL = member<Electron.BrowserWindow, 'loadURL'>(() => {
    queueMicrotask(() => this.emit('ready-to-show'));
    return Promise.resolve();
  });

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.options = options;
  }
}

export interface FakeOptions {
  /** Whether this is the first one of its user. */
  first?: boolean;
  /** Fails the start of the window. */
  failsToLoad?: Error;
}

/** An event of Electron's whose default can be prevented. */
export const electronEvent = () => {
  const event = { defaultPrevented: false, preventDefault: vi.fn(() => void (event.defaultPrevented = true)) };
  return event;
};

/** Electron as one process has it, and what was done with it. */
export function fakeElectron({ first = true, failsToLoad }: FakeOptions = {}) {
  const windows: FakeWindow[] = [];
  /** What was done, in its order. */
  const done: string[] = [];
  const app = Object.assign(new EventEmitter(), {
    requestSingleInstanceLock: member<Electron.App, 'requestSingleInstanceLock'>(() => first),
    setAppUserModelId: member<Electron.App, 'setAppUserModelId'>(() => undefined),
    whenReady: member<Electron.App, 'whenReady'>(() => Promise.resolve()),
    exit: member<Electron.App, 'exit'>((code) => void done.push(`exit ${code}`)),
    /** As Electron does: who prevents before-quit keeps the application. */
    quit: member<Electron.App, 'quit'>(() => {
      const event = electronEvent();
      app.emit('before-quit', event);
      done.push(event.defaultPrevented ? 'quit prevented' : 'quit');
    }),
  });
  const session = {
    setPermissionRequestHandler: member<Electron.Session, 'setPermissionRequestHandler'>(() => undefined),
    setPermissionCheckHandler: member<Electron.Session, 'setPermissionCheckHandler'>(() => undefined),
    setDevicePermissionHandler: member<Electron.Session, 'setDevicePermissionHandler'>(() => undefined),
  };
  const fake = {
    app,
    BrowserWindow: class extends FakeWindow {
      constructor(options: Electron.BrowserWindowConstructorOptions) {
        super(options);
        if (failsToLoad) this.loadURL.mockRejectedValue(failsToLoad);
        windows.push(this);
        app.emit('web-contents-created', {}, this.webContents);
      }
    },
    dialog: {
      showErrorBox: member<Electron.Dialog, 'showErrorBox'>((title) => void done.push(`box: ${title}`)),
      showOpenDialog: vi.fn<() => Promise<Electron.OpenDialogReturnValue>>(() =>
        Promise.resolve({ canceled: false, filePaths: ['/data'] }),
      ),
      showMessageBox: vi.fn<() => Promise<Electron.MessageBoxReturnValue>>(() => Promise.resolve({ response: 0, checkboxChecked: false })),
    },
    ipcMain: new EventEmitter(),
    Menu: {
      buildFromTemplate: vi.fn((template: Electron.MenuItemConstructorOptions[]) => ({ template })),
      setApplicationMenu: vi.fn(),
    },
    powerMonitor: new EventEmitter(),
    powerSaveBlocker: {
      start: member<Electron.PowerSaveBlocker, 'start'>((type) => (done.push(`awake: ${type}`), 7)),
      stop: member<Electron.PowerSaveBlocker, 'stop'>((id) => (done.push(`may sleep: ${id}`), true)),
    },
    protocol: {
      registerSchemesAsPrivileged: member<Electron.Protocol, 'registerSchemesAsPrivileged'>(() => void done.push('scheme')),
      handle: member<Electron.Protocol, 'handle'>(() => undefined),
    },
    session: { defaultSession: session },
    shell: { openExternal: member<Electron.Shell, 'openExternal'>(() => Promise.resolve()) },
  };
  return { fake, electron: fake as unknown as DesktopElectron, windows, done };
}
