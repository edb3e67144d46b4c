import type { OptimizerConfig } from '#shared/training/optimizer-config';
import type { Parameter, StateDict, StateTensor } from '../layers/parameters.ts';
import { changed, halfSquares, releasePlaces } from '../tensor/in-place.ts';
import { attribute, tf, type Tensor } from '../tensor/runtime.ts';
import { toTensorFlowLayout, toTorchLayout } from '../weights/layout.ts';
import { apart, joined, together } from './together.ts';

/** Slots of one parameter by slot name, such as 'momentum'. */
type Slots = Record<string, Tensor>;

/** How fast a part of the network learns in one update; the scalars are its tensors. */
interface Pace {
  rate: number;
  scalars: Tensor[];
}

/** Parameters that one update changes alike, with the gradient of all of them. */
interface Group {
  parameters: Parameter[];
  gradient: Tensor;
}

const isHead = ({ name }: Parameter): boolean => !name.startsWith('backbone.');

/** Euclidean norm of all gradients together; not a number if one of their values is not. */
export function gradientNorm(gradients: readonly Tensor[]): number {
  const squares = tf.tidy(() => tf.addN(gradients.map(halfSquares)));
  const norm = Math.sqrt(2 * squares.dataSync()[0]);
  squares.dispose();
  return norm;
}

/** Scales all gradients by one factor where their norm together is above `limit`, as PyTorch's clip_grad_norm_. */
function clip(groups: readonly Group[], norm: number, limit: number): void {
  if (!(norm > limit)) return;
  for (const group of groups) {
    const { gradient } = group;
    group.gradient = tf.mul(gradient, limit / (norm + 1e-6));
    gradient.dispose();
  }
}

/** Updates named parameters in place. Slots belong to names, so a state survives any change of order. */
export class Optimizer {
  private readonly config: OptimizerConfig;
  private readonly slots = new Map<Parameter, Slots>();
  /** Updates done; AdamW's bias correction needs it. */
  private updates = 0;

  constructor(config: OptimizerConfig) {
    this.config = config;
  }

  get updatesDone(): number {
    return this.updates;
  }

  /**
   * Applies one update and frees the gradients.
   * @param learningRate of the backbone; the head has `headFactor` times as much
   * @returns the norm of all gradients together before it is limited; not a number, with the parameters as they were, if one of them is not
   */
  step(gradients: ReadonlyMap<Parameter, Tensor>, learningRate: number): number {
    const alike = together(gradients.keys(), (each) => `${isHead(each)} ${this.decay(each)}`);
    const groups = alike.map((parameters) => ({ parameters, gradient: joined(parameters.map((each) => gradients.get(each)!)) }));
    const norm = gradientNorm(groups.map(({ gradient }) => gradient));
    if (!Number.isFinite(norm)) {
      for (const { gradient } of groups) gradient.dispose();
      return NaN;
    }
    this.updates++;
    if (this.config.clipNorm > 0) clip(groups, norm, this.config.clipNorm);
    const [backbone, head] = [1, this.config.headFactor].map((factor) => this.paceOf(learningRate * factor));
    try {
      for (const group of groups) {
        const pace = isHead(group.parameters[0]) ? head : backbone;
        if (this.config.kind === 'sgd') this.sgd(group, pace);
        else this.adamw(group, pace);
        group.gradient.dispose();
      }
    } finally {
      releasePlaces();
      tf.dispose([...backbone.scalars, ...head.scalars]);
    }
    return norm;
  }

  private decay(parameter: Parameter): number {
    const decayed =
      this.config.decayNormAndBias ||
      (parameter.kind.endsWith('.weight') && !parameter.kind.startsWith('bn.')) ||
      parameter.kind === 'conv.weight.biased';
    return decayed ? this.config.weightDecay : 0;
  }

  /** The slots of a group, handed over; zeros before its first update. */
  private takeSlots(parameters: readonly Parameter[], names: readonly string[]): Tensor[] {
    const known = parameters.map((parameter) => this.slots.get(parameter));
    for (const parameter of parameters) this.slots.delete(parameter);
    return names.map((name) => joined(parameters.map(({ value }, index) => known[index]?.[name] ?? tf.zerosLike(value))));
  }

