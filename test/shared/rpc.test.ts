import { expect, test, vi } from 'vitest';
import type { Services } from '#shared/contract/index';
import { AppError } from '#shared/errors';
import { createConnection, type Channel } from '#shared/rpc/client';
import { createDispatcher } from '#shared/rpc/dispatcher';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';

const services = {
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
} as unknown as Services;
for (const name of ['app', 'masks', 'review', 'runs', 'training'] as const) (services as unknown as Record<string, object>)[name] = {};

/** Client and dispatcher joined without a wire. */
function joined() {
  const report = vi.fn();
  const dispatch = createDispatcher(services, report);
  let receive: (frame: ServerFrame) => void = () => undefined;
  let close: () => void = () => undefined;
  const channel: Channel = {
    send: (frame: CallFrame) => void dispatch(frame).then((result) => receive(result)),
    onFrame: (listener) => (receive = listener),
    onClose: (listener) => (close = listener),
  };
  return { connection: createConnection(channel), report, dispatch, push: (frame: ServerFrame) => receive(frame), close: () => close() };
}

test('calls arrive, are checked, and answer', async () => {
  const { connection } = joined();
  expect(await connection.client.datasets.open({ path: '/x' })).toEqual({ path: '/x' });
  expect(await connection.client.datasets.current()).toBeNull();
  await expect(connection.client.datasets.open({ path: '' })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('datasets.open: path:') as string,
  });
});

test('errors keep their code; a bug becomes internal and is reported', async () => {
  const { connection, report } = joined();
  await expect(connection.client.datasets.images()).rejects.toMatchObject({ code: 'not-found', message: 'No data set is open' });
  await expect(connection.client.datasets.recent()).rejects.toMatchObject({ code: 'internal' });
  expect(report).toHaveBeenCalledTimes(1);
});

test('only methods of the contract can be reached', async () => {
  const { dispatch } = joined();
  for (const method of ['datasets.constructor', '__proto__.x', 'datasets.__proto__', 'nothing']) {
    expect(await dispatch({ kind: 'call', id: 1, method, input: null })).toMatchObject({ ok: false, error: { code: 'not-found' } });
  }
});

test('events reach their listeners until they unsubscribe', () => {
  const { connection, push } = joined();
  const heard = vi.fn();
  const stop = connection.on('training.log', heard);
  push({ kind: 'event', name: 'training.log', payload: { runId: 'a', line: 'b' } });
  stop();
  push({ kind: 'event', name: 'training.log', payload: { runId: 'a', line: 'c' } });
  expect(heard.mock.calls).toEqual([[{ runId: 'a', line: 'b' }]]);
});

test('a lost connection fails calls under way and later ones', async () => {
  const { connection, close } = joined();
  const call = connection.client.datasets.open({ path: '/x' });
  close();
  await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  await expect(connection.client.datasets.current()).rejects.toMatchObject({ code: 'cancelled' });
});
