import type { Client, EventName, EventPayloads } from '../contract/index.ts';
import { AppError } from '../errors.ts';
import type { CallFrame, ResultFrame, ServerFrame } from './frames.ts';
import { fromWireError } from './wire-errors.ts';

/** A transport: IPC or WebSocket. */
export interface Channel {
  send(frame: CallFrame): void;
  onFrame(listener: (frame: ServerFrame) => void): void;
  /** The other side has gone: calls under way fail, and later ones too. */
  onClose(listener: () => void): void;
}

export interface Connection {
  client: Client;
  on: <Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void) => () => void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

/** Turns a channel into the services and their events. */
export function createConnection(channel: Channel): Connection {
  const pending = new Map<number, Pending>();
  const listeners = new Map<string, Set<(payload: never) => void>>();
  let nextId = 1;
  let closed = false;

  const settle = (frame: ResultFrame) => {
    const call = pending.get(frame.id);
    pending.delete(frame.id);
    if (frame.ok) call?.resolve(frame.value);
    else call?.reject(fromWireError(frame.error));
  };
  channel.onFrame((frame) => {
    if (frame.kind === 'result') settle(frame);
    else for (const listener of listeners.get(frame.name) ?? []) listener(frame.payload as never);
  });
  const lost = () => new AppError('cancelled', 'The workbench has ended; start it again and reload this page.');
  channel.onClose(() => {
    closed = true;
    for (const call of pending.values()) call.reject(lost());
    pending.clear();
  });
  const call = (method: string, input: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      if (closed) return reject(lost());
      const id = nextId++;
      pending.set(id, { resolve, reject });
      channel.send({ kind: 'call', id, method, input });
    });
  return { client: clientProxy(call), on: (name, listener) => subscribe(listeners, name, listener) };
}

function subscribe(listeners: Map<string, Set<(payload: never) => void>>, name: string, listener: (payload: never) => void): () => void {
  const set = listeners.get(name) ?? new Set();
  listeners.set(name, set.add(listener));
  return () => set.delete(listener);
}

/** `client.service.method(input)` becomes `call('service.method', input)`. */
function clientProxy(call: (method: string, input: unknown) => Promise<unknown>): Client {
  return new Proxy(
    {},
    {
      get: (_, service) => new Proxy({}, { get: (__, name) => (input: unknown) => call(`${String(service)}.${String(name)}`, input) }),
    },
  ) as Client;
}
