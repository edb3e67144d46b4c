import type { OptimizerConfig } from '#shared/training/optimizer-config';
import { Parameters, type Parameter, type StateDict, type StateTensor } from '../layers/parameters.ts';
import { changed, halfSquares, releasePlaces } from '../tensor/in-place.ts';
import { attribute, tf, type Tensor } from '../tensor/runtime.ts';
import { toTensorFlowLayout, toTorchLayout } from '../weights/layout.ts';

/** Slots of one parameter by slot name, such as 'momentum'. */
type Slots = Record<string, Tensor>;

/** How fast a part of the network learns in one update; the scalars are its tensors. */
interface Pace {
  rate: number;
  scalars: Tensor[];
}

/** Euclidean norm of all gradients together; not a number if one of their values is not. */
export function gradientNorm(gradients: ReadonlyMap<Parameter, Tensor>): number {
  const squares = tf.tidy(() => tf.addN([...gradients.values()].map(halfSquares)));
  const norm = Math.sqrt(2 * squares.dataSync()[0]);
  squares.dispose();
  return norm;
}

/** Scales all gradients by one factor where their norm together is above `limit`, as PyTorch's clip_grad_norm_. */
function clip(gradients: Map<Parameter, Tensor>, norm: number, limit: number): void {
  if (!(norm > limit)) return;
  for (const [parameter, gradient] of gradients) {
    gradients.set(parameter, tf.mul(gradient, limit / (norm + 1e-6)));
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
  step(gradients: Map<Parameter, Tensor>, learningRate: number): number {
    const norm = gradientNorm(gradients);
    if (!Number.isFinite(norm)) {
      for (const gradient of gradients.values()) gradient.dispose();
      return NaN;
    }
    this.updates++;
    if (this.config.clipNorm > 0) clip(gradients, norm, this.config.clipNorm);
    const [backbone, head] = [1, this.config.headFactor].map((factor) => this.paceOf(learningRate * factor));
    try {
      for (const [parameter, gradient] of gradients) {
        const pace = parameter.name.startsWith('backbone.') ? backbone : head;
        if (this.config.kind === 'sgd') this.sgd(parameter, gradient, pace);
        else this.adamw(parameter, gradient, pace);
        gradient.dispose();
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

  /** The slots of a parameter, handed over; zeros before its first update. */
  private takeSlots(parameter: Parameter, names: readonly string[]): Tensor[] {
    const known = this.slots.get(parameter);
    this.slots.delete(parameter);
    return names.map((name) => known?.[name] ?? tf.zerosLike(parameter.value));
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
  private sgd(parameter: Parameter, given: Tensor, { scalars: [step, kept] }: Pace): void {
    const { momentum, nesterov } = this.config;
    const decay = this.decay(parameter);
    const gradient = decay > 0 ? tf.tidy(() => tf.add(given, tf.mul(parameter.value, decay))) : given.clone();
    if (momentum === 0) [parameter.value] = changed('ResourceApplyGradientDescent', [], [parameter.value], [step, gradient]);
    else {
      const slots = this.takeSlots(parameter, ['momentum']);
      const attributes = [attribute.bool('use_nesterov', nesterov)];
      const [value, buffer] = changed('ResourceApplyMomentum', attributes, [parameter.value, ...slots], [step, gradient, kept]);
      parameter.value = value;
      this.slots.set(parameter, { momentum: buffer });
    }
    gradient.dispose();
  }

  /** Decoupled decay. Source: Loshchilov and Hutter 2019. */
  private adamw(parameter: Parameter, gradient: Tensor, { rate, scalars }: Pace): void {
    const decay = this.decay(parameter);
    if (decay > 0) Parameters.assign(parameter, tf.mul(parameter.value, 1 - rate * decay));
    const slots = this.takeSlots(parameter, ['first', 'second']);
    const [value, first, second] = changed('ResourceApplyAdam', [], [parameter.value, ...slots], [...scalars, gradient]);
    parameter.value = value;
    this.slots.set(parameter, { first, second });
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
