// Clients that misbehave, each in its way, for as long as it is let: only ever against the workbench that the soak has started on loopback.
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { encode } from '@msgpack/msgpack';
import WebSocket from 'ws';
import type { PageSecrets } from '../../src/shared/rpc/page-secrets.ts';

export interface Victim {
  port: number;
  secrets: PageSecrets;
  /** An address of a picture, key and all. */
  picture: string;
  dataset: string;
}

export interface ConnectionsReport {
  deaths: number;
  /** Milliseconds at the 95th percentile, without bad clients and with each kind of them. */
  pointerToPixel: Record<string, number>;
  /** The same of a call of the painting tab's own kind, from asking to the answer. */
  answer: Record<string, number>;
  /** Strokes that were painted, and those that the host has. */
  painted: number;
  saved: number;
  /** What the host holds before and after, without what its allocator keeps. */
  liveMb: { before: number; after: number };
  /** What the system counts as its; `by`: after the last stretch of each kind. */
  memoryMb: { before: number; peak: number; after: number; by: Record<string, number> };
}

/** Misbehaves until it is aborted, and takes all its connections with it. */
type Misbehaviour = (victim: Victim, signal: AbortSignal) => Promise<void>;

const raw = ({ port }: Victim): net.Socket => {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  return socket;
};

const upgradeHead = ({ port, secrets }: Victim, secret = secrets.session): string =>
  `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: encnet, ${secret}\r\n\r\n`;

/** Resets a connection in every state: before a byte, within a head, within an upgrade, after it, within a frame. */
const resets: Misbehaviour = async (victim, signal) => {
  const head = upgradeHead(victim);
  const states = [
    '',
    head.slice(0, 20),
    head.slice(0, -3),
    head,
    upgradeHead(victim, 'wrong'),
    'GET /',
    '\0\xff',
    `${head}\x82\xfe`,
    `${head}\x82\x7f\xff`,
  ];
  for (let n = 0; !signal.aborted; n++) {
    const socket = raw(victim);
    socket.once('connect', () => {
      socket.write(states[n % states.length], 'latin1');
      setTimeout(() => socket.resetAndDestroy(), n % 7);
    });
    await pause(2);
  }
};

/** Opens connections, closes those that the host has closed, and holds them until the end. */
async function hold(victim: Victim, signal: AbortSignal, count: number, begin: (socket: net.Socket) => void): Promise<void> {
  const sockets = new Set<net.Socket>();
  while (!signal.aborted) {
    while (sockets.size < count && !signal.aborted) {
      const socket = raw(victim);
      sockets.add(socket);
      socket.once('connect', () => begin(socket)).once('close', () => sockets.delete(socket));
      if (sockets.size % 50 === 0) await pause(5);
    }
    await pause(100);
  }
  for (const socket of sockets) socket.destroy();
}

const halfRequests: Misbehaviour = (victim, signal) =>
  hold(victim, signal, 300, (socket) => socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${victim.port}\r\nX-`));

const idle: Misbehaviour = (victim, signal) => hold(victim, signal, 1000, () => undefined);

/** A WebSocket with the page's own secret. */
function open(victim: Victim): WebSocket {
  const origin = `http://127.0.0.1:${victim.port}`;
  const socket = new WebSocket(`ws://127.0.0.1:${victim.port}/rpc`, ['encnet', victim.secrets.session], { headers: { origin } });
  socket.on('error', () => undefined);
  return socket;
}

const thousandSockets: Misbehaviour = async (victim, signal) => {
  const sockets: WebSocket[] = [];
  while (!signal.aborted) {
    if (sockets.length < 1000) sockets.push(open(victim));
    await pause(sockets.length < 1000 ? 1 : 100);
  }
  for (const socket of sockets) socket.terminate();
};

const call = (id: number, method: string, input: unknown, dataset?: string) =>
  encode({ kind: 'call', id, method, input, dataset }, { ignoreUndefined: true });
const nested = Buffer.alloc(2_000_000, 0x91);
const wide = Buffer.concat([Buffer.from([0xdd, 0x00, 0x7f, 0xff, 0xff]), Buffer.alloc(8_388_607, 0xc0)]);

/** Sends without end, as fast as the host takes it, over some connections. */
async function flood(victim: Victim, signal: AbortSignal, connections: number, frame: (n: number) => Uint8Array): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async (_, which) => {
      while (!signal.aborted) {
        const socket = open(victim);
        await new Promise((resolve) => socket.once('open', resolve).once('close', resolve).once('unexpected-response', resolve));
        for (let n = which; !signal.aborted && socket.readyState === WebSocket.OPEN; n++) {
          socket.send(frame(n));
          if (socket.bufferedAmount > 4_000_000) await pause(5);
          else if (n % 200 === 0) await pause(0);
        }
        socket.terminate();
        await pause(20);
      }
    }),
  );
}

const floodOfCalls: Misbehaviour = (victim, signal) => flood(victim, signal, 4, (n) => call(n, 'app.ping', null));
const floodOfNonsense: Misbehaviour = (victim, signal) =>
  flood(
    victim,
    signal,
    4,
    (n) => [Buffer.from([0xc1]), nested, wide, call(n, 'no.method', null), call(n, 'datasets.open', { path: 7 })][n % 5],
  );

/** Asks for much, and reads nothing of it. */
const neverRead: Misbehaviour = async (victim, signal) => {
  const sockets = Array.from({ length: 16 }, () => open(victim));
  for (const socket of sockets) socket.once('open', () => socket.pause());
  for (let n = 0; !signal.aborted; n++) {
    for (const socket of sockets)
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 1_000_000)
        socket.send(call(n, 'datasets.images', null, victim.dataset));
    await pause(2);
  }
  for (const socket of sockets) socket.terminate();
};

/** Asks for pictures, and reads nothing of them. */
const slowPictures: Misbehaviour = (victim, signal) =>
  hold(victim, signal, 200, (socket) => {
    socket.pause();
    socket.write(`GET ${victim.picture} HTTP/1.1\r\nHost: 127.0.0.1:${victim.port}\r\n\r\n`.repeat(20));
  });

export const misbehaviours: Readonly<Record<string, Misbehaviour>> = {
  resets,
  halfRequests,
  idle,
  thousandSockets,
  floodOfCalls,
  floodOfNonsense,
  neverRead,
  slowPictures,
};
