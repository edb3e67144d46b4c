import type { OptimizerConfig } from '#shared/training/optimizer-config';
import { Parameters, type Parameter, type StateDict, type StateTensor } from '../layers/parameters.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { toTensorFlowLayout, toTorchLayout } from '../weights/layout.ts';

/** Slots of one parameter by slot name, such as 'momentum'. */
type Slots = Record<string, Tensor>;

/** Euclidean norm of all gradients together; not a number if one of their values is not. */
export function gradientNorm(gradients: ReadonlyMap<Parameter, Tensor>): number {
  // Each square is let go before the next is made: together they would be a second copy of the network.
  const squares = tf.tidy(() => tf.addN([...gradients.values()].map((gradient) => tf.tidy(() => tf.sum(tf.square(gradient))))));
  const norm = Math.sqrt(squares.dataSync()[0]);
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
    for (const [parameter, gradient] of gradients) {
      const rate = learningRate * (parameter.name.startsWith('backbone.') ? 1 : this.config.headFactor);
      const next = tf.tidy(() =>
        this.config.kind === 'sgd' ? this.sgd(parameter, gradient, rate) : this.adamw(parameter, gradient, rate),
      );
      Parameters.assign(parameter, next);
      gradient.dispose();
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

  /** Decay is added to the gradient; the rate multiplies the buffer, as PyTorch's SGD. */
  private sgd(parameter: Parameter, gradient: Tensor, rate: number): Tensor {
    const { momentum, nesterov } = this.config;
    const decay = this.decay(parameter);
    let step = decay > 0 ? tf.add(gradient, tf.mul(parameter.value, decay)) : gradient;
    if (momentum > 0) {
      const previous = this.slots.get(parameter)?.momentum;
      const buffer = previous ? tf.add(tf.mul(previous, momentum), step) : step.clone();
      this.replace(parameter, { momentum: tf.keep(buffer) });
      step = nesterov ? tf.add(step, tf.mul(buffer, momentum)) : buffer;
    }
    return tf.keep(tf.sub(parameter.value, tf.mul(step, rate)));
  }

  /** Decoupled decay. Source: Loshchilov and Hutter 2019. */
  private adamw(parameter: Parameter, gradient: Tensor, rate: number): Tensor {
    const { beta1, beta2, epsilon } = this.config;
    const known = this.slots.get(parameter);
    const square = tf.mul(tf.square(gradient), 1 - beta2);
    const first = known ? tf.add(tf.mul(known.first, beta1), tf.mul(gradient, 1 - beta1)) : tf.mul(gradient, 1 - beta1);
    const second = known ? tf.add(tf.mul(known.second, beta2), square) : square.clone();
    this.replace(parameter, { first: tf.keep(first), second: tf.keep(second) });
    const denominator = tf.add(tf.sqrt(tf.div(second, 1 - beta2 ** this.updates)), epsilon);
    const decayed = tf.mul(parameter.value, 1 - rate * this.decay(parameter));
    return tf.keep(tf.sub(decayed, tf.mul(tf.div(first, denominator), rate / (1 - beta1 ** this.updates))));
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
