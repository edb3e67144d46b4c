import { expect, test, vi } from 'vitest';
import { isReplaceable } from '#shared/contract/index';
import { AppError } from '#shared/errors';
import { createConnection, type Channel, type ConnectionOptions } from '#shared/rpc/client';
import { createDispatcher, type ServiceTable } from '#shared/rpc/dispatcher';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';

const services = {
  app: { ping: () => undefined },
  datasets: {
    open: ({ path }: { path: string }) => ({ path }),
    current: () => null,
    images: () => {
      throw new AppError('not-found', 'No data set is open');
    },
    recent: () => {
      throw new TypeError('bug');
    },
  },
} as unknown as ServiceTable;
for (const name of ['edits', 'review', 'runs', 'training'] as const) (services as unknown as Record<string, object>)[name] = {};

/** Client and dispatcher joined by channels that can break. */
async function joined(options: ConnectionOptions = {}) {
  const report = vi.fn();
  const dispatch = createDispatcher(() => services, { explain: (error) => error, report, logFile: '/logs/workbench.log' });
  let receive: (frame: ServerFrame) => void = () => undefined;
  let close: () => void = () => undefined;
  const state = { there: true, answers: true, opened: 0 };
  const open = (): Promise<Channel> => {
    if (!state.there) return Promise.reject(new Error('nobody is there'));
    state.opened++;
    return Promise.resolve({
      send: (frame: CallFrame) => void dispatch(frame).then((result) => state.answers && receive(result)),
      onFrame: (listener) => (receive = listener),
      onClose: (listener) => (close = listener),
      close: () => undefined,
    });
  };
  const connection = await createConnection(open, { heartbeatMs: 0, firstWaitMs: 5, longestWaitMs: 20, ...options });
  return { connection, report, dispatch, state, push: (frame: ServerFrame) => receive(frame), close: () => close() };
}

test('calls arrive, are checked, and answer', async () => {
  const { connection } = await joined();
  expect(await connection.client.datasets.open({ path: '/x' })).toEqual({ path: '/x' });
  expect(await connection.client.datasets.current()).toBeNull();
  await expect(connection.client.datasets.open({ path: '' })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('datasets.open: path must have at least 1 letters') as string,
  });
});

test('errors keep their code; a bug becomes internal and is reported', async () => {
  const { connection, report } = await joined();
  await expect(connection.client.datasets.images()).rejects.toMatchObject({ code: 'not-found', message: 'No data set is open' });
  await expect(connection.client.datasets.recent()).rejects.toMatchObject({
    code: 'internal',
    message: 'Something went wrong inside the workbench; /logs/workbench.log has the details.',
  });
  expect(report).toHaveBeenCalledTimes(1);
});

test('only methods of the contract can be reached', async () => {
  const { dispatch } = await joined();
  for (const method of ['datasets.constructor', '__proto__.x', 'datasets.__proto__', 'nothing']) {
    expect(await dispatch({ kind: 'call', id: 1, method, input: null })).toMatchObject({ ok: false, error: { code: 'not-found' } });
  }
});

test('events reach their listeners until they unsubscribe', async () => {
  const { connection, push } = await joined();
  const heard = vi.fn();
  const stop = connection.on('training.log', heard);
  push({ kind: 'event', name: 'training.log', payload: { runId: 'a', line: 'b' } });
  stop();
  push({ kind: 'event', name: 'training.log', payload: { runId: 'a', line: 'c' } });
  expect(heard.mock.calls).toEqual([[{ runId: 'a', line: 'b' }, undefined]]);
});

test('a lost connection fails calls under way and later ones, and comes back by itself', async () => {
  const { connection, close, state } = await joined();
  const states: string[] = [];
  connection.onState((now) => states.push(now));
  state.there = false;
  const call = connection.client.datasets.open({ path: '/x' });
  close();
  await expect(call).rejects.toMatchObject({ code: 'disconnected' });
  await expect(connection.client.datasets.current()).rejects.toMatchObject({ code: 'disconnected' });
  state.there = true;
  await vi.waitFor(() => expect(connection.state).toBe('open'));
  expect(states).toEqual(['lost', 'open']);
  expect(await connection.client.datasets.open({ path: '/y' })).toEqual({ path: '/y' });
});

test('a workbench that is there but does not answer counts as lost', async () => {
  const { connection, state } = await joined({ heartbeatMs: 10, answerMs: 20 });
  const states: string[] = [];
  connection.onState((now) => states.push(now));
  state.answers = false;
  await vi.waitFor(() => expect(states).toContain('lost'));
  state.answers = true;
  await vi.waitFor(() => expect(states.at(-1)).toBe('open'));
  connection.close();
});

test('a closed connection is not opened again', async () => {
  const { connection, close, state } = await joined();
  close();
  connection.close();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(state.opened).toBe(1);
  expect(connection.state).toBe('closed');
});

test('every call names the data set that its window shows', async () => {
  const seen: (string | undefined)[] = [];
  const dispatch = createDispatcher(
    (dataset) => {
      seen.push(dataset);
      return services;
    },
    { explain: (error) => error, report: vi.fn(), logFile: null },
  );
  let receive: (frame: ServerFrame) => void = () => undefined;
  const channel: Channel = {
    send: (frame) => void dispatch(frame).then((result) => receive(result)),
    onFrame: (listener) => (receive = listener),
    onClose: () => undefined,
    close: () => undefined,
  };
  const connection = await createConnection(() => Promise.resolve(channel), { heartbeatMs: 0 });
  await connection.client.datasets.current();
  connection.bind('abc');
  await connection.client.datasets.current();
  expect(seen).toEqual([undefined, 'abc']);
});

test('only events that tell a whole state may be dropped for a later one', () => {
  const every = ['training.status', 'training.queue', 'training.rate', 'review.progress', 'datasets.changed'] as const;
  expect(every.every((name) => isReplaceable(name))).toBe(true);
  const each = ['edits.change', 'edits.state', 'training.step', 'training.log', 'runs.changed', 'app.notice', 'datasets.images'] as const;
  expect(each.some((name) => isReplaceable(name))).toBe(false);
});