  /** Gives each parameter of a group its part of what the update made. @param slots joined, by name @param value joined */
  private take({ parameters }: Group, value: Tensor, slots: Slots): void {
    const values = apart(value, parameters);
    const parts = Object.entries(slots).map(([name, slot]) => [name, apart(slot, parameters)] as const);
    for (const [index, parameter] of parameters.entries()) {
      parameter.value = values[index];
      if (parts.length > 0) this.slots.set(parameter, Object.fromEntries(parts.map(([name, all]) => [name, all[index]])));
    }
  }

  /**
   * What the update's kernel takes besides parameter, slots and gradient, in its order. AdamW's own correction of the first steps is left
   * out of the kernel (powers of 0): in float32 it would lose half its digits.
   */
  private paceOf(rate: number): Pace {
    const { kind, momentum, epsilon } = this.config;
    if (kind === 'sgd') return { rate, scalars: [rate, momentum].map((value) => tf.scalar(value)) };
    // As the kernel has them, so that averages and their correction agree.
    const [beta1, beta2] = [Math.fround(this.config.beta1), Math.fround(this.config.beta2)];
    const correction = Math.sqrt(1 - beta2 ** this.updates);
    const step = (rate * correction) / (1 - beta1 ** this.updates);
    return { rate, scalars: [0, 0, step, beta1, beta2, epsilon * correction].map((value) => tf.scalar(value)) };
  }

  /** Decay is added to the gradient; the rate multiplies the buffer, as PyTorch's SGD. */
  private sgd(group: Group, { scalars: [step, kept] }: Pace): void {
    const { momentum, nesterov } = this.config;
    const { parameters, gradient: given } = group;
    const decay = this.decay(parameters[0]);
    const slots = momentum === 0 ? [] : this.takeSlots(parameters, ['momentum']);
    const value = joined(parameters.map((each) => each.value));
    const gradient = decay > 0 ? tf.tidy(() => tf.add(given, tf.mul(value, decay))) : given.clone();
    if (momentum === 0) this.take(group, changed('ResourceApplyGradientDescent', [], [value], [step, gradient])[0], {});
    else {
      const attributes = [attribute.bool('use_nesterov', nesterov)];
      const [moved, buffer] = changed('ResourceApplyMomentum', attributes, [value, ...slots], [step, gradient, kept]);
      this.take(group, moved, { momentum: buffer });
    }
    gradient.dispose();
  }

  /** Decoupled decay. Source: Loshchilov and Hutter 2019. */
  private adamw(group: Group, { rate, scalars }: Pace): void {
    const { parameters, gradient } = group;
    const decay = this.decay(parameters[0]);
    const slots = this.takeSlots(parameters, ['first', 'second']);
    const given = joined(parameters.map(({ value }) => value));
    const decayed = decay > 0 ? tf.mul(given, 1 - rate * decay) : given;
    if (decayed !== given) given.dispose();
    const [value, first, second] = changed('ResourceApplyAdam', [], [decayed, ...slots], [...scalars, gradient]);
    this.take(group, value, { first, second });
  }

  private replace(parameter: Parameter, slots: Slots): void {
    for (const slot of Object.values(this.slots.get(parameter) ?? {})) slot.dispose();
    this.slots.set(parameter, slots);
  }

  /** Copies the slots out as `optimizer.<slot>.<parameter>`, in PyTorch's layouts. */
  toStateDict(): { updates: number; slots: StateDict } {
    const slots = new Map<string, StateTensor>();
    for (const [parameter, known] of this.slots) {
      for (const [slot, tensor] of Object.entries(known)) {
        slots.set(`optimizer.${slot}.${parameter.name}`, {
          shape: parameter.torchShape,
          data: toTorchLayout(tensor, parameter.torchShape),
        });
      }
    }
    return { updates: this.updates, slots };
  }

  /** Takes over what `toStateDict` gave. */
  load(parameters: readonly Parameter[], state: { updates: number; slots: StateDict }): void {
    this.updates = state.updates;
    const names = this.config.kind === 'sgd' ? ['momentum'] : ['first', 'second'];
    for (const parameter of parameters) {
      const entries = names.map((slot) => [slot, state.slots.get(`optimizer.${slot}.${parameter.name}`)] as const);
      if (entries.some(([, entry]) => !entry)) continue;
      this.replace(
        parameter,
        Object.fromEntries(entries.map(([slot, entry]) => [slot, toTensorFlowLayout(entry!.data, parameter.torchShape)])),
      );
    }
  }

  dispose(): void {
    for (const known of this.slots.values()) for (const slot of Object.values(known)) slot.dispose();
    this.slots.clear();
  }
}
