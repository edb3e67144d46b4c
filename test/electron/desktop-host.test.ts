// The desktop host from start to quit, on a stand-in with Electron's own types: its binary cannot be had where this is built.
import { decode, encode } from '@msgpack/msgpack';
import path from 'node:path';
import type { MenuItemConstructorOptions, WebContents } from 'electron';
import { afterEach, expect, test, vi } from 'vitest';
import { folderIn, runDesktop, type DesktopOptions } from '../../src/main/electron/desktop-host.ts';
import { menuTemplate } from '../../src/main/electron/menu.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { electronEvent, fakeElectron, type FakeOptions } from '../helpers/fake-electron.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench | null = null;

afterEach(async () => {
  await bench?.workbench.shutDown();
  bench = null;
});

function start(fakeOptions: FakeOptions = {}, options: Partial<DesktopOptions> = {}) {
  const made = fakeElectron(fakeOptions);
  const running = runDesktop({
    electron: made.electron,
    platform: 'linux',
    argv: ['electron', '.'],
    createWorkbench: () => (bench = createBench()).workbench,
    openFirst: () => Promise.resolve(null),
    preload: '/preload.cjs',
    staticFile: () => Promise.resolve(null),
    ...options,
  });
  return { ...made, running };
}

test('opens one window that can go nowhere, after its scheme, its permissions and its menu', async () => {
  const { fake, windows, done, running } = start();
  await running;
  expect(done).toEqual(['scheme']);
  expect(windows).toHaveLength(1);
  const [{ options, loadURL, webContents }] = windows;
  expect(options.webPreferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false });
  expect(loadURL).toHaveBeenCalledWith('workbench://app/index.html');
  expect(fake.Menu.setApplicationMenu).toHaveBeenCalledOnce();
  const leaving = Object.assign(electronEvent(), { url: 'https://evil.example/' });
  webContents.emit('will-navigate', leaving);
  const embedding = electronEvent();
  webContents.emit('will-attach-webview', embedding);
  expect([leaving.defaultPrevented, embedding.defaultPrevented]).toEqual([true, true]);
  const open = (url: string) => webContents.openHandler!({ url } as Parameters<NonNullable<typeof webContents.openHandler>>[0]);
  expect(open('https://example.org/')).toEqual({ action: 'deny' });
  expect(open('file:///etc/passwd')).toEqual({ action: 'deny' });
  expect(fake.shell.openExternal.mock.calls).toEqual([['https://example.org/']]);
  windows[0].emit('ready-to-show');
  expect(windows[0].show).toHaveBeenCalledOnce();
});

test('the page may tell of ended runs and copy; camera, place and devices are refused', async () => {
  const { fake, running } = start();
  await running;
  const { defaultSession } = fake.session;
  const ask = vi.mocked(defaultSession.setPermissionRequestHandler).mock.calls[0][0]!;
  const check = vi.mocked(defaultSession.setPermissionCheckHandler).mock.calls[0][0]!;
  const answers = (['notifications', 'clipboard-sanitized-write', 'media', 'geolocation', 'openExternal', 'midi'] as const).map((name) => {
    const answer = vi.fn();
    ask({} as WebContents, name, answer, {} as never);
    return [name, answer.mock.calls[0][0] as boolean] as const;
  });
  expect(answers).toEqual([
    ['notifications', true],
    ['clipboard-sanitized-write', true],
    ['media', false],
    ['geolocation', false],
    ['openExternal', false],
    ['midi', false],
  ]);
  expect(check(null, 'hid', '', {} as never)).toBe(false);
  expect(vi.mocked(defaultSession.setDevicePermissionHandler).mock.calls[0][0]!({} as never)).toBe(false);
});

test('services that cannot be built are told, and the process ends with an error: nothing is left that waits', async () => {
  const { done, windows, running } = start(
    {},
    {
      createWorkbench: () => {
        throw new Error('the library is missing');
      },
    },
  );
  await running;
  expect(done).toEqual(['scheme', 'box: EncNet Workbench could not start', 'exit 87']);
  expect(windows).toHaveLength(0);
});

