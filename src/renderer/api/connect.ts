import { decode, encode } from '@msgpack/msgpack';
import { createConnection, type Channel, type Connection } from '#shared/rpc/client';
import { useAssetKey } from './assets.ts';
import { pageSecrets } from './page-secrets.ts';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';
import { bridge as desktopBridge, type Bridge } from './bridge.ts';

const bytesOf = (frame: CallFrame) => encode(frame, { ignoreUndefined: true });

export function bridgeChannel(bridge: Bridge): Channel {
  return {
    // A copy of its own length: the bridge takes the whole buffer behind a piece.
    send: (frame) => bridge.post(bytesOf(frame).slice()),
    onFrame: (listener) => bridge.onMessage((bytes) => listener(decode(bytes) as ServerFrame)),
    onClose: () => undefined,
    close: () => undefined,
  };
}

/** A page cannot tell a workbench that refuses it from one that has ended. */
const unreachable =
  'The workbench does not answer. If it was started anew, open the address that it printed; if it has ended, start it again.';

async function socketChannel(): Promise<Channel> {
  const { session, assets } = await pageSecrets();
  useAssetKey(assets);
  const socket = new WebSocket(`ws://${location.host}/rpc`, ['encnet', session]);
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(unreachable)), { once: true });
  });
  return {
    send: (frame) => socket.send(bytesOf(frame)),
    onFrame: (listener) =>
      socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => listener(decode(data) as ServerFrame)),
    onClose: (listener) => socket.addEventListener('close', listener),
    close: () => socket.close(),
    unsent: () => socket.bufferedAmount,
  };
}

/** Connects to main: over the preload's bridge in the desktop host, over a WebSocket in the browser host. */
export async function connect(): Promise<Connection> {
  const bridge = desktopBridge();
  // Within one application there is nothing between the two that could be lost.
  return bridge ? createConnection(() => Promise.resolve(bridgeChannel(bridge)), { heartbeatMs: 0 }) : createConnection(socketChannel);
}
