import type { WebSocket } from 'ws';
import { isReplaceable, type EventName } from '#shared/contract/index';
import type { EventFrame, ServerFrame } from '#shared/rpc/frames';
import type { Workbench } from '../create-services.ts';
import { callIn, frameBytes } from '../services/frame-bytes.ts';

/** Bytes that may wait for a slow window before only the newest of an event that later ones replace is kept. */
const softLimit = 4_000_000;
/** Bytes that may wait at all: a window beyond is let go, connects again and reads everything anew. */
const hardLimit = 64_000_000;
/** Calls of one window that may be under way: more are not read until some are answered. */
const mostCalls = 64;
/** Of these, what was painted: on a full disk it waits until there is room, and is no sign of a window that asks too much. */
const mostEdits = 10_000;
const lookMs = 200;
const pingMs = 10_000;
const pingBytes = 2;
/** Pings within which nothing at all moved. */
const mostSilentPings = 2;
const refusalMs = 500;

/** What of a connection below its frames tells that it lives. */
interface Moved {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of these, bytes that the system has not taken yet. */
  readonly writableLength: number;
}

type Parts = Pick<Workbench, 'dispatch' | 'events' | 'log'>;

/** One window over its socket, until that closes: what it does not read, and how much it asks, costs no other window. */
class WindowConnection {
  private readonly socket: WebSocket;
  private readonly raw: Moved;
  private readonly workbench: Parts;
  /** The newest of each event that waits for a slow window. */
  private readonly held = new Map<string, EventFrame>();
  private readonly ends: (() => void)[] = [];
  private calls = 0;
  private edits = 0;
  /** Whether it has answered since the last ping. */
  private answered = false;
  private refused = false;
  /** Bytes that had been moved at the last ping. */
  private movedBefore = -Infinity;
  private silentPings = 0;

  constructor(socket: WebSocket, raw: Moved, workbench: Parts) {
    this.socket = socket;
    this.raw = raw;
    this.workbench = workbench;
    this.ends.push(workbench.events.subscribe((name, payload, dataset) => this.sendEvent(name, payload, dataset)));
    this.every(lookMs, () => this.look());
    this.every(pingMs, () => this.ping());
    socket.on('pong', () => (this.answered = true));
    socket.on('message', (data: Buffer) => this.receive(data));
    socket.on('error', (error) => {
      workbench.log.warn({ err: error }, 'the connection to a window broke');
      socket.terminate();
    });
    socket.on('close', () => this.ends.splice(0).forEach((end) => end()));
  }

  private every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    this.ends.push(() => clearInterval(timer));
  }

  private send(frame: ServerFrame): void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > hardLimit) {
      this.workbench.log.warn({ bytes: socket.bufferedAmount }, 'a window cannot keep up: it is to connect again');
      socket.terminate();
    } else socket.send(frameBytes(frame, this.workbench.log));
  }

  private sendEvent(name: EventName, payload: unknown, dataset: string | undefined): void {
    const frame: EventFrame = { kind: 'event', name, payload, ...(dataset === undefined ? {} : { dataset }) };
    if (this.socket.bufferedAmount > softLimit && this.socket.bufferedAmount <= hardLimit && isReplaceable(name)) {
      this.held.set(name, frame);
      return;
    }
    // What was held is older than this one.
    this.held.delete(name);
    this.send(frame);
  }

  /** Whether a window is behind: it is then not read any further, and what it asks waits with itself. */
  private get behind(): boolean {
    return this.calls >= mostCalls || this.edits >= mostEdits || this.socket.bufferedAmount > softLimit;
  }

  private look(): void {
    if (this.socket.isPaused && !this.behind) this.socket.resume();
    if (this.held.size === 0 || this.socket.bufferedAmount > softLimit) return;
    for (const frame of this.held.values()) this.send(frame);
    this.held.clear();
  }

  /** A window lives as long as bytes move: over a slow tunnel a pong waits behind whole pictures. */
  private ping(): void {
    const moved = this.raw.bytesRead + this.raw.bytesWritten - this.raw.writableLength;
    // The last ping itself has moved as well.
    const alive = this.answered || moved - this.movedBefore > pingBytes;
    this.movedBefore = moved;
    this.answered = false;
    this.silentPings = alive ? 0 : this.silentPings + 1;
    if (this.silentPings >= mostSilentPings) return this.socket.terminate();
    this.socket.ping();
  }

  /** Not our page: what it has sent besides is not looked at, and it has a moment to hear so. */
  private refuse(): void {
    this.refused = true;
    this.socket.close(1003, 'not a call frame');
    const end = setTimeout(() => this.socket.terminate(), refusalMs);
    this.ends.push(() => clearTimeout(end));
  }

  private receive(data: Buffer): void {
    if (this.refused) return;
    const frame = callIn(data);
    if (!frame) return this.refuse();
    const kind = frame.method.startsWith('edits.') ? 'edits' : 'calls';
    this[kind]++;
    void this.workbench.dispatch(frame).then((result) => {
      this[kind]--;
      this.send(result);
      if (this.socket.isPaused && !this.behind) this.socket.resume();
    });
    if (this.behind) this.socket.pause();
  }
}

/** Serves one page over its WebSocket, until it closes. @param raw the connection that carries it */
export function serveSocket(socket: WebSocket, raw: Moved, workbench: Parts): void {
  new WindowConnection(socket, raw, workbench);
}
