import { decode, encode } from '@msgpack/msgpack';
import type { WebSocket } from 'ws';
import { isReplaceable, type EventName } from '#shared/contract/index';
import type { CallFrame, EventFrame, ServerFrame } from '#shared/rpc/frames';
import type { Workbench } from '../create-services.ts';

/** Bytes that may wait for a slow window before only the newest of an event that later ones replace is kept. */
const softLimit = 4_000_000;
/** Bytes that may wait at all: a window beyond is let go, connects again and reads everything anew. */
const hardLimit = 64_000_000;
const lookMs = 200;
const pingMs = 10_000;

function isCall(frame: unknown): frame is CallFrame {
  const candidate = frame as Partial<CallFrame> | null;
  const dataset = candidate?.dataset;
  return (
    candidate?.kind === 'call' &&
    Number.isInteger(candidate.id) &&
    typeof candidate.method === 'string' &&
    (dataset === undefined || typeof dataset === 'string')
  );
}

/** Serves one page over its WebSocket, until it closes. */
export function serveSocket(socket: WebSocket, workbench: Pick<Workbench, 'dispatch' | 'events' | 'log'>): void {
  const held = new Map<string, EventFrame>();
  let alive = true;
  const send = (frame: ServerFrame) => {
    if (socket.readyState === socket.OPEN) socket.send(encode(frame, { ignoreUndefined: true }));
  };
  const sendEvent = (name: EventName, payload: unknown, dataset: string | undefined) => {
    const frame: EventFrame = { kind: 'event', name, payload, ...(dataset === undefined ? {} : { dataset }) };
    if (socket.bufferedAmount > hardLimit) {
      workbench.log.warn({ bytes: socket.bufferedAmount }, 'a window cannot keep up: it is to connect again');
      socket.terminate();
    } else if (socket.bufferedAmount > softLimit && isReplaceable(name)) held.set(name, frame);
    else {
      // What was held is older than this one.
      held.delete(name);
      send(frame);
    }
  };
  const unsubscribe = workbench.events.subscribe(sendEvent);
  const catchingUp = setInterval(() => {
    if (held.size === 0 || socket.bufferedAmount > softLimit) return;
    for (const frame of held.values()) send(frame);
    held.clear();
  }, lookMs);
  const pinging = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs);
  socket.on('pong', () => (alive = true));
  socket.on('message', (data: Buffer) => {
    let frame: unknown;
    try {
      frame = decode(data);
    } catch {
      // Not our page: told so below.
      frame = null;
    }
    if (isCall(frame)) void workbench.dispatch(frame).then(send);
    else socket.close(1003, 'not a call frame');
  });
  socket.on('error', (error) => {
    workbench.log.warn({ err: error }, 'the connection to a window broke');
    socket.terminate();
  });
  socket.on('close', () => {
    unsubscribe();
    clearInterval(catchingUp);
    clearInterval(pinging);
  });
}
