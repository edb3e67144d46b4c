import { decode, encode } from '@msgpack/msgpack';
import { expect, vi } from 'vitest';
import { createConnection, type Channel, type Connection } from '#shared/rpc/client';
import type { ServerFrame } from '#shared/rpc/frames';
import { toWireError } from '#shared/rpc/wire-errors';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import type { MaskSession } from '../../src/renderer/state/mask-session.svelte.ts';
import { Session } from '../../src/renderer/state/session.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

/** A window's session over the real services, and its connection, which can be broken. */
export interface TestWindow {
  session: Session;
  connection: Connection;
  /** The connection breaks, as it does when the host hangs; frames under way are lost. */
  breakOff: () => void;
  /** Whether a new connection can be made. */
  reachable: (is: boolean) => void;
  /** What comes from now on is heard, in its order, once the function that this gives is called. */
  deafen: () => () => void;
}

const carried = <T>(frame: T): T => decode(encode(frame, { ignoreUndefined: true })) as T;

/** Opens a window on the services of a bench. */
export async function openWindow(bench: TestBench): Promise<TestWindow> {
  // What the page asks of the browser around it.
  vi.stubGlobal('window', {});
  let reachable = true;
  let breakOff: () => void = () => undefined;
  let unheard: ServerFrame[] | null = null;
  let hear: (frame: ServerFrame) => void = () => undefined;
  const open = (): Promise<Channel> => {
    if (!reachable) return Promise.reject(new Error('nobody is there'));
    let open = true;
    let close: () => void = () => undefined;
    const receive = (frame: ServerFrame) => (unheard ? void unheard.push(frame) : hear(frame));
    const unsubscribe = bench.workbench.events.subscribe((name, payload, dataset) => {
      if (open) receive({ kind: 'event', name, payload, ...(dataset === undefined ? {} : { dataset }) });
    });
    breakOff = () => {
      open = false;
      unsubscribe();
      close();
    };
    return Promise.resolve({
      // As bytes, as every host carries it: what is no plain value comes out as it would there.
      send: (frame) => void bench.workbench.dispatch(carried(frame)).then((result) => open && receive(carried(result))),
      onFrame: (listener) => (hear = listener),
      onClose: (listener) => (close = listener),
      close: () => {
        open = false;
        unsubscribe();
      },
    });
  };
  const connection = await createConnection(open, { heartbeatMs: 0, firstWaitMs: 5, longestWaitMs: 20 });
  const session = new Session(connection);
  await session.start();
  const deafen = () => {
    const frames: ServerFrame[] = (unheard = []);
    return () => {
      unheard = null;
      for (const frame of frames) hear(frame);
    };
  };
  return { session, connection, breakOff: () => breakOff(), reachable: (is) => (reachable = is), deafen };
}

/** Paints a dot and gives the pixel's index. */
export function dot(mask: MaskSession, x: number, y: number, id: number): number {
  mask.document.beginStroke('Brush');
  mask.document.paint(capsule({ x, y }, { x, y }, 3, mask.document.size), { id: id });
  mask.document.endStroke();
  return y * 64 + x;
}

export const eventually = (passes: () => boolean, timeout = 10_000) => vi.waitFor(() => expect(passes()).toBe(true), { timeout });

/** A small data set that is open, known to the last image, with a window on it. Whoever opens it ends it with `closeWindow`. */
export async function openBench(images: { train: number; val: number }): Promise<{ folder: string; bench: TestBench; window: TestWindow }> {
  const folder = await makeDataset(images);
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  return { folder, bench, window: await openWindow(bench) };
}

/** Answers a method of an image instead of the services: what they would ask is another process. @returns what ends it */
export function answerFor({ workbench }: TestBench, method: string, answer: (imageId: string) => Promise<unknown>) {
  const dispatch = workbench.dispatch.bind(workbench);
  return vi.spyOn(workbench, 'dispatch').mockImplementation(async (frame) => {
    if (frame.method !== method) return dispatch(frame);
    const { id } = frame;
    try {
      return { kind: 'result', id, ok: true, value: await answer((frame.input as { imageId: string }).imageId) };
    } catch (error) {
      return { kind: 'result', id, ok: false, error: toWireError(error) };
    }
  });
}

export function closeWindow({ connection }: TestWindow): void {
  connection.close();
  vi.unstubAllGlobals();
}
