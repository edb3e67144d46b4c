import { decode, encode } from '@msgpack/msgpack';
import type { WebSocket } from 'ws';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';
import type { Workbench } from '../create-services.ts';

// Progress that a slow page has not fetched yet is not piled up; the next event says the same, newer.
const bufferLimit = 8_000_000;

function isCall(frame: unknown): frame is CallFrame {
  const candidate = frame as Partial<CallFrame> | null;
  return candidate?.kind === 'call' && Number.isInteger(candidate.id) && typeof candidate.method === 'string';
}

/** Serves one page over its WebSocket. */
export function serveSocket(socket: WebSocket, workbench: Workbench): void {
  const send = (frame: ServerFrame) => {
    if (socket.readyState === socket.OPEN) socket.send(encode(frame, { ignoreUndefined: true }));
  };
  const unsubscribe = workbench.events.subscribe((name, payload) => {
    if (socket.bufferedAmount < bufferLimit) send({ kind: 'event', name, payload });
  });
  socket.on('message', (data: Buffer) => {
    let frame: unknown;
    try {
      frame = decode(data);
    } catch {
      frame = null;
    }
    if (isCall(frame)) void workbench.dispatch(frame).then(send);
    else socket.close(1003, 'not a call frame');
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', unsubscribe);
}
