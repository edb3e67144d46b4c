import type { Socket } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { messageOf } from '#shared/errors';
import type { Workbench } from '../create-services.ts';
import { hostAllowed, originAllowed, sessionAllowed, siteAllowed, socketProtocol, type Guard } from './guard.ts';
import { OutsideRequests } from './outside.ts';
import { Secrets } from './secrets.ts';
import { serveSocket } from './socket.ts';
import { secureHeaders, staticFile } from '../services/assets/static-files.ts';

export interface BrowserHost {
  /** An address that opens the workbench once, for the person who started it; the one before is good no more. */
  newAddress: () => string;
  port: number;
  close: () => Promise<void>;
}

export interface BrowserHostOptions {
  /** 0 takes a free one; null that of last time, so that windows which are still open come back, or a free one where it is taken. */
  port: number | null;
  /** The built renderer. */
  rendererFolder: string;
  /** More names that it may be asked under, such as those of an SSH tunnel. */
  allowedHosts?: readonly string[];
}

/** A head that takes longer is no browser's. */
const headMs = 10_000;
const requestMs = 20_000;
/** A connection on which nothing moves is closed. */
const idleMs = 30_000;
/** Files that a process may have open are few: beyond it the newest connection waits for nobody. */
const mostConnections = 512;
/** One person looks at no more; each may have half of the largest call in memory. */
const mostWindows = 24;
/** The largest call is a stroke over a whole picture. */
const largestCall = 64_000_000;
const longestTicket = 200;

/** Serves the workbench on loopback. Whoever starts it closes it. */
export async function startBrowserHost(workbench: Workbench, options: BrowserHostOptions): Promise<BrowserHost> {
  const { port, rendererFolder, allowedHosts = [] } = options;
  const guard: Guard = { secrets: new Secrets(), port: 0, allowedHosts };
  const outside = new OutsideRequests(workbench.log);
  const host = new Host({ workbench, guard, outside, rendererFolder });
  await listenWhereWished(host, port, workbench.preferences.hostPort());
  guard.port = host.port;
  if (port === null) workbench.preferences.rememberHostPort(host.port);
  return {
    newAddress: () => `http://127.0.0.1:${guard.port}/#${guard.secrets.newTicket()}`,
    port: guard.port,
    close: () => host.close(),
  };
}

async function listenWhereWished(host: Host, port: number | null, last: number | null): Promise<void> {
  if (port !== null || last === null) return host.listen(port ?? 0);
  try {
    await host.listen(last);
  } catch {
    // Another program's now, or another workbench's.
    await host.listen(0);
  }
}

interface HostParts {
  workbench: Workbench;
  guard: Guard;
  outside: OutsideRequests;
  rendererFolder: string;
}

