// A worker thread of the trainer: decodes and augments. The pool starts it; nothing imports it.
import { parentPort } from 'node:worker_threads';
import { useReadLimits } from '#files/read-limits';
import { toWireError } from '#shared/rpc/wire-errors';
import { decodeSample } from '../data/decode.ts';
import { render } from '../data/render.ts';
import type { WorkerReply, WorkerTask } from '../data/worker-protocol.ts';

async function work({ id, limits, sample, format, decoded, view }: WorkerTask): Promise<WorkerReply> {
  useReadLimits(limits);
  try {
    const source = decoded ?? (await decodeSample(sample, format));
    return { id, decoded: source, rendered: view && render(source, view.view, view.size), error: null };
  } catch (error) {
    return { id, error: toWireError(error, true) };
  }
}

parentPort?.on('message', (task: WorkerTask) => {
  void work(task).then((reply) => {
    const moved = reply.error || !reply.rendered ? [] : [reply.rendered.image.buffer, reply.rendered.labels.buffer];
    parentPort?.postMessage(reply, moved);
  });
});
