import { backend } from '../../src/ml/tensor/runtime.ts';

/** Wall time of one kernel in a profile. */
export interface OpTime {
  op: string;
  calls: number;
  ms: number;
  share: number;
}

type Run = (name: string, ...rest: never[]) => unknown;

/**
 * Times every TensorFlow kernel that `work` runs; on a CPU each runs to its end before the next begins, so the times add up.
 * @returns kernels by falling time, then what was spent outside them: in JavaScript and in the binding
 */
export function profileOps(work: () => void): OpTime[] {
  const times = new Map<string, { calls: number; ms: number }>();
  const target = backend as unknown as Record<'executeSingleOutput' | 'executeMultipleOutputs', Run>;
  const originals = { executeSingleOutput: target.executeSingleOutput, executeMultipleOutputs: target.executeMultipleOutputs };
  for (const name of Object.keys(originals) as (keyof typeof originals)[]) {
    const original = originals[name].bind(backend);
    target[name] = (op, ...rest) => {
      const begin = performance.now();
      const result = original(op, ...rest);
      const known = times.get(op) ?? { calls: 0, ms: 0 };
      times.set(op, { calls: known.calls + 1, ms: known.ms + performance.now() - begin });
      return result;
    };
  }
  const begin = performance.now();
  try {
    work();
  } finally {
    Object.assign(target, originals);
  }
  const total = performance.now() - begin;
  const inside = [...times.values()].reduce((sum, { ms }) => sum + ms, 0);
  return [
    ...[...times].map(([op, time]) => ({ op, ...time })).sort((a, b) => b.ms - a.ms),
    { op: '(outside kernels)', calls: 1, ms: total - inside },
  ].map(({ op, calls, ms }) => ({ op, calls, ms: Math.round(ms), share: Number((ms / total).toFixed(3)) }));
}
