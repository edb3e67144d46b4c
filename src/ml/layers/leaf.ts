import type { Tensor } from '../tensor/runtime.ts';
import { float32Of, type Node, type Tape } from '../tensor/tape.ts';
import type { Parameter } from './parameters.ts';

const leaves = new WeakMap<Tape, Map<Parameter, Node>>();

/** The node of a parameter on this tape: always the same one, so that its gradients add up. */
export function leaf(tape: Tape, parameter: Parameter): Node {
  let known = leaves.get(tape);
  if (!known) leaves.set(tape, (known = new Map<Parameter, Node>()));
  let node = known.get(parameter);
  if (!node) known.set(parameter, (node = tape.constant(parameter.value, parameter.trainable && !parameter.frozen)));
  return node;
}

/** The parameters that were used on this tape, with their nodes. */
export const leavesOf = (tape: Tape): ReadonlyMap<Parameter, Node> => leaves.get(tape) ?? new Map<Parameter, Node>();

/** Takes the gradients of all parameters on this tape, float32; the caller owns the tensors. */
export function takeGradients(tape: Tape): Map<Parameter, Tensor> {
  const gradients = new Map<Parameter, Tensor>();
  for (const [parameter, node] of leavesOf(tape)) {
    if (node.gradient) gradients.set(parameter, float32Of(node.gradient));
    node.gradient = null;
  }
  return gradients;
}
