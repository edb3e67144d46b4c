import { messageOf } from '#shared/errors';
import type { Precision, PrecisionChoice, PrecisionSetting } from '#shared/training/precision';
import * as kernels from './kernels.ts';
import { tf } from './runtime.ts';
import { inTypes, type Value } from './value.ts';

/** How long it is tried, and how often at the least. */
const probeMs = 50;
const leastTrials = 10;
/** bfloat16 has to be so many times as fast: below that its casts eat what it wins. */
const worthIt = 1.25;

/** Wall time of a convolution as residual blocks have them, in milliseconds. */
function timeOf(x: Value, filter: Value): number {
  const begin = performance.now();
  kernels.conv2d(x, filter, [1, 1], [1, 1]).dispose();
  return performance.now() - begin;
}

/** The quickest of each by turns, so that what else runs meets both. @throws Error if there is no such kernel here */
export function probe(): Record<Precision, number> {
  // Small, so that some of its trials fall between what else the machine does.
  const [x, filter] = [tf.ones([1, 66, 88, 64]), tf.fill([3, 3, 64, 64], 0.01)];
  try {
    return inTypes([x, filter], 'bfloat16', (narrowX, narrowFilter) => {
      const best = { float32: Infinity, bfloat16: Infinity };
      const begin = performance.now();
      // The first of each prepares its kernel and is not counted.
      for (let trial = 0; trial <= leastTrials || performance.now() - begin < probeMs; trial++) {
        const [wide, narrow] = [timeOf(x, filter), timeOf(narrowX, narrowFilter)];
        if (trial > 0) [best.float32, best.bfloat16] = [Math.min(best.float32, wide), Math.min(best.bfloat16, narrow)];
      }
      return best;
    });
  } finally {
    tf.dispose([x, filter]);
  }
}

function tried(): PrecisionChoice {
  try {
    const times = probe();
    const precision = times.float32 >= worthIt * times.bfloat16 ? 'bfloat16' : 'float32';
    const [wide, narrow] = [times.float32.toFixed(2), times.bfloat16.toFixed(2)];
    return { precision, reason: `tried here: a convolution takes ${wide} ms in float32 and ${narrow} ms in bfloat16` };
  } catch (error) {
    return { precision: 'float32', reason: `there is no bfloat16 here: ${messageOf(error).split('\n').at(-1)}` };
  }
}

let here: PrecisionChoice | null = null;

/** What to reckon in. `auto` is tried once a process, for 50 ms: what a processor is called tells little of what it does. */
export function choosePrecision(setting: PrecisionSetting): PrecisionChoice {
  return setting === 'auto' ? (here ??= tried()) : { precision: setting, reason: null };
}
