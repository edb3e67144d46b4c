import { messageOf } from '#shared/errors';
import type { Precision, PrecisionChoice, PrecisionSetting } from '#shared/training/precision';
import { conv2d } from './conv-kernels.ts';
import { deviceName, tf } from './runtime.ts';
import { float32Of } from './tape.ts';
import { inType, inTypes, type Value } from './value.ts';

/** How long it is tried, and how often at the least. */
const probeMs = 50;
const leastTrials = 10;
/** bfloat16 has to be so many times as fast: below that its casts eat what it wins. */
const worthIt = 1.25;

/** Milliseconds so far: of this process's threads, whatever else the machine does; on a GPU, whose time is its own, by the clock. */
function spent(): number {
  if (deviceName() === 'GPU') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What a convolution as residual blocks have them takes, in milliseconds. */
function costOf(x: Value, filter: Value): number {
  const begin = spent();
  const y = conv2d(x, filter, [1, 1], [1, 1]);
  // A GPU is done when its answer is there.
  if (deviceName() === 'GPU') inType(y, 'float32', (wide) => float32Of(wide).dataSync());
  y.dispose();
  return spent() - begin;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** What it usually takes in each, tried by turns. @throws Error if there is no such kernel here */
export function probe(): Record<Precision, number> {
  const [x, filter] = [tf.ones([1, 66, 88, 64]), tf.fill([3, 3, 64, 64], 0.01)];
  try {
    return inTypes([x, filter], 'bfloat16', (narrowX, narrowFilter) => {
      const [wide, narrow]: [number[], number[]] = [[], []];
      const begin = performance.now();
      while (wide.length <= leastTrials || performance.now() - begin < probeMs) {
        wide.push(costOf(x, filter));
        narrow.push(costOf(narrowX, narrowFilter));
      }
      return { float32: median(wide), bfloat16: median(narrow) };
    });
  } finally {
    tf.dispose([x, filter]);
  }
}

/** Which of the two is worth it, by what each takes. */
export const quicker = (times: Record<Precision, number>): Precision =>
  times.float32 >= worthIt * times.bfloat16 ? 'bfloat16' : 'float32';

/** @param preferred bfloat16 that is no slower is taken, so that two trials of a busy machine do not choose differently */
function tried(preferred: Precision | null): PrecisionChoice {
  if (preferred === 'float32') return { precision: preferred, reason: 'as its run' };
  try {
    const times = probe();
    const precision = preferred && times.bfloat16 <= times.float32 ? preferred : quicker(times);
    const [wide, narrow] = [times.float32.toFixed(2), times.bfloat16.toFixed(2)];
    return { precision, reason: `tried here: a convolution takes ${wide} ms in float32 and ${narrow} ms in bfloat16` };
  } catch (error) {
    return { precision: 'float32', reason: `there is no bfloat16 here: ${messageOf(error).split('\n').at(-1)}` };
  }
}

let here: PrecisionChoice | null = null;

/**
 * What to reckon in. `auto` is tried once a process, for 50 ms: what a processor is called tells little of what it does.
 * @param preferred what `auto` comes to where that is no loss here
 */
export function choosePrecision(setting: PrecisionSetting, preferred: Precision | null = null): PrecisionChoice {
  if (setting !== 'auto') return { precision: setting, reason: null };
  return preferred === null ? (here ??= tried(null)) : tried(preferred);
}
