// What the page sends over the desktop's bridge: bytes, since the bridge between the two worlds takes none of the page's own objects.
import { decode, encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';
import { bridgeChannel } from '../../src/renderer/api/connect.ts';

test('state that a page watches goes over the bridge, and what comes is read', () => {
  const posted: unknown[] = [];
  let hear: (bytes: Uint8Array) => void = () => undefined;
  const channel = bridgeChannel({
    pathOf: () => '',
    // As contextBridge has it: a proxy cannot be cloned.
    post: (frame) => posted.push(structuredClone(frame)),
    onMessage: (listener) => (hear = listener),
  });
  const watched = new Proxy(
    { sources: new Proxy([{ split: 'train' }], {}), ids: new Uint8Array(1 << 20).subarray(7, 9), mask: new Uint8Array(3_000_000) },
    {},
  );
  expect(() => structuredClone(watched)).toThrow();
  channel.send({ kind: 'call', id: 1, method: 'datasets.arrange', input: watched } as unknown as CallFrame);
  const [bytes] = posted as Uint8Array[];
  expect(decode(bytes)).toMatchObject({ id: 1, input: { sources: [{ split: 'train' }], ids: new Uint8Array(2) } });
  // A piece of a large buffer does not take all of it along.
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
  const heard: ServerFrame[] = [];
  channel.onFrame((frame) => heard.push(frame));
  hear(encode({ kind: 'result', id: 1, ok: true, value: 3 }));
  expect(heard).toEqual([{ kind: 'result', id: 1, ok: true, value: 3 }]);
});
