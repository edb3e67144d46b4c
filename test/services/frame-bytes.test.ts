// Bytes of a window that are calls, and those that are not.
import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { datasets } from '#shared/contract/datasets';
import { work } from '#shared/contract/work';
import { callIn } from '../../src/main/services/frame-bytes.ts';

const call = (method: string, params: unknown) => ({ kind: 'call', id: 7, method, params });

test('the longest lists that the contract takes are calls: one that was none would be answered by nothing', () => {
  const imageIds = Array.from({ length: 1_000_000 }, (_, index) => `${index}`);
  expect(datasets.methods.acceptPhotos.input.safeParse({ imageIds }).success).toBe(true);
  expect(callIn(encode(call('datasets.acceptPhotos', { imageIds })))).toMatchObject({ id: 7 });
  const images = imageIds.slice(0, 200_000).map((imageId) => ({ imageId, mark: 'done' }));
  expect(work.methods.mark.input.safeParse({ images: [...images, images[0]] }).success).toBe(false);
  expect(callIn(encode(call('work.mark', { images })))).toMatchObject({ id: 7 });
});

test('what is nested deep, has more values than any call, is cut off or no call is none', () => {
  const deep = new Uint8Array(1000).fill(0x91);
  const wide = new Uint8Array([0xdd, 0x00, 0x20, 0x00, 0x00, ...new Uint8Array(0x20_0000)]);
  const whole = encode(call('app.ping', undefined), { ignoreUndefined: true });
  expect(callIn(whole)).not.toBeNull();
  for (const bytes of [deep, wide, whole.subarray(0, -1), encode({ kind: 'result', id: 1 }), new Uint8Array()])
    expect(callIn(bytes)).toBeNull();
});
