import { voidId } from '#shared/mask/void-id';
import { blur } from './blur.ts';
import type { Geometry } from './geometry.ts';
import { putBetween, rowWriter } from './row-writer.ts';
import { sampleRotated } from './rotation.ts';
import type { DecodedSample } from './decode.ts';

/**
 * Samples an image bilinearly (half-pixel centres) and its label by nearest neighbour, normalises the image and writes both.
 * Beyond the source the image is the mean colour and the label is void.
 * @param image output float32 [height, width, 3]
 * @param labels output ids [height, width], or null
 */
export function samplePair(
  source: DecodedSample,
  geometry: Geometry,
  size: readonly [number, number],
  image: Float32Array,
  labels: Uint8Array | null,
): void {
  const [height, width] = size;
  if (geometry.rotation !== 0) sampleRotated(source, geometry, size, image, labels);
  else sampleStraight(source, geometry, size, image, labels);
  if (geometry.blur > 0) blur(image, height, width, geometry.blur);
}

function sampleStraight(
  source: DecodedSample,
  geometry: Geometry,
  size: readonly [number, number],
  image: Float32Array,
  labels: Uint8Array | null,
): void {
  const [height, width] = size;
  const columns = axisSamples(width, geometry.left, geometry.width, source.width, geometry.flipHorizontal, geometry.labelOffset);
  const rows = axisSamples(height, geometry.top, geometry.height, source.height, geometry.flipVertical, geometry.labelOffset);
  const write = rowWriter(geometry, width, image);
  const line = new Uint8Array(width * 3);
  const [from, end] = [columns.nearest.findIndex(within), columns.nearest.findLastIndex(within) + 1];
  for (let y = 0; y < height; y++) {
    const isWithin = from >= 0 && within(rows.nearest[y]);
    if (isWithin) sampleRow(source, y, rows, columns, from, end, line);
    write(line, isWithin ? from : 0, isWithin ? end : 0, y * width * 3);
  }
  if (labels && source.labels) sampleLabels(source.labels, source.width, rows, columns, labels);
}

/** Whether a nearest index is one of the source. */
const within = (nearest: number): boolean => nearest >= 0;

interface AxisSamples {
  low: Int32Array;
  high: Int32Array;
  weight: Float64Array;
  /** Nearest source index, -1 beyond the source. */
  nearest: Int32Array;
}

function axisSamples(count: number, start: number, length: number, available: number, flip: boolean, labelOffset: number): AxisSamples {
  const scale = length / count;
  const samples = {
    low: new Int32Array(count),
    high: new Int32Array(count),
    weight: new Float64Array(count),
    nearest: new Int32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const k = flip ? count - 1 - i : i;
    const centre = start + (k + 0.5) * scale - 0.5;
    const clamped = Math.min(Math.max(centre, 0), available - 1);
    samples.low[i] = Math.floor(clamped);
    samples.high[i] = Math.min(samples.low[i] + 1, available - 1);
    samples.weight[i] = clamped - samples.low[i];
    const nearest = Math.floor(start + (k + labelOffset) * scale);
    samples.nearest[i] = nearest < 0 || nearest >= available ? -1 : nearest;
  }
  return samples;
}

/** Puts the bytes of a row's pixels from … end into `line`. */
function sampleRow(
  { pixels, width }: DecodedSample,
  y: number,
  rows: AxisSamples,
  columns: AxisSamples,
  from: number,
  end: number,
  line: Uint8Array,
): void {
  const top = rows.low[y] * width;
  const bottom = rows.high[y] * width;
  const v = rows.weight[y];
  for (let x = from; x < end; x++) {
    const left = columns.low[x];
    const right = columns.high[x];
    const h = columns.weight[x];
    putBetween(pixels, (top + left) * 3, (top + right) * 3, (bottom + left) * 3, (bottom + right) * 3, h, v, line, x * 3);
  }
}

function sampleLabels(source: Uint8Array, sourceWidth: number, rows: AxisSamples, columns: AxisSamples, out: Uint8Array): void {
  let to = 0;
  for (const row of rows.nearest) {
    for (const column of columns.nearest) out[to++] = row < 0 || column < 0 ? voidId : source[row * sourceWidth + column];
  }
}
