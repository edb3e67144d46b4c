// Updates of parameters by TensorFlow's own fused kernels, which change memory where it is. They work on variables, which tfjs does not
// have: a tensor is handed to one, changed in it, and taken out again, all without a copy.
import { attribute, backend, tf, type Attribute, type Tensor } from './runtime.ts';
import { run1, typeOf } from './value.ts';

/** Native handles of variables, one for each place that an update changes at once; made when they are first needed, and kept. */
const variables: number[] = [];

function variable(place: number): number {
  if (place === variables.length) {
    const attributes = [
      attribute.type('dtype', 'float32'),
      attribute.shape('shape', []),
      attribute.string('container', ''),
      attribute.string('shared_name', `place ${place}`),
    ];
    variables.push(backend.binding.executeOp('VarHandleOp', attributes, [], 1)[0].id);
  }
  return variables[place];
}

const assign = (place: number, tensor: Tensor): void =>
  void backend.binding.executeOp(
    'AssignVariableOp',
    [attribute.type('dtype', 'float32')],
    [variable(place), ...backend.getInputTensorIds([tensor])],
    0,
  );

const take = (place: number): Tensor =>
  backend.createOutputTensor(backend.binding.executeOp('ReadVariableOp', [attribute.type('dtype', 'float32')], [variable(place)], 1)[0]);

/**
 * Runs a kernel that changes what is in its first inputs.
 * @param places float32 tensors to change, owned by the call; one that has other holders is copied for them first
 * @param rest the kernel's further inputs
 * @returns the same places, changed, owned by the caller
 */
export function changed(kernel: string, attributes: readonly Attribute[], places: readonly Tensor[], rest: readonly Tensor[]): Tensor[] {
  places.forEach((tensor, place) => {
    assign(place, tensor);
    tensor.dispose();
  });
  const ids = [...places.keys()].map(variable);
  backend.binding.executeOp(kernel, [attribute.type('T', 'float32'), ...attributes], [...ids, ...backend.getInputTensorIds([...rest])], 0);
  return [...places.keys()].map(take);
}

/** Lets the variables go of the tensors that were in them last. */
export function releasePlaces(): void {
  const nothing = tf.tensor1d([], 'float32');
  for (const place of variables.keys()) assign(place, nothing);
  nothing.dispose();
}

/** Half the sum of squares. @returns float32, rank 0 */
export const halfSquares = (x: Tensor): Tensor => run1('L2Loss', [typeOf('T', x)], [x]);
