import { backend, bfloat16Number, type Attribute } from '../../src/ml/tensor/runtime.ts';

/** Wall time of one kernel in a profile. */
export interface OpTime {
  op: string;
  calls: number;
  ms: number;
  share: number;
}

/**
 * Times every TensorFlow kernel that `work` runs; on a CPU each runs to its end before the next begins, so the times add up.
 * @returns kernels by falling time, then what was spent outside them: in JavaScript and in the binding
 */
export function profileOps(work: () => void): OpTime[] {
  const times = new Map<string, { calls: number; ms: number }>();
  const { binding } = backend;
  const timed = (op: string, attributes: Attribute[], ids: number[], outputs: number) => {
    const begin = performance.now();
    const result = binding.executeOp(op, attributes, ids, outputs);
    const name = attributes.some(({ value }) => value === bfloat16Number) ? `${op} bfloat16` : op;
    const known = times.get(name) ?? { calls: 0, ms: 0 };
    times.set(name, { calls: known.calls + 1, ms: known.ms + performance.now() - begin });
    return result;
  };
  // Native functions cannot be replaced where they are.
  backend.binding = Object.create(binding, { executeOp: { value: timed } }) as typeof binding;
  const begin = performance.now();
  try {
    work();
  } finally {
    backend.binding = binding;
  }
  const total = performance.now() - begin;
  const inside = [...times.values()].reduce((sum, { ms }) => sum + ms, 0);
  return [
    ...[...times].map(([op, time]) => ({ op, ...time })).sort((a, b) => b.ms - a.ms),
    { op: '(outside kernels)', calls: 1, ms: total - inside },
  ].map(({ op, calls, ms }) => ({ op, calls, ms: Math.round(ms), share: Number((ms / total).toFixed(3)) }));
}
