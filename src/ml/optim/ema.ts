import type { Parameter, StateDict } from '../layers/parameters.ts';
import { changed, releasePlaces } from '../tensor/in-place.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { toTensorFlowLayout, toTorchLayout } from '../weights/layout.ts';
import { apart, joined, joinedCopy, together } from './together.ts';

/**
 * Exponential moving average of a network's tensors, running statistics included. Early on it forgets faster, so that the
 * random start does not linger.
 * Source: Polyak averaging as in Tarvainen and Valpola 2017, with TensorFlow's warm-up (1 + n) / (10 + n).
 */
export class WeightAverage {
  private readonly decay: number;
  private readonly parameters: readonly Parameter[];
  private readonly averages = new Map<Parameter, Tensor>();
  private inPlace = false;

  /** @param decay share of the old average kept a step, 0 … 1 */
  constructor(parameters: readonly Parameter[], decay: number) {
    this.parameters = parameters;
    this.decay = decay;
    for (const parameter of parameters) this.averages.set(parameter, parameter.value.clone());
  }

  /** Takes the weights of now into the average. @param updates done so far */
  update(updates: number): void {
    const rate = tf.scalar(1 - Math.min(this.decay, (1 + updates) / (10 + updates)));
    try {
      // What stays is its own average; reckoned again and again it would drift.
      for (const group of together(this.parameters.filter(({ frozen }) => !frozen))) this.follow(group, rate);
    } finally {
      releasePlaces();
      rate.dispose();
    }
  }

  private follow(group: readonly Parameter[], rate: Tensor): void {
    const average = joined(group.map((parameter) => this.averages.get(parameter)!));
    const weights = joinedCopy(group.map(({ value }) => value));
    const difference = tf.sub(average, weights);
    weights.dispose();
    const [moved] = changed('ResourceApplyGradientDescent', [], [average], [rate, difference]);
    difference.dispose();
    for (const [index, part] of apart(moved, group).entries()) this.averages.set(group[index], part);
  }

  /** Runs `work` with the average in place of the weights. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.swap();
    try {
      return await work();
    } finally {
      this.swap();
    }
  }

  private swap(): void {
    this.inPlace = !this.inPlace;
    for (const parameter of this.parameters) {
      const average = this.averages.get(parameter)!;
      this.averages.set(parameter, parameter.value);
      parameter.value = average;
    }
  }

  /**
   * Copies averages and weights out, in PyTorch's names and layouts; whichever stands in the parameters now, as during a validation.
   * @param live the network's tensors as they stand
   */
  states(live: StateDict): { average: StateDict; weights: StateDict } {
    const aside: StateDict = new Map(
      [...this.averages].map(([{ name, torchShape }, value]) => [name, { shape: torchShape, data: toTorchLayout(value, torchShape) }]),
    );
    return this.inPlace ? { average: live, weights: aside } : { average: aside, weights: live };
  }

  /** Takes over averages by name; those not given, or of another shape, stay. */
  load(state: StateDict): void {
    for (const [parameter, average] of this.averages) {
      const entry = state.get(parameter.name);
      if (entry?.shape.join() !== parameter.torchShape.join()) continue;
      average.dispose();
      this.averages.set(parameter, toTensorFlowLayout(entry.data, parameter.torchShape));
    }
  }

  dispose(): void {
    for (const average of this.averages.values()) average.dispose();
    this.averages.clear();
  }
}
