import type { Client, EventName, EventPayloads } from '../contract/index.ts';
import { AppError } from '../errors.ts';
import type { CallFrame, ResultFrame, ServerFrame } from './frames.ts';
import { fromWireError } from './wire-errors.ts';

/** A transport: IPC or WebSocket. */
export interface Channel {
  send(frame: CallFrame): void;
  onFrame(listener: (frame: ServerFrame) => void): void;
  /** The other side has gone. */
  onClose(listener: () => void): void;
  close(): void;
  /** Bytes that have not left yet, where that is known. */
  unsent?(): number;
}

/** `lost`: the workbench does not answer, and is tried again. `closed`: by us, for good. */
export type ConnectionState = 'open' | 'lost' | 'closed';

export interface Connection {
  client: Client;
  on: <Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name], dataset: string | undefined) => void) => () => void;
  readonly state: ConnectionState;
  /** Calls back when it is lost, and when it is there again: what was known is then to be read anew. */
  onState: (listener: (state: ConnectionState) => void) => () => void;
  /** Names the data set that the window shows: its calls never reach another one. */
  bind: (dataset: string | undefined) => void;
  /** Tries to connect now instead of waiting. */
  retry: () => void;
  close: () => void;
}

export interface ConnectionOptions {
  /** How often a window asks whether the workbench is there, and how long it waits for the answer; 0 never asks. */
  heartbeatMs?: number;
  answerMs?: number;
  /** The first wait before a new try; it doubles up to the longest. */
  firstWaitMs?: number;
  longestWaitMs?: number;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

const disconnected = () =>
  new AppError('disconnected', 'The workbench does not answer. It is tried again; nothing more is taken until it is there.');

/** Turns channels into the services and their events; opens a new one when the last is lost. Its owner closes it. */
class ReconnectingClient implements Connection {
  readonly client: Client;
  state: ConnectionState = 'open';
  private readonly open: () => Promise<Channel>;
  private readonly options: Required<ConnectionOptions>;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Map<string, Set<(payload: never, dataset: string | undefined) => void>>();
  private readonly stateListeners = new Set<(state: ConnectionState) => void>();
  private channel: Channel;
  private dataset: string | undefined;
  /** A page that is loaded anew must not take the answers that were meant for the one before. */
  private nextId = Math.floor(Math.random() * 2 ** 40);
  private heartbeat: ReturnType<typeof setInterval> | null = null;
  private waiting: { timer: ReturnType<typeof setTimeout>; go: () => void } | null = null;

  constructor(channel: Channel, open: () => Promise<Channel>, options: ConnectionOptions) {
    this.open = open;
    this.options = { heartbeatMs: 5000, answerMs: 10_000, firstWaitMs: 500, longestWaitMs: 8000, ...options };
    this.channel = channel;
    this.client = clientProxy((method, input) => this.call(method, input));
    this.attach(channel);
  }

  private attach(channel: Channel): void {
    this.channel = channel;
    channel.onFrame((frame) => channel === this.channel && this.receive(frame));
    channel.onClose(() => channel === this.channel && this.lose());
    if (this.options.heartbeatMs > 0) this.heartbeat = setInterval(() => void this.ask(), this.options.heartbeatMs);
  }

  /** A connection that is open and says nothing is as good as lost. */
  private async ask(): Promise<void> {
    const { channel } = this;
    const { answerMs } = this.options;
    let unsent = channel.unsent?.() ?? 0;
    const late = (): void => {
      const left = channel.unsent?.() ?? 0;
      // A large stroke is on its way over a slow line: the question waits behind it.
      if (left > 0 && left < unsent) timer = setTimeout(late, answerMs);
      else if (channel === this.channel) this.lose();
      unsent = left;
    };
    let timer = setTimeout(late, answerMs);
    // What it answers does not matter, and what it fails with is seen by the timer or the close.
    await this.client.app.ping().catch(() => undefined);
    clearTimeout(timer);
  }

  private receive(frame: ServerFrame): void {
    if (frame.kind === 'result') this.settle(frame);
    else for (const listener of this.listeners.get(frame.name) ?? []) listener(frame.payload as never, frame.dataset);
  }

  private settle(frame: ResultFrame): void {
    const call = this.pending.get(frame.id);
    this.pending.delete(frame.id);
    if (frame.ok) call?.resolve(frame.value);
    else call?.reject(fromWireError(frame.error));
  }

  private call(method: string, input: unknown): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.state !== 'open') return reject(disconnected());
      const id = this.nextId++;
      this.pending.set(id, { resolve, reject });
      this.channel.send({ kind: 'call', id, method, input, ...(this.dataset === undefined ? {} : { dataset: this.dataset }) });
    });
  }

  private detach(): void {
    if (this.heartbeat) clearInterval(this.heartbeat);
    this.heartbeat = null;
    for (const call of this.pending.values()) call.reject(disconnected());
    this.pending.clear();
    this.channel.close();
  }

  private lose(): void {
    if (this.state !== 'open') return;
    this.enter('lost');
    this.detach();
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    for (let wait = this.options.firstWaitMs; this.state === 'lost'; wait = Math.min(2 * wait, this.options.longestWaitMs)) {
      await this.pause(wait);
      if (this.state !== 'lost') return;
      const channel = await this.open().catch(() => null);
      if (!channel) continue;
      if (this.isClosed()) return channel.close();
      this.attach(channel);
      this.enter('open');
      return;
    }
  }

  // Closing may come while a channel is being opened, which the type of `state` does not know.
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => (this.waiting = { timer: setTimeout(resolve, ms), go: resolve }));
    if (this.waiting) clearTimeout(this.waiting.timer);
    this.waiting = null;
  }

  private enter(state: ConnectionState): void {
    this.state = state;
    for (const listener of this.stateListeners) listener(state);
  }

  on: Connection['on'] = (name, listener) => {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  };

  onState: Connection['onState'] = (listener) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  bind: Connection['bind'] = (dataset) => {
    this.dataset = dataset;
  };

  retry = (): void => this.waiting?.go();

  close = (): void => {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.enter('closed');
    if (wasOpen) this.detach();
    this.waiting?.go();
  };
}

/** Connects, and connects again whenever the connection is lost. @throws what `open` throws the first time */
export async function createConnection(open: () => Promise<Channel>, options: ConnectionOptions = {}): Promise<Connection> {
  return new ReconnectingClient(await open(), open, options);
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
