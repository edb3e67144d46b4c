import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { encode, decode } from '@msgpack/msgpack';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import type { PageSecrets } from '#shared/rpc/page-secrets';
import { connectIpc } from '../../src/main/electron/ipc.ts';
import { serveProtocol } from '../../src/main/electron/protocol.ts';
import { startBrowserHost, type BrowserHost } from '../../src/main/server/browser-host.ts';
import { staticFile } from '../../src/main/services/assets/static-files.ts';
import { pageSecrets } from '../../scripts/soak/host-client.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const rendererFolder = path.join(root, 'src/renderer');
let bench: TestBench;
let host: BrowserHost;
let secrets: PageSecrets;
let address: string;

/** A request with any headers: fetch would not let us set Host. */
function get(
  at: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: host.port, path: at, headers }, (response) => {
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
  address = host.newAddress();
  secrets = await pageSecrets(address);
});

afterEach(async () => {
  await host.close();
  await bench.workbench.shutDown();
});

const picture = async (): Promise<string> => {
  const { id } = await bench.call<{ id: string }>('datasets.current');
  return `/asset/${id}/image/train/train-0`;
};

test('serves its page under its own names alone, with a policy; the page tells nothing', async () => {
  const page = await get('/');
  expect(page.status).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.headers['set-cookie']).toBeUndefined();
  expect((await get('/', { host: 'evil.example' })).status).toBe(421);
  expect((await get('/', { origin: 'http://evil.example' })).status).toBe(403);
  expect((await get('/', { host: 'localhost:9000' })).body).toContain('--allow-host localhost:9000');
});

test("gives the data set's pictures to whom has the key of this start, and nobody else", async () => {
  const at = await picture();
  const served = await get(`${at}?key=${secrets.assets}`);
  expect(served).toMatchObject({ status: 200, headers: { 'content-type': 'image/png' } });
  expect((await get(at)).status).toBe(403);
  expect((await get(`${at}?key=guess`)).status).toBe(403);
  expect((await get(`${at}?key=${secrets.session}`)).status).toBe(403);
  expect((await get(at, { cookie: `encnet-${host.port}=${secrets.session}` })).status).toBe(403);
});

test('a page of another port of this machine gets neither pictures nor secrets', async () => {
  const at = `${await picture()}?key=${secrets.assets}`;
  expect((await get(at, { 'sec-fetch-site': 'same-site' })).status).toBe(403);
  expect((await get(at, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await get(at, { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

test('every answer, errors too, says that it is of this origin and of its type', async () => {
  for (const at of ['/', '/nothing.js', '/asset/x', `${await picture()}?key=${secrets.assets}`, `/asset/x/image/y?key=${secrets.assets}`]) {
    const { headers } = await get(at);
    expect(headers['cross-origin-resource-policy'], at).toBe('same-origin');
    expect(headers['x-content-type-options'], at).toBe('nosniff');
  }
});

test('an address opens one page: its ticket is good once', async () => {
  await expect(pageSecrets(address)).rejects.toThrow('This address was used before.');
  const next = host.newAddress();
  expect(await pageSecrets(next)).toEqual(secrets);
  await expect(pageSecrets(next)).rejects.toThrow('403');
});

test('a body that is too long for a ticket ends its own request', async () => {
  const { origin } = new URL(address);
  expect((await fetch(`${origin}/session`, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(403);
  expect((await get('/')).status).toBe(200);
});

test("nothing outside the renderer's folder can be read", async () => {
  for (const at of ['/../main/serve.ts', '/..%2f..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/nothing.js']) {
    expect((await get(at)).status).toBe(404);
  }
});

test('what asks for something outside is told once, with what it was', async () => {
  const told = vi.spyOn(bench.workbench.log, 'warn');
  for (let i = 0; i < 3; i++) await get('/..%2f..%2fetc/passwd');
  await get('/', { host: 'evil.example' });
  const texts = told.mock.calls.map(([facts, text]) => `${JSON.stringify(facts)} ${text}`).filter((text) => text.includes('refused'));
  expect(texts).toHaveLength(2);
  expect(texts[0]).toContain('passwd');
  expect(texts[1]).toContain('evil.example');
  told.mockRestore();
});

test('an address that is none is answered, and the host goes on', async () => {
  expect((await get('//')).status).toBe(400);
  expect((await get('/%')).status).toBe(404);
  expect((await get(`/asset/%?key=${secrets.assets}`)).status).toBeGreaterThanOrEqual(400);
  expect((await get('/')).status).toBe(200);
});

function connect(protocols: string[], headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, protocols, { headers });
  return new Promise((resolve, reject) => socket.once('open', () => resolve(socket)).once('error', reject));
}

test('answers calls over the socket, and refuses a socket without the secret or from elsewhere', async () => {
  const origin = `http://127.0.0.1:${host.port}`;
  const own = ['encnet', secrets.session];
  await expect(connect([], { origin })).rejects.toThrow('403');
  await expect(connect(['encnet', 'guess'], { origin })).rejects.toThrow('403');
  await expect(connect(own, {})).rejects.toThrow('403');
  await expect(connect(own, { origin: 'http://evil.example' })).rejects.toThrow('403');
  await expect(connect(own, { origin, 'sec-fetch-site': 'same-site' })).rejects.toThrow('403');
  const socket = await connect(own, { origin });
  expect(socket.protocol).toBe('encnet');
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
  const call = (id: number) => encode({ kind: 'call', id, method: 'app.host', input: null });
  listener({ senderFrame: {} }, call(1));
  listener({ senderFrame: mainFrame }, { kind: 'call', id: 3, method: 'app.host', input: null });
  listener({ senderFrame: mainFrame }, call(2));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(decode(sent[0] as Uint8Array)).toMatchObject({ id: 2, ok: true });
  bench.workbench.events.emit('app.notice', { kind: 'info', text: 'x' });
  expect(decode(sent[1] as Uint8Array)).toMatchObject({ kind: 'event', name: 'app.notice' });
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
  const status = async (at: string) => (await handle(new Request(at))).status;
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

test('a host that is started anew is where its windows look for it, unless another program is there by now', async () => {
  const start = () => startBrowserHost(bench.workbench, { port: null, rendererFolder });
  const first = await start();
  await first.close();
  const again = await start();
  expect(again.port).toBe(first.port);
  const beside = await start();
  expect(beside.port).not.toBe(first.port);
  await Promise.all([again.close(), beside.close()]);
});
