import { decode, encode } from '@msgpack/msgpack';
import WebSocket from 'ws';
import type { PageSecrets } from '../../src/shared/rpc/page-secrets.ts';
import type { ServerFrame } from '../../src/shared/rpc/frames.ts';

/** Exchanges the ticket of an address as a page does. */
export async function pageSecrets(url: string): Promise<PageSecrets> {
  const { origin, hash } = new URL(url);
  const answer = await fetch(`${origin}/session`, { method: 'POST', body: hash.slice(1) });
  if (!answer.ok) throw new Error(`The ticket was refused: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as PageSecrets;
}

interface Pending {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** Calls a browser host as its page does. Whoever opens it closes it. */
export class HostClient {
  private readonly socket: WebSocket;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(name: string, payload: never) => void>();
  private nextId = 1;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => this.receive(decode(data) as ServerFrame));
    socket.on('close', () => this.fail());
    // A host that was killed resets its connections: that is told by the close.
    socket.on('error', () => undefined);
  }

  /** @param url the address that the host printed */
  static async open(url: string): Promise<HostClient> {
    return HostClient.enter(url, await pageSecrets(url));
  }

  /** Opens one more connection with secrets that a page has. */
  static async enter(url: string, { session }: PageSecrets): Promise<HostClient> {
    const { origin } = new URL(url);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, ['encnet', session], { headers: { origin } });
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new HostClient(socket);
  }

  private receive(frame: ServerFrame): void {
    if (frame.kind === 'event') return void this.listeners.forEach((listener) => listener(frame.name, frame.payload as never));
    const call = this.pending.get(frame.id);
    this.pending.delete(frame.id);
    if (frame.ok) call?.resolve(frame.value as never);
    else call?.reject(Object.assign(new Error(frame.error.message), { code: frame.error.code }));
  }

  private fail(): void {
    for (const { reject } of this.pending.values()) reject(Object.assign(new Error('the host has gone'), { code: 'disconnected' }));
    this.pending.clear();
  }

  call<T>(method: string, input?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(Object.assign(new Error('the host has gone'), { code: 'disconnected' }));
      const id = this.nextId++;
      this.pending.set(id, { resolve: resolve, reject });
      this.socket.send(encode({ kind: 'call', id, method, input }, { ignoreUndefined: true }));
    });
  }

  onEvent(listener: (name: string, payload: never) => void): void {
    this.listeners.add(listener);
  }

  close(): void {
    this.socket.terminate();
  }
}
