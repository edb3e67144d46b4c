// The window of the editor's benchmark: a thread of its own, so that its work is not counted as main's.
import { parentPort, workerData } from 'node:worker_threads';
import { pack } from '../../src/main/services/edits/packing.ts';
import { packPatch } from '../../src/shared/mask/patch.ts';
import { box } from '../../test/helpers/box-patch.ts';
import { HostClient } from '../soak/host-client.ts';

interface Task {
  kind: 'ready' | 'open' | 'stroke' | 'save' | 'undo';
  imageId: string;
  left: number;
  top: number;
  width: number;
  height: number;
  value: number;
}

const client = await HostClient.open(workerData as string);
let strokes = 0;

async function perform(task: Task): Promise<void> {
  const { kind, imageId, left, top, width, height, value } = task;
  if (kind === 'ready') return client.call('app.ping');
  if (kind === 'open') return client.call('edits.open', { imageId, window: 'bench' });
  if (kind !== 'stroke') return client.call(`edits.${kind}`, { imageId });
  const patch = await packPatch(box(left, top, width, height, value), pack);
  await client.call('edits.stroke', { imageId, stroke: `bench:${++strokes}`, label: 'Fill', patch });
}

parentPort!.on('message', (task: Task) => {
  const begin = performance.now();
  perform(task).then(
    () => parentPort!.postMessage({ ms: performance.now() - begin }),
    (error: Error) => parentPort!.postMessage({ error: error.message }),
  );
});