test('a page that cannot be loaded ends the services that were begun, then the process', async () => {
  const shutDown = vi.fn();
  const createWorkbench = () => {
    bench = createBench();
    return { ...bench.workbench, shutDown };
  };
  const { done, running } = start({ failsToLoad: new Error('ERR_FAILED') }, { createWorkbench });
  await running;
  expect(shutDown).toHaveBeenCalledOnce();
  expect(done).toEqual(['scheme', 'box: EncNet Workbench could not start', 'exit 87']);
});

test('a start that fails before Electron is ready ends the process as well', async () => {
  const made = fakeElectron();
  made.fake.app.whenReady.mockRejectedValue(new Error('no display'));
  await runDesktop({
    electron: made.electron,
    platform: 'linux',
    argv: [],
    createWorkbench: () => {
      throw new Error('never');
    },
    openFirst: () => Promise.resolve(null),
    preload: '',
    staticFile: () => Promise.resolve(null),
  });
  expect(made.done).toEqual(['scheme', 'box: EncNet Workbench could not start', 'exit 87']);
});

test('a second launch ends at once, and the first one comes to the front with the data set that was asked for', async () => {
  const second = start({ first: false });
  await second.running;
  expect(second.done).toEqual(['scheme', 'quit']);
  expect(second.windows).toHaveLength(0);
  const { fake, windows, running } = start();
  await running;
  windows[0].minimised = true;
  const folder = await makeDataset({ train: 1, val: 1 });
  fake.app.emit('second-instance', {}, [], '/', { folder });
  expect(windows[0].restore).toHaveBeenCalledOnce();
  expect(windows[0].focus).toHaveBeenCalledOnce();
  await vi.waitFor(async () => expect(await bench!.call('datasets.current')).toMatchObject({ path: folder }));
  fake.app.emit('second-instance', {}, [], '/', { folder: '/nowhere' });
  await vi.waitFor(() => expect(fake.dialog.showErrorBox).toHaveBeenCalledWith('The data set could not be opened', expect.any(String)));
  fake.app.emit('second-instance', {}, [], '/', null);
  expect(windows[0].focus).toHaveBeenCalledTimes(3);
});

test('a page that is loaded again while it loads the first time is no failure', async () => {
  const { done, running } = start({ failsToLoad: Object.assign(new Error('ERR_ABORTED (-3)'), { code: 'ERR_ABORTED' }) });
  await running;
  expect(done).toEqual(['scheme']);
});

test('a second launch while the first is starting has its data set opened when that is done', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const opening = Promise.withResolvers<string | null>();
  const { fake, running } = start({}, { openFirst: () => opening.promise });
  await vi.waitFor(() => expect(bench).not.toBe(null));
  fake.app.emit('second-instance', {}, [], '/', { folder });
  opening.resolve(null);
  await running;
  await vi.waitFor(async () => expect(await bench!.call('datasets.current')).toMatchObject({ path: folder }));
});

test('the window is there while the first data set is opened; closed meanwhile, it ends and tells no trouble', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const opening = Promise.withResolvers<void>();
  const openFirst: DesktopOptions['openFirst'] = async ({ datasets, events }) => {
    expect(windows[0].show).toHaveBeenCalledOnce();
    const told: unknown[] = [];
    const end = events.subscribe((name, payload) => name === 'datasets.opening' && told.push(payload));
    await Promise.all([datasets.open(folder), expect(bench!.call('datasets.opening')).resolves.toBe(folder)]);
    end();
    expect([told, await bench!.call('datasets.opening')]).toEqual([[folder, null], null]);
    await opening.promise;
    return 'The workbench is closing';
  };
  const { fake, windows, done, running } = start({}, { openFirst });
  await vi.waitFor(() => expect(windows[0]?.loadURL).toHaveBeenCalledOnce());
  await vi.waitFor(async () => expect(await bench!.call('datasets.current')).toMatchObject({ path: folder }), { timeout: 20_000 });
  fake.app.quit();
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'), { timeout: 20_000 });
  opening.resolve();
  await running;
  expect(done).toEqual(['scheme', 'quit prevented', 'quit']);
});

test('a data set that cannot be opened is told once the window is there', async () => {
  const { done, windows, running } = start({}, { openFirst: () => Promise.resolve('/data is not a data set') });
  await running;
  expect(windows).toHaveLength(1);
  expect(done).toEqual(['scheme', 'box: The data set could not be opened']);
});

