import type { GridMap } from '#shared/assist/grid-map';
import { Random } from '#shared/random';

/** Numbers that are kept of each cell: more tell no more of what belongs together, and cost a hand its time. */
const kept = 8;
/** Every so many cells are looked at for the directions in which they vary. */
const every = 5;
/** Of the power iteration: by then the directions no longer turn. */
const rounds = 15;

/**
 * What a network sees at each cell, in few numbers: its features along their principal directions.
 * @param features float32 [height, width, channels]
 * @returns float32 [height, width, at most 8]; the squared distance of two cells is 1 on average
 */
export function traitsOf(features: GridMap): GridMap {
  const { width, height, channels } = features;
  const mean = meanOf(features);
  const directions = principal(covariance(features, mean), channels);
  const values = new Float32Array(width * height * directions.length);
  let squares = 0;
  for (let cell = 0, out = 0; cell < width * height; cell++)
    for (const direction of directions) {
      let sum = 0;
      for (let k = 0, at = cell * channels; k < channels; k++) sum += direction[k] * (features.values[at + k] - mean[k]);
      values[out++] = sum;
      squares += sum * sum;
    }
  // Two cells are apart by twice the variance, squared, on average.
  const scale = squares > 0 ? 1 / Math.sqrt((2 * squares) / (width * height)) : 0;
  for (let i = 0; i < values.length; i++) values[i] *= scale;
  return { width, height, channels: directions.length, values };
}

function meanOf({ width, height, channels, values }: GridMap): Float64Array {
  const mean = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) mean[i % channels] += values[i];
  return mean.map((sum) => sum / (width * height));
}

/** float64 [channels, channels], but for a factor. */
function covariance({ channels, values }: GridMap, mean: Float64Array): Float64Array {
  const products = new Float64Array(channels * channels);
  const apart = new Float64Array(channels);
  for (let at = 0; at < values.length; at += channels * every) {
    for (let k = 0; k < channels; k++) apart[k] = values[at + k] - mean[k];
    for (let i = 0; i < channels; i++) for (let j = i; j < channels; j++) products[i * channels + j] += apart[i] * apart[j];
  }
  for (let i = 0; i < channels; i++) for (let j = 0; j < i; j++) products[i * channels + j] = products[j * channels + i];
  return products;
}

/** The directions along which a symmetric matrix is largest, by orthogonal iteration; fewer where it has no more. */
function principal(matrix: Float64Array, channels: number): Float64Array[] {
  const random = Random.named('traits', 1);
  const begin = Array.from({ length: Math.min(kept, channels) }, () =>
    Float64Array.from({ length: channels }, () => random.between(-1, 1)),
  );
  let directions = orthonormal(begin);
  for (let round = 0; round < rounds; round++) directions = orthonormal(directions.map((direction) => product(matrix, direction)));
  return directions;
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const { length } = vector;
  return vector.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < length; j++) sum += matrix[i * length + j] * vector[j];
    return sum;
  });
}

/** Vectors at right angles and of length 1 (Gram-Schmidt), without those that nothing is left of. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    const whole = lengthOf(vector);
    const rest = vector.slice();
    for (const other of done) {
      let along = 0;
      for (let i = 0; i < rest.length; i++) along += other[i] * rest[i];
      for (let i = 0; i < rest.length; i++) rest[i] -= along * other[i];
    }
    const length = lengthOf(rest);
    if (length > whole * 1e-9) done.push(rest.map((value) => value / length));
  }
  return done;
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
