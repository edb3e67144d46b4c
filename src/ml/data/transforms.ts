import { type Random } from '#shared/random';
import { voidId } from '#shared/mask/void-id';
import type { DataConfig } from '#shared/training/run-config';
import type { DecodedSample } from './sample-store.ts';

/** ImageNet's mean and standard deviation, RGB, of values 0 … 1. */
export const imageNetMean = [0.485, 0.456, 0.406] as const;
export const imageNetStd = [0.229, 0.224, 0.225] as const;

/** Where an output image comes from: a rectangle of the source, which may reach beyond it, and flips. */
export interface Geometry {
  /** Left, top, width and height in source pixels. */
  left: number;
  top: number;
  width: number;
  height: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  /** Position in an output pixel whose source pixel gives the label: 0 as albumentations' resize, 0.5 its centre. */
  labelOffset: 0 | 0.5;
  /** Factor on the pixel values. */
  brightness: number;
}

/** The whole image, as plain resizing takes it. */
export function wholeImage(source: { width: number; height: number }): Geometry {
  return { left: 0, top: 0, width: source.width, height: source.height, flipHorizontal: false, flipVertical: false, labelOffset: 0, brightness: 1 };
}

/** Draws the training augmentation of one sample. */
export function drawGeometry(config: DataConfig, source: { width: number; height: number }, random: Random): Geometry {
  const geometry = wholeImage(source);
  if (config.randomScale) {
    const scale = random.between(...config.randomScale);
    geometry.height = config.size[0] / scale;
    geometry.width = config.size[1] / scale;
    geometry.left = place(source.width, geometry.width, random.next());
    geometry.top = place(source.height, geometry.height, random.next());
    geometry.labelOffset = 0.5;
  }
  geometry.flipHorizontal = config.flipHorizontal && random.next() < 0.5;
  geometry.flipVertical = config.flipVertical && random.next() < 0.5;
  geometry.brightness = 1 + config.brightness * (2 * random.next() - 1);
  return geometry;
}

/** A crop lies inside the image where it fits; a larger one holds the whole image. */
const place = (available: number, wanted: number, u: number): number => (available - wanted) * u;

/**
 * Samples an image bilinearly (half-pixel centres) and its label by nearest neighbour, normalises the image and writes both.
 * Beyond the source the image is the mean colour and the label is void.
 * @param image output float32 [height, width, 3]
 * @param labels output ids [height, width], or null
 */
export function samplePair(source: DecodedSample, geometry: Geometry, size: readonly [number, number], image: Float32Array, labels: Uint8Array | null): void {
  const [height, width] = size;
  const columns = axisSamples(width, geometry.left, geometry.width, source.width, geometry.flipHorizontal, geometry.labelOffset);
  const rows = axisSamples(height, geometry.top, geometry.height, source.height, geometry.flipVertical, geometry.labelOffset);
  const table = normalisation(geometry.brightness);
  for (let y = 0; y < height; y++) sampleRow(source, y, width, rows, columns, table, image);
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
  const samples = { low: new Int32Array(count), high: new Int32Array(count), weight: new Float64Array(count), nearest: new Int32Array(count) };
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

/** Normalised value of every byte, a channel after the other. */
function normalisation(brightness: number): Float32Array {
  return Float32Array.from({ length: 768 }, (_, i) => {
    const channel = i >> 8;
    return (Math.min(255, (i & 255) * brightness) / 255 - imageNetMean[channel]) / imageNetStd[channel];
  });
}

function sampleRow(source: DecodedSample, y: number, width: number, rows: AxisSamples, columns: AxisSamples, table: Float32Array, out: Float32Array): void {
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
    for (let channel = 0; channel < 3; channel++) {
      const upper = pixels[a + channel] + (pixels[b + channel] - pixels[a + channel]) * h;
      const lower = pixels[c + channel] + (pixels[d + channel] - pixels[c + channel]) * h;
      // The reference rounds resized images to bytes before it normalises them.
      out[to + channel] = table[(channel << 8) + Math.floor(upper + (lower - upper) * v + 0.5)];
    }
  }
}

function sampleLabels(source: Uint8Array, sourceWidth: number, rows: AxisSamples, columns: AxisSamples, out: Uint8Array): void {
  let to = 0;
  for (const row of rows.nearest) {
    for (const column of columns.nearest) out[to++] = row < 0 || column < 0 ? voidId : source[row * sourceWidth + column];
  }
}
