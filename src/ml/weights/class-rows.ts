import { isSameClass } from '#shared/classes/class-map';
import type { ClassInfo } from '#shared/classes/class-info';
import type { WeightFit } from '#shared/training/weight-fit';
import type { Parameters, StateDict, StateTensor } from '../layers/parameters.ts';
import { toTorchLayout } from './layout.ts';

/** Tensors of either head with a row for each class, first dimension. */
const ofClasses = /^(decoder\.(conv_seg|cls_seg\.3|conv_fine|se_layer|stage3\.se_layer)|auxlayer\.4)\.(weight|bias)$/;

/** A tensor's rows in another order, over those that the network has; `rows[id]` is the row of the file, or -1 for the network's own. */
function rearranged({ shape, data }: StateTensor, rows: readonly number[], own: Float32Array): StateTensor {
  const length = data.length / shape[0];
  const result = own.slice();
  rows.forEach((row, id) => {
    if (row >= 0) result.set(data.subarray(row * length, (row + 1) * length), id * length);
  });
  return { shape: [rows.length, ...shape.slice(1)], data: result };
}

/**
 * Which of a file's rows is of a class: that of the same name and value. Masks of the same things may hold other values, so that a name
 * that is one class's alone in both does as well. -1 for none.
 */
function rowOf(each: ClassInfo, own: readonly ClassInfo[], today: readonly ClassInfo[]): number {
  const same = own.findIndex((other) => isSameClass(each, other));
  const isAlone = (classes: readonly ClassInfo[]) => classes.filter(({ name }) => name === each.name).length === 1;
  return same < 0 && isAlone(own) && isAlone(today) ? own.findIndex(({ name }) => name === each.name) : same;
}

/**
 * A file's tensors with each class's row where the data set has that class (ADR 18): its classes may be others, or in another order. Rows
 * of classes that it does not know stay the network's own; where it knows none, its classifier is left out.
 * @param weights by the network's names
 * @param own classes of the file; null where it does not say, and its rows are then taken in their order
 */
export function withClassRows(
  weights: StateDict,
  own: readonly ClassInfo[] | null,
  today: readonly ClassInfo[],
  parameters: Parameters,
): { weights: StateDict; classes: WeightFit['classes'] } {
  const named = [...weights].filter(([name]) => ofClasses.test(name) && parameters.get(name));
  if (named.length === 0) return { weights, classes: null };
  if (!own) return { weights, classes: 'unsaid' };
  const rows = today.map((each) => rowOf(each, own, today));
  const lacking = today.filter((_, id) => rows[id] < 0).map(({ name }) => name);
  const classes = { known: today.length - lacking.length, of: today.length, lacking };
  if (own.length === today.length && rows.every((row, id) => row === id)) return { weights, classes };
  const result: StateDict = new Map(weights);
  for (const [name, tensor] of named) {
    const { torchShape, value } = parameters.get(name)!;
    const fits = tensor.shape[0] === own.length && tensor.shape.slice(1).join() === torchShape.slice(1).join();
    if (classes.known === 0) result.delete(name);
    else if (fits) result.set(name, rearranged(tensor, rows, toTorchLayout(value, torchShape)));
  }
  return { weights: result, classes };
}
