import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { encode, decode } from '@msgpack/msgpack';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { connectIpc } from '../../src/main/electron/ipc.ts';
import { serveProtocol } from '../../src/main/electron/protocol.ts';
import { startBrowserHost, type BrowserHost } from '../../src/main/server/browser-host.ts';
import { staticFile } from '../../src/main/services/assets/static-files.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const rendererFolder = path.join(root, 'src/renderer');
let bench: TestBench;
let host: BrowserHost;
let cookie: string;

/** A request with any headers: fetch would not let us set Host. */
function get(
  address: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: host.port, path: address, headers }, (response) => {
        let body = '';
        response
          .setEncoding('utf8')
          .on('data', (text: string) => (body += text))
          .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      })
      .on('error', reject);
  });
}

beforeEach(async () => {
  bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 2, val: 1 }) });
  await bench.workbench.datasets.require().surveyed();
  host = await startBrowserHost(bench.workbench, { port: 0, rendererFolder });
  const login = await get(new URL(host.url).pathname + new URL(host.url).search);
  expect(login).toMatchObject({ status: 303, headers: { location: '/' } });
  [cookie] = login.headers['set-cookie']![0].split(';');
  expect(login.headers['set-cookie']![0]).toContain('HttpOnly; SameSite=Strict');
});

afterEach(async () => {
  await host.close();
  await bench.workbench.shutDown();
});

test('serves the page with its policy to whom has the token, and nobody else', async () => {
  const page = await get('/', { cookie });
  expect(page.status).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect((await get('/')).status).toBe(403);
  expect((await get('/?t=guess')).status).toBe(403);
  expect((await get('/', { cookie: cookie.replace(/=.*/, '=guess') })).status).toBe(403);
  expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(421);
  expect((await get('/', { cookie, origin: 'http://evil.example' })).status).toBe(403);
});

test("nothing outside the renderer's folder can be read", async () => {
  for (const address of ['/../main/serve.ts', '/..%2f..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/nothing.js']) {
    expect((await get(address, { cookie })).status).toBe(404);
  }
});

test('an address that is none is answered, and the host goes on', async () => {
  expect((await get('//')).status).toBe(400);
  expect((await get('/%', { cookie })).status).toBe(404);
  expect((await get('/asset/%', { cookie })).status).toBeGreaterThanOrEqual(400);
  expect((await get('/', { cookie })).status).toBe(200);
});

function connect(headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, { headers });
  return new Promise((resolve, reject) => socket.once('open', () => resolve(socket)).once('error', reject));
}

test('answers calls over the socket, and refuses a socket without cookie or from elsewhere', async () => {
  const origin = `http://127.0.0.1:${host.port}`;
  await expect(connect({ origin })).rejects.toThrow('403');
  await expect(connect({ cookie })).rejects.toThrow('403');
  await expect(connect({ cookie, origin: 'http://evil.example' })).rejects.toThrow('403');
  const socket = await connect({ cookie, origin });
  const answer = new Promise<unknown>((resolve) =>
    socket.on('message', (data: Buffer) => {
      const frame = decode(data) as { kind: string };
      if (frame.kind === 'result') resolve(frame);
    }),
  );
  socket.send(encode({ kind: 'call', id: 7, method: 'edits.open', input: { imageId: 'train/train-0', window: 'w' } }));
  expect(await answer).toMatchObject({ kind: 'result', id: 7, ok: true, value: { width: 64, height: 48 } });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.send(Buffer.from([0xc1]));
  expect(await closed).toBe(1003);
});

test("the desktop host's IPC listens to our own frame alone and carries events", async () => {
  const mainFrame = {};
  const sent: unknown[] = [];
  let listener: (event: { senderFrame: unknown }, frame: unknown) => void = () => undefined;
  let destroyed: () => void = () => undefined;
  const contents = {
    mainFrame,
    isDestroyed: () => false,
    send: (_channel: string, frame: unknown) => sent.push(frame),
    once: (_name: string, work: () => void) => (destroyed = work),
  };
  const off = vi.fn();
  connectIpc({ on: (_channel: string, work: typeof listener) => (listener = work), off } as never, contents as never, bench.workbench);
  listener({ senderFrame: {} }, { kind: 'call', id: 1, method: 'app.host', input: null });
  listener({ senderFrame: mainFrame }, { kind: 'call', id: 2, method: 'app.host', input: null });
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toMatchObject({ id: 2, ok: true });
  bench.workbench.events.emit('app.notice', { kind: 'info', text: 'x' });
  expect(sent[1]).toMatchObject({ kind: 'event', name: 'app.notice' });
  destroyed();
  bench.workbench.events.emit('app.notice', { kind: 'info', text: 'y' });
  expect(sent).toHaveLength(2);
  expect(off).toHaveBeenCalledOnce();
});

test("the desktop host's protocol serves page and assets under one origin", async () => {
  let handle: (request: Request) => Promise<Response> = () => Promise.reject(new Error('not set'));
  serveProtocol({ handle: (_scheme: string, work: typeof handle) => (handle = work) }, bench.workbench, (pathname) =>
    staticFile(rendererFolder, pathname),
  );
  const { id } = await bench.call<{ id: string }>('datasets.current');
  const status = async (address: string) => (await handle(new Request(address))).status;
  expect(await status('workbench://app/index.html')).toBe(200);
  expect(await status(`workbench://app/asset/${id}/image/train/train-0`)).toBe(200);
  expect(await status('workbench://other/index.html')).toBe(404);
  expect(await status('workbench://app/nothing')).toBe(404);
});

test('a refused socket whose other side stays open does not keep the host from ending', async () => {
  const own = await startBrowserHost(bench.workbench, { port: 0, rendererFolder });
  const raw = net.connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
  raw.on('error', () => undefined);
  raw.write(`GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  const answer = await new Promise<Buffer>((resolve) => raw.once('data', resolve));
  expect(answer.toString()).toContain('403 Forbidden');
  const closed = own.close().then(() => 'closed');
  expect(await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 3000, 'hangs'))])).toBe('closed');
  raw.destroy();
});
