// Set-up loads only what is pinned, from where nobody else can write; what starts the window hands no secret to other users.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { trainerEnvironment } from '#services/jobs/trainer-process';
import { temporaryFolder } from '../helpers/dataset.ts';
import { load } from './modules.ts';

const { assertPinned, lockFile, pinnedArchive, pinnedWheels, pinsKey } = await load('pins');
const { assertOwnCache } = await load('cacheOwner');
const { downloadArchive } = await load('archive');
const { Progress } = await load('progress');
const { isPlaced, place } = await load('place');
const { findBrowser } = await load('appWindow');
const { privatePage } = await load('privatePage');

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

describe('what is pinned', () => {
  test('has a name, a size and a sha256, and no address', () => {
    const all = (['linux-x64', 'linux-arm64', 'darwin-arm64'] as const).flatMap((platform) => pinnedWheels(platform, 'cpu')!);
    const gpu = pinnedWheels('linux-x64', 'gpu')!;
    expect(gpu.map(({ name }) => name)).toEqual(expect.arrayContaining(['tensorflow', 'nvidia-cudnn-cu12', 'nvidia-cublas-cu12']));
    for (const wheel of [...all, ...gpu]) {
      expect(wheel.file, wheel.name).toMatch(/\.whl$/);
      expect(wheel.size, wheel.name).toBeGreaterThan(1000);
      expect(wheel.sha256, wheel.name).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(all.every(({ name }) => /^tensorflow(-cpu)?$/.test(name))).toBe(true);
    expect(readFileSync(lockFile, 'utf8')).not.toMatch(/https?:|\/\//);
    expect(pinnedArchive('darwin-x64', 'cpu')!.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('where TensorFlow publishes nothing is nothing', () => {
    expect(pinnedWheels('win32-x64', 'cpu')).toBe(null);
    expect(pinnedArchive('win32-x64', 'cpu')).toBe(null);
  });

  test('names what is staged of it: another hash is staged anew', () => {
    expect(pinsKey([{ sha256: 'a' }])).not.toBe(pinsKey([{ sha256: 'b' }]));
  });

  test('is refused with another size or another content, by its name and both values', async () => {
    const file = path.join(temporaryFolder(), 'x.whl');
    writeFileSync(file, 'content');
    const pin = { size: 7, sha256: sha256('content') };
    await assertPinned(file, pin);
    await expect(assertPinned(file, { ...pin, size: 8 })).rejects.toThrow(/x\.whl has 7 bytes, and the pinned file has 8/);
    await expect(assertPinned(file, { ...pin, sha256: sha256('other') })).rejects.toThrow(/x\.whl has the sha256 .* and the pinned one is/);
  });
});

describe('the cache', () => {
  const own = { uid: 1000, stat: () => ({ uid: 1000, mode: 0o40755 }) };

  test("is used if it is this user's or root's, and nobody else can write it", () => {
    expect(() => assertOwnCache('/cache', own)).not.toThrow();
    expect(() => assertOwnCache('/cache', { ...own, stat: () => ({ uid: 0, mode: 0o40755 }) })).not.toThrow();
    expect(() => assertOwnCache('/cache', { ...own, stat: () => ({ uid: 1001, mode: 0o40755 }) })).toThrow(
      '/cache belongs to another user (1001)',
    );
    expect(() => assertOwnCache('/cache', { ...own, stat: () => ({ uid: 1000, mode: 0o40777 }) })).toThrow('can be written by every user');
    expect(() => assertOwnCache('/cache', { ...own, stat: () => undefined })).not.toThrow();
  });

  test('is looked at below as well', () => {
    const stat = (file: string) => ({ uid: file.endsWith('runtime') ? 1001 : 1000, mode: 0o40755 });
    expect(() => assertOwnCache('/cache', { ...own, below: ['runtime'], stat })).toThrow('/cache/runtime belongs to another user');
  });

  test("really is, with the system's own modes", () => {
    const folder = temporaryFolder();
    expect(() => assertOwnCache(folder, {})).not.toThrow();
    chmodSync(folder, 0o777);
    expect(() => assertOwnCache(folder, {})).toThrow('can be written by every user');
  });
});

describe('an archive', () => {
  let server: Server | null = null;
  afterEach(() => void server?.close());

  async function serve(status: number, body: string): Promise<string> {
    server = createServer((_request, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  test('is there only when it is whole and the pinned one', async () => {
    const folder = temporaryFolder();
    const base = await serve(200, 'library');
    const pin = { file: 'lib.tar.gz', size: 7, sha256: sha256('library') };
    expect(readFileSync(await downloadArchive(pin, folder, base), 'utf8')).toBe('library');
    const other = temporaryFolder();
    await expect(downloadArchive({ ...pin, sha256: sha256('another') }, other, base)).rejects.toThrow('the pinned one is');
    expect(readdirSync(other)).toEqual([]);
  });

  test('that is larger than pinned, is not there or cannot be reached leaves nothing', async () => {
    const folder = temporaryFolder();
    const pin = { file: 'lib.tar.gz', size: 7, sha256: sha256('library') };
    await expect(downloadArchive(pin, folder, await serve(200, 'x'.repeat(100_000)))).rejects.toThrow(
      'is larger than the pinned file can be',
    );
    server!.close();
    await expect(downloadArchive(pin, folder, await serve(404, ''))).rejects.toThrow('its server answered 404');
    await expect(downloadArchive(pin, folder, 'http://127.0.0.1:1')).rejects.toThrow(/could not be downloaded \(.+\): check the network/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('a download is one line with its sizes: renewed in a terminal, at every quarter elsewhere', () => {
  const said: string[] = [];
  const write = (text: string) => void said.push(text);
  const file = new Progress('x.whl', 400e6, { write });
  for (let bytes = 0; bytes <= 400e6; bytes += 10e6) file.update(bytes);
  file.end();
  expect(said).toHaveLength(5);
  expect(said[2]).toMatch(/x\.whl: 200 of 400 MB \(50 %\)\n$/);
  said.length = 0;
  const terminal = new Progress('x.whl', null, { write, isTTY: true, columns: 60 });
  terminal.update(5e6);
  terminal.end();
  expect(said.join('').match(/\n/g)).toHaveLength(1);
  expect(said[1]).toMatch(/^\r.*x\.whl: 5 MB$/);
});

describe('a staged runtime', () => {
  function staged(): string {
    const folder = path.join(temporaryFolder(), 'tfjs-key');
    for (const name of ['deps', 'lib', 'cuda']) {
      mkdirSync(path.join(folder, name), { recursive: true });
      writeFileSync(path.join(folder, name, 'file'), name);
    }
    writeFileSync(path.join(folder, 'complete.json'), '{"device":"gpu"}');
    return folder;
  }
  afterEach(() => vi.unstubAllEnvs());

  test('is linked into the package', () => {
    const [folder, at] = [staged(), temporaryFolder()];
    expect(isPlaced(at, folder)).toBe(false);
    place(at, folder);
    expect(isPlaced(at, folder)).toBe(true);
    expect(lstatSync(path.join(at, 'deps')).isSymbolicLink()).toBe(true);
    expect(isPlaced(at, staged())).toBe(false);
  });

  test("is copied where it is to be packaged: links into a user's cache cannot be", () => {
    vi.stubEnv('ENCNET_RUNTIME', 'copy');
    const [folder, at] = [staged(), temporaryFolder()];
    place(at, folder);
    expect(isPlaced(at, folder)).toBe(true);
    for (const name of ['deps', 'lib', 'cuda']) {
      expect(lstatSync(path.join(at, name)).isSymbolicLink()).toBe(false);
      expect(readFileSync(path.join(at, name, 'file'), 'utf8')).toBe(name);
    }
    vi.unstubAllEnvs();
    place(at, folder);
    expect(existsSync(path.join(at, 'cuda'))).toBe(false);
  });
});

describe('a browser for a window of its own', () => {
  test('is found on the path, unless it lives in a container or a person wants none', () => {
    const folder = temporaryFolder();
    const program = path.join(folder, 'chromium');
    writeFileSync(program, '');
    expect(findBrowser({ platform: 'linux', env: { PATH: `/nowhere:${folder}` } })).toBe(program);
    expect(findBrowser({ platform: 'linux', env: { PATH: '/nowhere' } })).toBe(null);
    expect(findBrowser({ platform: 'linux', env: { PATH: folder, ENCNET_BROWSER: 'none' } })).toBe(null);
    expect(findBrowser({ platform: 'linux', env: { PATH: '', ENCNET_BROWSER: '/my/browser' } })).toBe('/my/browser');
    const contained = path.join(folder, 'snap/bin');
    mkdirSync(contained, { recursive: true });
    writeFileSync(path.join(contained, 'chromium'), '');
    expect(findBrowser({ platform: 'linux', env: { PATH: contained } })).toBe(null);
  });

  test('is none of a snap, whichever way that is called', () => {
    const folder = temporaryFolder();
    const found = () => findBrowser({ platform: 'linux', env: { PATH: path.join(folder, 'bin') } });
    mkdirSync(path.join(folder, 'bin'));
    writeFileSync(path.join(folder, 'snap'), 'a program');
    symlinkSync(path.join(folder, 'snap'), path.join(folder, 'bin/chromium'));
    writeFileSync(path.join(folder, 'bin/chromium-browser'), '#!/bin/sh\nexec /snap/bin/chromium "$@"\n');
    // Nor is a folder of that name one.
    mkdirSync(path.join(folder, 'bin/google-chrome'));
    expect(found()).toBe(null);
    writeFileSync(path.join(folder, 'bin/microsoft-edge'), '#!/bin/sh\nexec /opt/edge "$@"\n');
    expect(found()).toBe(path.join(folder, 'bin/microsoft-edge'));
  });

  test('is led to the address by a page that this user alone can read', () => {
    const address = 'http://127.0.0.1:4711/#secret</script>';
    const page = privatePage(address);
    expect(page.url).not.toContain('secret');
    expect(readFileSync(page.file, 'utf8')).toContain('#secret\\u003c/script>');
    if (process.platform !== 'win32') {
      expect(statSync(page.file).mode & 0o077).toBe(0);
      expect(statSync(path.dirname(page.file)).mode & 0o077).toBe(0);
    }
    page.remove();
    expect(existsSync(path.dirname(page.file))).toBe(false);
    expect(() => page.remove()).not.toThrow();
  });
});

test("a host gives back what pictures took, unless a person has set the allocator; its trainers' threads never wait", async () => {
  const { hostEnvironment } = await load('hostEnvironment');
  const given = hostEnvironment({ PATH: '/bin' }, 'linux');
  expect(given).toEqual({ PATH: '/bin', MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' });
  expect(hostEnvironment({ MALLOC_ARENA_MAX: '8' }, 'linux').MALLOC_ARENA_MAX).toBe('8');
  expect(hostEnvironment({ PATH: '/bin' }, 'darwin')).toEqual({ PATH: '/bin' });
  expect(trainerEnvironment(given)).not.toHaveProperty('MALLOC_ARENA_MAX');
});

test('a download of Electron that failed is not tried at every start, but once a day', async () => {
  const { failedLately, noteFailed } = await load('electronTries');
  const file = path.join(temporaryFolder(), 'electron.json');
  const hour = 3_600_000;
  expect(failedLately(file)).toBe(null);
  noteFailed(file, 'refused', 100 * hour);
  expect(failedLately(file, 101 * hour)).toBe('refused');
  expect(failedLately(file, 125 * hour)).toBe(null);
  // A clock that was set back does not keep it from ever being tried.
  expect(failedLately(file, 99 * hour)).toBe(null);
  writeFileSync(file, '{"at":');
  expect(failedLately(file)).toBe(null);
});
