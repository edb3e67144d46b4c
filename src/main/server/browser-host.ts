import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Workbench } from '../create-services.ts';
import { cookieAllowed, cookieName, hostAllowed, originAllowed, sameSecret, type Guard } from './guard.ts';
import { serveSocket } from './socket.ts';
import { staticFile } from '../services/assets/static-files.ts';

export interface BrowserHost {
  /** Address with this start's token, for the person who started it. */
  url: string;
  port: number;
  close: () => Promise<void>;
}

/** Serves the workbench on loopback. @param port 0 takes a free one @param rendererFolder the built renderer */
export async function startBrowserHost(workbench: Workbench, options: { port: number; rendererFolder: string }): Promise<BrowserHost> {
  const guard: Guard = { token: randomBytes(24).toString('base64url'), port: 0 };
  const server = http.createServer(
    (request, response) =>
      void answer(request, response, guard, workbench, options.rendererFolder).catch((error: unknown) => {
        // A window that leaves in the middle of an answer is nothing to tell of.
        if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') workbench.log.warn({ err: error }, 'a request failed');
        if (response.headersSent) response.destroy();
        else end(response, 400, 'This request cannot be answered.');
      }),
  );
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64_000_000 });
  server.on('upgrade', (request, socket, head) => {
    // Without a listener a reset here would end the workbench.
    socket.on('error', (error) => workbench.log.warn({ err: error }, 'a connection broke'));
    if (
      request.url !== '/rpc' ||
      !hostAllowed(request, guard) ||
      request.headers.origin === undefined ||
      !originAllowed(request, guard) ||
      !cookieAllowed(request, guard)
    ) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n', () => socket.destroy());
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => serveSocket(ws, workbench));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, '127.0.0.1', resolve));
  guard.port = (server.address() as { port: number }).port;
  return {
    url: `http://127.0.0.1:${guard.port}/?t=${guard.token}`,
    port: guard.port,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  guard: Guard,
  workbench: Workbench,
  rendererFolder: string,
): Promise<void> {
  if (!hostAllowed(request, guard)) return end(response, 421, 'This address is not served here.');
  if (!originAllowed(request, guard)) return end(response, 403, 'This page may not ask.');
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${guard.port}`);
  const token = url.searchParams.get('t');
  if (token !== null) {
    if (!sameSecret(token, guard.token))
      return end(response, 403, 'The token is not of this start: use the address that the workbench printed.');
    // The token leaves the address bar; the cookie takes its place.
    response
      .writeHead(303, { location: '/', 'set-cookie': `${cookieName(guard.port)}=${guard.token}; HttpOnly; SameSite=Strict; Path=/` })
      .end();
    return;
  }
  if (!cookieAllowed(request, guard)) return end(response, 403, 'Open the address that the workbench printed when it started.');
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET is answered here.');
  const reply = url.pathname.startsWith('/asset/')
    ? await workbench.assets.handle(new Request(url))
    : await staticFile(rendererFolder, url.pathname);
  if (!reply) return end(response, 404, 'There is nothing here.');
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  if (!reply.body || request.method === 'HEAD') return void response.end();
  await pipeline(Readable.fromWeb(reply.body), response);
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
