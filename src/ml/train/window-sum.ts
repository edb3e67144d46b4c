import type { Box } from '#shared/training/windows';
import { tf, type Tensor } from '../tensor/runtime.ts';

/** Probabilities of windows, added up over an image in one array: a window is a small part of it, and there may be hundreds. */
export class WindowSum {
  private readonly size: readonly [number, number];
  private readonly classes: number;
  private readonly values: Float32Array;

  /** @param size [height, width] of the image */
  constructor(size: readonly [number, number], classes: number) {
    this.size = size;
    this.classes = classes;
    this.values = new Float32Array(size[0] * size[1] * classes);
  }

  /** @param part float32 [1, box.height, box.width, classes]; disposed of */
  add(part: Tensor, { left, top, width, height }: Box): void {
    const { values, classes } = this;
    const added = part.dataSync<'float32'>();
    const row = width * classes;
    for (let y = 0; y < height; y++) {
      const to = ((top + y) * this.size[1] + left) * classes;
      for (let i = 0, from = y * row; i < row; i++) values[to + i] += added[from + i];
    }
    part.dispose();
  }

  /** @returns float32 [1, height, width, classes], owned by the caller */
  toTensor(): Tensor {
    return tf.tensor(this.values, [1, ...this.size, this.classes], 'float32');
  }
}
