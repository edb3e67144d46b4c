import type { Geometry } from './geometry.ts';

/** ImageNet's mean and standard deviation, RGB, of values 0 … 1. */
const imageNetMean = [0.485, 0.456, 0.406] as const;
const imageNetStd = [0.229, 0.224, 0.225] as const;

/** Weights of red, green and blue in a pixel's grey (BT.601). */
const luma = [0.299, 0.587, 0.114] as const;
const middleGrey = 127.5;

type Matrix = readonly (readonly number[])[];

/** RGB to luma and two colour differences, and back (YIQ): turning the two turns the hue. */
const toYiq: Matrix = [luma, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]];
const fromYiq: Matrix = [
  [1, 0.9563, 0.621],
  [1, -0.2721, -0.6474],
  [1, -1.107, 1.7046],
];

const multiply = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0].map((_, column) => row.reduce((sum, value, k) => sum + value * b[k][column], 0)));

/** Whether colours change by more than a factor of brightness. */
export const changesColour = ({ contrast, saturation, hue }: Geometry): boolean => contrast !== 1 || saturation !== 1 || hue !== 0;

/**
 * Changes colours of bytes: out = matrix * rgb + offset, for brightness, contrast, saturation and hue together.
 * @returns matrix [3][3] and offset in byte units
 */
export function colourChange({ brightness, contrast, saturation, hue }: Geometry): { matrix: number[][]; offset: number } {
  const [cos, sin] = [Math.cos(2 * Math.PI * hue), Math.sin(2 * Math.PI * hue)];
  const turn: Matrix = [
    [1, 0, 0],
    [0, cos * saturation, -sin * saturation],
    [0, sin * saturation, cos * saturation],
  ];
  const turned = multiply(fromYiq, multiply(turn, toYiq));
  return { matrix: turned.map((row) => row.map((value) => value * brightness * contrast)), offset: middleGrey * (1 - contrast) };
}

/** Normalised value of every byte, a channel after the other. */
export function normalisation(brightness: number): Float32Array {
  return Float32Array.from({ length: 768 }, (_, i) => {
    const channel = i >> 8;
    return (Math.min(255, (i & 255) * brightness) / 255 - imageNetMean[channel]) / imageNetStd[channel];
  });
}

/** Normalises a byte value that may have a fraction or lie beyond 0 … 255, which is cut off. */
export const normalise = (value: number, channel: number): number =>
  (Math.min(255, Math.max(0, value)) / 255 - imageNetMean[channel]) / imageNetStd[channel];
