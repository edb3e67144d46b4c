import { voidId } from '#shared/mask/void-id';
import { blur } from './blur.ts';
import type { Geometry } from './geometry.ts';
import { between, pixelWriter, type PixelWriter } from './pixel-writer.ts';
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
  const write = pixelWriter(geometry, image);
  for (let y = 0; y < height; y++) sampleRow(source, y, width, rows, columns, write, image);
  if (labels && source.labels) sampleLabels(source.labels, source.width, rows, columns, labels);
}

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

function sampleRow(
  source: DecodedSample,
  y: number,
  width: number,
  rows: AxisSamples,
  columns: AxisSamples,
  write: PixelWriter,
  out: Float32Array,
): void {
  let to = y * width * 3;
  if (rows.nearest[y] < 0) {
    out.fill(0, to, to + width * 3);
    return;
  }
  const { pixels } = source;
  const top = rows.low[y] * source.width;
  const bottom = rows.high[y] * source.width;
  const v = rows.weight[y];
  for (let x = 0; x < width; x++, to += 3) {
    if (columns.nearest[x] < 0) {
      out.fill(0, to, to + 3);
      continue;
    }
    const h = columns.weight[x];
    const a = (top + columns.low[x]) * 3;
    const b = (top + columns.high[x]) * 3;
    const c = (bottom + columns.low[x]) * 3;
    const d = (bottom + columns.high[x]) * 3;
    write(
      to,
      between(pixels[a], pixels[b], pixels[c], pixels[d], h, v),
      between(pixels[a + 1], pixels[b + 1], pixels[c + 1], pixels[d + 1], h, v),
      between(pixels[a + 2], pixels[b + 2], pixels[c + 2], pixels[d + 2], h, v),
    );
  }
}

function sampleLabels(source: Uint8Array, sourceWidth: number, rows: AxisSamples, columns: AxisSamples, out: Uint8Array): void {
  let to = 0;
  for (const row of rows.nearest) {
    for (const column of columns.nearest) out[to++] = row < 0 || column < 0 ? voidId : source[row * sourceWidth + column];
  }
}
