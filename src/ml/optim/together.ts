// Vectors of parameters that are updated together. A network has twice as many scales and offsets as filters, and the call of a kernel
// takes longer than what it does to one of them.
import type { Parameter } from '../layers/parameters.ts';
import { concat, split } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';

/** Vectors of one kind together, everything else alone. @param kindOf what is updated alike */
export function together(parameters: Iterable<Parameter>, kindOf: (parameter: Parameter) => string = () => ''): Parameter[][] {
  const groups = Map.groupBy(parameters, (each) => (each.value.rank === 1 ? kindOf(each) : each));
  return [...groups.values()];
}

/** One tensor of what belongs to each parameter of a group, beside it. */
export const joinedCopy = (tensors: readonly Tensor[]): Tensor => (tensors.length === 1 ? tensors[0].clone() : concat(tensors));

/** The same in its place. @param tensors owned by the call */
export function joined(tensors: readonly Tensor[]): Tensor {
  const all = joinedCopy(tensors);
  tf.dispose([...tensors]);
  return all;
}

/** What of a joined tensor belongs to each parameter of a group. @param all owned by the call */
export function apart(all: Tensor, group: readonly Parameter[]): Tensor[] {
  if (group.length === 1) return [all];
  const parts = split(
    all,
    group.map(({ torchShape }) => torchShape[0]),
  );
  all.dispose();
  return parts;
}