/** The server, its sockets, and who ends them. A connection that misbehaves ends alone. */
class Host {
  private readonly parts: HostParts;
  private readonly server: Server;
  // One message at a time from each window, so that a window that floods keeps none of the others waiting.
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestCall,
    allowSynchronousEvents: false,
    handleProtocols: () => socketProtocol,
  });

  constructor(parts: HostParts) {
    this.parts = parts;
    const timeouts = { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: 1000 };
    this.server = http.createServer(timeouts, (request, response) => void this.handle(request, response));
    this.server.maxConnections = mostConnections;
    this.server.timeout = idleMs;
    // Without a listener a reset, in whatever state, would end the workbench.
    this.server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
    this.server.on('clientError', (_error, socket) => refuseRaw(socket, '400 Bad Request'));
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    this.sockets.on('wsClientError', (_error, socket) => refuseRaw(socket, '400 Bad Request'));
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.server.removeAllListeners('error');
    this.server.on('error', (error) => this.parts.workbench.log.error({ err: error }, 'the server of the window'));
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    for (const client of this.sockets.clients) client.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.answer(request, response);
    } catch (error) {
      // A window that leaves in the middle of an answer is nothing to tell of.
      if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE')
        this.parts.outside.refuse(request, `it failed: ${messageOf(error).slice(0, 200)}`);
      if (response.headersSent) response.destroy();
      else end(response, 400, 'This request cannot be answered.');
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { guard, outside } = this.parts;
    const refuse = (status: number, why: string, text: string) => {
      outside.refuse(request, why);
      end(response, status, text);
    };
    if (!hostAllowed(request, guard)) return refuse(421, 'it was sent to another name', unknownHost(request));
    if (!originAllowed(request)) return refuse(403, 'another page asked', 'This page may not ask.');
    const url = URL.parse(request.url ?? '/', `http://127.0.0.1:${guard.port}`);
    if (!url) return refuse(400, 'its address is none', 'This address is none.');
    const isPage = !url.pathname.startsWith('/asset/') && url.pathname !== '/session';
    if (!isPage && !siteAllowed(request)) return refuse(403, 'another page asked', 'This page may not ask.');
    if (url.pathname === '/session') return this.session(request, response, refuse);
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET is answered here.');
    if (!isPage && !guard.secrets.isAssets(url.searchParams.get('key') ?? ''))
      return refuse(403, 'the key was not of this start', 'Open the address that the workbench printed when it started.');
    await this.file(request, response, url, refuse);
  }

  /** A page of the renderer, or something of the data set. */
  private async file(request: IncomingMessage, response: ServerResponse, url: URL, refuse: Refuse): Promise<void> {
    const { workbench, rendererFolder } = this.parts;
    const isAsset = url.pathname.startsWith('/asset/');
    // Making a picture may take its time: it is no connection on which nothing moves.
    if (isAsset) request.socket.setTimeout(0);
    // Whoever has scrolled on does not wait for it any more.
    const left = new AbortController();
    response.once('close', () => left.abort());
    const reply = isAsset
      ? await workbench.assets.handle(new Request(url, { signal: left.signal }))
      : await staticFile(rendererFolder, url.pathname);
    if (!reply) return refuse(404, 'there is nothing there', 'There is nothing here.');
    request.socket.setTimeout(idleMs);
    response.writeHead(reply.status, { ...secureHeaders, ...Object.fromEntries(reply.headers) });
    if (!reply.body || request.method === 'HEAD') return void response.end();
    await pipeline(Readable.fromWeb(reply.body), response);
  }

  /** A page exchanges the ticket of its address for the secrets of this start. */
  private async session(request: IncomingMessage, response: ServerResponse, refuse: Refuse): Promise<void> {
    if (request.method !== 'POST') return end(response, 405, 'Only POST is answered here.');
    const ticket = await bodyOf(request);
    const secrets = ticket === null ? null : this.parts.guard.secrets.exchange(ticket);
    if (!secrets) return refuse(403, 'the ticket was used, or none', 'This address was used before.');
    response.writeHead(200, { ...secureHeaders, 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(secrets));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { guard, outside, workbench } = this.parts;
    socket.on('error', () => socket.destroy());
    const refuse = (status: string, why: string) => {
      outside.refuse(request, why);
      refuseRaw(socket, status);
    };
    if (request.url !== '/rpc' || !hostAllowed(request, guard)) return refuse('403 Forbidden', 'a connection to another address');
    if (request.headers.origin === undefined || !originAllowed(request) || !siteAllowed(request))
      return refuse('403 Forbidden', 'a connection of another page');
    if (!sessionAllowed(request, guard)) return refuse('403 Forbidden', 'a connection without the secret of this start');
    if (this.sockets.clients.size >= mostWindows)
      return refuse('503 Service Unavailable', `a window beyond the ${mostWindows} that are open`);
    this.sockets.handleUpgrade(request, socket, head, (ws) => serveSocket(ws, socket as Socket, workbench));
  }
}

type Refuse = (status: number, why: string, text: string) => void;

const unknownHost = ({ headers: { host = '' } }: IncomingMessage): string =>
  `This address (${host.slice(0, 100)}) is not served here. Through a tunnel, start the workbench with --allow-host ${host.slice(0, 100)}`;

/** A short body as text; null for a longer one. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part as string;
    if (text.length > longestTicket) return null;
  }
  return text;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...secureHeaders, 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

/** Answers on a socket that no response belongs to, and closes it, whatever its other side does. */
function refuseRaw(socket: Duplex, status: string): void {
  if (socket.destroyed) return;
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}
