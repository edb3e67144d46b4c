// A window that cannot keep up, hangs or talks nonsense: it gets the newest, or is let go, and hurts nobody else.
import { EventEmitter } from 'node:events';
import { decode, encode } from '@msgpack/msgpack';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventFrame, ResultFrame, ServerFrame } from '#shared/rpc/frames';
import { EventBus } from '#services/events';
import { serveSocket } from '../../src/main/server/socket.ts';

/** A socket whose other side reads as a test wants. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: ServerFrame[] = [];
  closedWith: number | null = null;
  terminated = false;
  pings = 0;
  isPaused = false;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(decode(bytes) as ServerFrame);
  }

  ping(): void {
    this.pings++;
  }

  close(code: number): void {
    this.closedWith = code;
    this.emit('close');
  }

  terminate(): void {
    this.terminated = true;
    this.emit('close');
  }
}

let socket: SlowSocket;
let raw: { bytesRead: number; bytesWritten: number; writableLength: number };
let events: EventBus;
const dispatched: unknown[] = [];
let answer: (frame: { id: number; method: string }) => Promise<ResultFrame>;

/** A new window takes the place of the last. */
function connect(): void {
  socket = new SlowSocket();
  raw = { bytesRead: 0, bytesWritten: 0, writableLength: 0 };
  serveSocket(socket as never, raw, {
    events,
    log: pino({ level: 'silent' }),
    dispatch: (frame) => {
      dispatched.push(frame);
      return answer(frame);
    },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  events = new EventBus(() => undefined);
  dispatched.length = 0;
  answer = ({ id }) => Promise.resolve({ kind: 'result', id, ok: true, value: 7 });
  connect();
});

afterEach(() => {
  socket.emit('close');
  vi.useRealTimers();
});

const status = (text: string) => events.of('set').emit('training.status', { phase: text } as never);
const names = () => socket.sent.map((frame) => (frame as EventFrame).name);

test('events carry the data set that they are about', () => {
  status('training');
  expect(socket.sent).toEqual([{ kind: 'event', name: 'training.status', payload: { phase: 'training' }, dataset: 'set' }]);
});

test('of a state that a later one replaces a slow window gets the newest when it has caught up', () => {
  socket.bufferedAmount = 5_000_000;
  for (const text of ['training', 'stopping', 'ended']) status(text);
  expect(socket.sent).toEqual([]);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(250);
  expect(socket.sent.map((frame) => (frame as EventFrame).payload)).toEqual([{ phase: 'ended' }]);
});

test('events of which every one counts are never dropped', () => {
  socket.bufferedAmount = 5_000_000;
  for (let seq = 1; seq <= 3; seq++) events.of('set').emit('edits.change', { imageId: 'a', seq } as never);
  events.of('set').emit('runs.changed', {} as never);
  expect(names()).toEqual(['edits.change', 'edits.change', 'edits.change', 'runs.changed']);
});

test('what was held back is not told after something newer', () => {
  socket.bufferedAmount = 5_000_000;
  status('stopping');
  socket.bufferedAmount = 0;
  status('ended');
  vi.advanceTimersByTime(1000);
  expect(socket.sent.map((frame) => (frame as EventFrame).payload)).toEqual([{ phase: 'ended' }]);
});

test('a window that reads nothing any more is let go, so that it reads everything anew', () => {
  socket.bufferedAmount = 65_000_000;
  events.of('set').emit('edits.change', { imageId: 'a', seq: 1 } as never);
  expect(socket.terminated).toBe(true);
  socket.sent.length = 0;
  status('training');
  expect(socket.sent).toEqual([]);
});

test('a window of which nothing moves any more is let go; one that answers stays', () => {
  vi.advanceTimersByTime(10_000);
  expect(socket.pings).toBe(1);
  socket.emit('pong');
  vi.advanceTimersByTime(20_000);
  expect(socket.terminated).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(socket.terminated).toBe(true);
});

test('a window behind a slow tunnel lives as long as bytes move, whichever way', () => {
  for (let n = 0; n < 10; n++) {
    // A stroke of many megabytes on its way, then an answer.
    if (n < 5) raw.bytesRead += 2_000_000;
    else raw.bytesWritten += 2_000_000;
    vi.advanceTimersByTime(10_000);
  }
  expect(socket.terminated).toBe(false);
  // What only waits in our own memory has not moved.
  for (let n = 0; n < 3; n++) {
    raw.bytesWritten += 2_000_000;
    raw.writableLength += 2_000_000;
    vi.advanceTimersByTime(10_000);
  }
  expect(socket.terminated).toBe(true);
});

test('calls are answered; what is no call closes the connection', async () => {
  socket.emit('message', Buffer.from(encode({ kind: 'call', id: 3, method: 'app.ping', input: null, dataset: 'set' })));
  await vi.waitFor(() => expect(socket.sent).toEqual([{ kind: 'result', id: 3, ok: true, value: 7 }]));
  expect(dispatched).toEqual([{ kind: 'call', id: 3, method: 'app.ping', input: null, dataset: 'set' }]);
  for (const nonsense of [
    Buffer.from([0xc1]),
    encode(null),
    encode({ kind: 'call', id: 'x' }),
    encode({ kind: 'call', id: 1, method: 'a', dataset: 4 }),
  ]) {
    connect();
    socket.emit('message', Buffer.from(nonsense));
    expect(socket.closedWith).toBe(1003);
  }
});

test('a connection that breaks ends alone', () => {
  socket.emit('error', new Error('ECONNRESET'));
  expect(socket.terminated).toBe(true);
});

const call = (id: number, method = 'app.ping') => socket.emit('message', Buffer.from(encode({ kind: 'call', id, method, input: null })));

test('a window that asks more than can be answered is not read further until it has its answers', async () => {
  const waiting: (() => void)[] = [];
  answer = ({ id }) => new Promise((resolve) => waiting.push(() => resolve({ kind: 'result', id, ok: true, value: 7 })));
  for (let id = 1; id <= 63; id++) call(id);
  expect(socket.isPaused).toBe(false);
  call(64);
  expect(socket.isPaused).toBe(true);
  waiting.shift()!();
  await vi.waitFor(() => expect(socket.isPaused).toBe(false));
  expect(socket.sent).toHaveLength(1);
});

test('strokes that wait for a disk with room keep nothing else that a window asks from being read', async () => {
  answer = ({ id, method }) =>
    method === 'app.ping' ? Promise.resolve({ kind: 'result', id, ok: true, value: 7 }) : new Promise<ResultFrame>(() => undefined);
  for (let id = 1; id <= 500; id++) call(id, 'edits.stroke');
  expect(socket.isPaused).toBe(false);
  call(501);
  await vi.waitFor(() => expect(socket.sent).toHaveLength(1));
  for (let id = 502; id <= 10_001; id++) call(id, 'edits.stroke');
  expect(socket.isPaused).toBe(true);
});

test('a window that does not read its answers is asked no more, and let go when it takes nothing', () => {
  socket.bufferedAmount = 5_000_000;
  call(1);
  expect(socket.isPaused).toBe(true);
  vi.advanceTimersByTime(10_000);
  raw.bytesWritten += 500_000;
  vi.advanceTimersByTime(20_000);
  expect(socket.terminated).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(socket.terminated).toBe(true);
});

test('a window that was slow is read again once it has caught up', () => {
  socket.bufferedAmount = 5_000_000;
  call(1);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(200);
  expect(socket.isPaused).toBe(false);
});

test('answers count as what waits, as events do', async () => {
  socket.bufferedAmount = 65_000_000;
  call(1);
  await vi.waitFor(() => expect(socket.terminated).toBe(true));
  expect(socket.sent).toEqual([]);
});

test('an answer that cannot be sent is an error of its call alone', async () => {
  let nested: unknown = null;
  for (let depth = 0; depth < 200; depth++) nested = [nested];
  answer = ({ id }) => Promise.resolve({ kind: 'result', id, ok: true, value: nested });
  call(1);
  await vi.waitFor(() => expect(socket.sent).toHaveLength(1));
  expect(socket.sent[0]).toMatchObject({ kind: 'result', id: 1, ok: false, error: { code: 'internal' } });
});

test('frames that would fill the memory are no calls', () => {
  const nested = Buffer.alloc(1_000_000, 0x91);
  const wide = Buffer.concat([Buffer.from([0xdd, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(1000, 0xc0)]);
  for (const frame of [nested, wide]) {
    connect();
    socket.emit('message', frame);
    expect(socket.closedWith).toBe(1003);
  }
  expect(dispatched).toEqual([]);
});

test('a window that talks nonsense is looked at no more, and ends within a moment though it does not close', () => {
  socket.close = (code: number) => void (socket.closedWith = code);
  socket.emit('message', Buffer.from([0xc1]));
  call(1);
  expect(dispatched).toEqual([]);
  expect(socket.terminated).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(socket.terminated).toBe(true);
});
