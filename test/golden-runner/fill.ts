import { Random } from '#shared/random';
import type { Parameter, StateDict, TensorKind } from '#ml/layers/parameters';

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Values of a stream through `map`, rounded once to float32. */
export function streamValues(name: string, seed: number, count: number, map: (u: number) => number): Float32Array {
  const random = Random.named(name, seed);
  return Float32Array.from({ length: count }, () => map(random.next()));
}

/** The deterministic fill of one tensor, by kind: the table of test/golden/README.md. */
export function fillRule(kind: TensorKind, torchShape: readonly number[], fanIn: number): (u: number) => number {
  switch (kind) {
    case 'conv.weight': {
      const fanOut = torchShape[0] * sizeOf(torchShape.slice(2));
      return (u) => (2 * u - 1) * Math.sqrt(3) * Math.sqrt(2 / fanOut);
    }
    case 'conv.weight.biased':
    case 'linear.weight':
    case 'bias':
      return (u) => (2 * u - 1) / Math.sqrt(fanIn);
    case 'bn.weight':
    case 'bn.running_var':
      return (u) => 1 + 0.2 * (u - 0.5);
    case 'bn.weight.closing':
      return (u) => 0.25 * (1 + 0.2 * (u - 0.5));
    case 'bn.bias':
    case 'bn.running_mean':
      return (u) => 0.2 * (u - 0.5);
    case 'encoding.codewords':
      return (u) => 0.5 * (2 * u - 1);
    case 'encoding.scale':
      return (u) => -u / 8;
  }
}

/** The filled state dict of a network. */
export function filledStateDict(parameters: readonly Parameter[], seed: number): StateDict {
  return new Map(
    parameters.map(({ name, kind, torchShape, fanIn }) => [
      name,
      { shape: torchShape, data: streamValues(name, seed, sizeOf(torchShape), fillRule(kind, torchShape, fanIn)) },
    ]),
  );
}

/** Labels on an 8 x 8 board an image, 255 where ignored; row-major [batch, height, width]. */
export function boardLabels(seed: number, batch: number, height: number, width: number, classes: number): Uint8Array {
  const labels = Random.named('labels', seed);
  const ignore = Random.named('ignore', seed);
  const board = Array.from({ length: batch * 64 }, () => {
    const id = Math.floor(labels.next() * classes);
    return ignore.next() < 0.05 ? 255 : id;
  });
  return Uint8Array.from({ length: batch * height * width }, (_, index) => {
    const x = index % width;
    const y = Math.floor(index / width) % height;
    const image = Math.floor(index / (width * height));
    return board[image * 64 + Math.floor((8 * y) / height) * 8 + Math.floor((8 * x) / width)];
  });
}

/** NCHW values as NHWC. */
export function toNhwc(data: ArrayLike<number>, [n, c, h, w]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++) for (let p = 0; p < h * w; p++) out[(i * h * w + p) * c + k] = data[(i * c + k) * h * w + p];
  return out;
}

/** NHWC values as NCHW; `shape` is the NHWC shape. */
export function toNchw(data: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let p = 0; p < h * w; p++) for (let k = 0; k < c; k++) out[(i * c + k) * h * w + p] = data[(i * h * w + p) * c + k];
  return out;
}
