// Which shapes of convolution end a process inside TensorFlow's CPU kernels, and whether ours do.
import { spawn } from 'node:child_process';
import path from 'node:path';

export interface ConvShape {
  batch: number;
  channels: number;
  kernel: number;
  stride: number;
  out: number;
  /** Height and width. */
  size: number;
}

export interface ConvReport {
  shapes: number;
  /** The shapes whose process did not end by itself, with the signal. */
  died: (ConvShape & { signal: string })[];
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Every shape of the sweep: few channels and small batches, kernels of 1 and 3, strides of 1 and 2. */
export const convShapes = (mostChannels: number, mostBatch: number): ConvShape[] =>
  [1, 3].flatMap((kernel) =>
    [1, 2].flatMap((stride) =>
      range(1, mostChannels).flatMap((channels) =>
        range(1, mostBatch).map((batch) => ({ batch, channels, kernel, stride, out: 2 * channels, size: 24 })),
      ),
    ),
  );

const child = path.join(import.meta.dirname, 'conv-shapes-child.ts');

/** @param through our own convolution, or TensorFlow's kernels as they are */
function endOf(shape: ConvShape, through: 'own' | 'kernels'): Promise<string | null> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  const running = spawn(process.execPath, [child, JSON.stringify(shape), through], { env, stdio: ['ignore', 'ignore', 'ignore'] });
  running.on('error', reject);
  running.on('exit', (code, signal) => resolve(signal ?? (code === 0 ? null : `exit code ${code}`)));
  return promise;
}

/** Runs each shape in a process of its own, two at a time. */
export async function convSweep(
  shapes: readonly ConvShape[],
  through: 'own' | 'kernels',
  onShape: (done: number) => void,
): Promise<ConvReport> {
  const died: ConvReport['died'] = [];
  const waiting = [...shapes];
  let done = 0;
  async function work(): Promise<void> {
    for (let shape = waiting.shift(); shape; shape = waiting.shift()) {
      const signal = await endOf(shape, through);
      if (signal) died.push({ ...shape, signal });
      onShape(++done);
    }
  }
  await Promise.all([work(), work()]);
  return { shapes: shapes.length, died };
}