test('a closed window stays until everything is saved, and asks for nothing twice', async () => {
  const { fake, windows, done, running } = start();
  await running;
  const saved = Promise.withResolvers<void>();
  const real = bench!.workbench.shutDown;
  const shutDown = vi.fn(() => saved.promise.then(real));
  bench!.workbench.shutDown = shutDown;
  for (let times = 0; times < 3; times++) {
    const closing = electronEvent();
    windows[0].emit('close', closing);
    expect(closing.defaultPrevented).toBe(true);
  }
  await vi.waitFor(() => expect(shutDown).toHaveBeenCalledOnce());
  expect(done).toEqual(['scheme', 'quit prevented', 'quit prevented', 'quit prevented']);
  saved.resolve();
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  const last = electronEvent();
  windows[0].emit('close', last);
  expect(last.defaultPrevented).toBe(false);
  expect(fake.app.quit).toHaveBeenCalledTimes(4);
});

test('what cannot be saved is asked about before the window closes; staying keeps all of it', async () => {
  const { fake, windows, done, running } = start();
  await running;
  const { unsaved } = bench!.workbench;
  const shutDown = vi.spyOn(bench!.workbench, 'shutDown');
  bench!.workbench.unsaved = () => Promise.resolve('What was painted last on train/a is not in its mask: the disk is full');
  const { showMessageBox } = fake.dialog;
  windows[0].emit('close', electronEvent());
  await vi.waitFor(() => expect(showMessageBox).toHaveBeenCalledOnce());
  const [, { detail, buttons }] = showMessageBox.mock.lastCall as unknown as [unknown, { detail: string; buttons: string[] }];
  expect([detail, buttons]).toEqual([expect.stringContaining('the disk is full'), ['Stay', 'Close all the same']]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([shutDown.mock.calls.length, done.at(-1)]).toEqual([0, 'quit prevented']);
  // Asked again at the next try, and ended once that is chosen.
  showMessageBox.mockResolvedValue({ response: 1, checkboxChecked: false });
  fake.app.quit();
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  expect([showMessageBox.mock.calls.length, shutDown.mock.calls.length]).toEqual([2, 1]);
  bench!.workbench.unsaved = unsaved;
});

test('a system that ends asks nobody', async () => {
  const { fake, windows, done, running } = start();
  await running;
  bench!.workbench.unsaved = () => Promise.resolve('something');
  windows[0].emit('session-end');
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  expect(fake.dialog.showMessageBox).not.toHaveBeenCalled();
});

test('strokes that nothing can take keep the window while there are services, and then are told of', async () => {
  const { fake, windows, done, running } = start();
  await running;
  const staying = () => {
    const event = electronEvent();
    windows[0].webContents.emit('will-prevent-unload', event);
    return event.defaultPrevented;
  };
  expect([staying(), done]).toEqual([false, ['scheme']]);
  fake.app.quit();
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  expect([staying(), done.at(-1)]).toEqual([true, 'box: The last strokes could not be kept']);
});

test('a shut-down that fails ends the application all the same', async () => {
  const { fake, done, running } = start();
  await running;
  const real = bench!.workbench.shutDown;
  bench!.workbench.shutDown = () => Promise.reject(new Error('disk'));
  fake.app.quit();
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  bench!.workbench.shutDown = real;
});

test('a system that shuts down waits until everything is saved', async () => {
  const { fake, done, running } = start();
  await running;
  const event = electronEvent();
  fake.powerMonitor.emit('shutdown', event);
  expect(event.defaultPrevented).toBe(true);
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
});

test('a page whose process ends is shown again; one that ends again at once is asked about', async () => {
  const { fake, windows, done, running } = start();
  await running;
  const [{ webContents, loadURL }] = windows;
  const gone = (reason: string) => webContents.emit('render-process-gone', {}, { reason, exitCode: 5 });
  gone('clean-exit');
  expect(loadURL).toHaveBeenCalledTimes(1);
  gone('crashed');
  await vi.waitFor(() => expect(loadURL).toHaveBeenCalledTimes(2));
  expect(fake.dialog.showMessageBox).not.toHaveBeenCalled();
  gone('oom');
  await vi.waitFor(() => expect(loadURL).toHaveBeenCalledTimes(3));
  expect(fake.dialog.showMessageBox).toHaveBeenCalledOnce();
  fake.dialog.showMessageBox.mockResolvedValue({ response: 1, checkboxChecked: false });
  gone('crashed');
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
  expect(loadURL).toHaveBeenCalledTimes(3);
});

test('a page that cannot be shown again ends the application', async () => {
  const { windows, done, running } = start();
  await running;
  windows[0].loadURL.mockRejectedValue(new Error('gone'));
  windows[0].webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
  await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
});

test('the folder dialog gives the folder, or nothing where a person cancels', async () => {
  let chooseFolder: (() => Promise<string | null>) | null = null;
  const createWorkbench: DesktopOptions['createWorkbench'] = (choose) => {
    chooseFolder = choose;
    return (bench = createBench()).workbench;
  };
  const { fake, running } = start({}, { createWorkbench });
  await running;
  expect(await chooseFolder!()).toBe('/data');
  fake.dialog.showOpenDialog.mockResolvedValue({ canceled: true, filePaths: [] });
  expect(await chooseFolder!()).toBe(null);
});

test('what the page sends is answered only if it is a call', async () => {
  const { fake, windows, running } = start();
  await running;
  const { webContents } = windows[0];
  const from = { senderFrame: webContents.mainFrame };
  const call = (id: number) => encode({ kind: 'call', id, method: 'app.ping', input: null });
  for (const frame of [null, 7, 'call', {}, { kind: 'call' }, { kind: 'call', id: 'x', method: 'app.ping' }])
    for (const sent of [frame, encode(frame)]) fake.ipcMain.emit('rpc', from, sent);
  fake.ipcMain.emit('rpc', from, { kind: 'call', id: 4, method: 'app.ping', input: null });
  fake.ipcMain.emit('rpc', { senderFrame: null }, call(1));
  fake.ipcMain.emit('rpc', { senderFrame: {} }, call(2));
  fake.ipcMain.emit('rpc', from, call(3));
  await vi.waitFor(() => expect(webContents.sent).toHaveLength(1));
  expect(decode(webContents.sent[0] as Uint8Array)).toMatchObject({ kind: 'result', id: 3, ok: true });
});

test('the machine does not sleep while something works, may when that has ended, and is let go of at the end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { fake, done, running } = start();
    await running;
    const isAtWork = vi.spyOn(bench!.workbench.datasets, 'isAtWork', 'get');
    vi.advanceTimersByTime(60_000);
    expect(done).toEqual(['scheme']);
    isAtWork.mockReturnValue(true);
    vi.advanceTimersByTime(60_000);
    expect(done.slice(1)).toEqual(['awake: prevent-app-suspension']);
    isAtWork.mockReturnValue(false);
    vi.advanceTimersByTime(60_000);
    expect(done.slice(2)).toEqual(['may sleep: 7']);
    isAtWork.mockReturnValue(true);
    vi.advanceTimersByTime(60_000);
    fake.app.quit();
    await vi.waitFor(() => expect(done.at(-1)).toBe('quit'));
    expect(done.slice(3)).toEqual(['awake: prevent-app-suspension', 'quit prevented', 'may sleep: 7', 'quit']);
    vi.advanceTimersByTime(60_000);
    expect(done.at(-1)).toBe('quit');
  } finally {
    vi.useRealTimers();
  }
});

test('Windows is told the name that notifications are shown under', async () => {
  const { fake, running } = start({}, { platform: 'win32' });
  await running;
  expect(fake.app.setAppUserModelId).toHaveBeenCalledOnce();
});

test.each(['linux', 'darwin', 'win32'] as const)('the menu has cut, copy and paste: %s', (platform) => {
  const roles = menuTemplate(platform).map(({ role }: MenuItemConstructorOptions) => role);
  expect(roles).toContain('editMenu');
  expect(roles.includes('appMenu')).toBe(platform === 'darwin');
});

test('a command line names a data set by --data', () => {
  expect(folderIn(['electron', '.', '--data', '/a b'])).toBe('/a b');
  expect(folderIn(['electron', '.', '--data=/a b'])).toBe('/a b');
  expect(folderIn(['electron', '.', '--data'])).toBe(null);
  expect(folderIn(['electron', '.'])).toBe(null);
  // A second launch hands it to the first, which may stand in another folder.
  expect(folderIn(['electron', '.', '--data', 'street'])).toBe(path.resolve('street'));
});
