// What backbones and whole networks are compared by: probes of gradients, statistics and values.
import type { Parameter, Parameters } from '#ml/layers/parameters';
import { tf, type Tensor } from '#ml/tensor/runtime';
import { toTorchLayout } from '#ml/weights/layout';
import { streamValues, toNchw, toNhwc } from './fill.ts';
import { norm, type Probe, type Report } from './report.ts';

export type Four = [number, number, number, number];
/** What a list by name holds of a tensor in one state. */
export type State = Pick<Probe, 'l2' | 'values'>;
export type LargeTensor = { shape: number[]; mean: number; std: number } & Probe;

export interface ParameterRow {
  shape: number[];
  indices: number[];
  grad?: State | null;
  [state: string]: unknown;
}

interface StatisticsState {
  mean: State;
  var: State;
}

export interface StatisticsRow {
  indices: number[];
  after?: StatisticsState;
  after_two_forward_passes?: StatisticsState;
}

/** How far two float32 runs of the reference strayed from its float64 values, by quantity. */
export type Noise = Record<string, Record<string, number>>;

/** Ten times the reference's own float32 noise is allowed where that is more than the usual tolerance. */
export const allowing = (noise: Noise | undefined, path: string, figure: string, usual: number): number =>
  Math.max(usual, 10 * (noise?.[path]?.[figure] ?? 0));

const size = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);
export const nchw = (tensor: Tensor): Float32Array =>
  tensor.shape.length === 4 ? toNchw(tensor.dataSync<'float32'>(), tensor.shape) : tensor.dataSync<'float32'>().slice();

export function filledInput(shape: readonly number[], seed: number): Tensor {
  const [n, c, h, w] = shape;
  return tf.tensor(
    toNhwc(
      streamValues('input', seed, size(shape), (u) => 2 * (2 * u - 1)),
      shape,
    ),
    [n, h, w, c],
    'float32',
  );
}

/** Gradients of a whole network stray by ReLUs near zero: norms within 1e-2, their median within 1e-3, 19 in 20 values within 0.05 rms. */
export function compareGradients(report: Report, gradients: Map<Parameter, Tensor>, expected: Record<string, ParameterRow>): void {
  const norms: number[] = [];
  const values: number[] = [];
  const seen = new Set<string>();
  for (const [parameter, gradient] of gradients) {
    const row = expected[parameter.name];
    const state = row?.grad;
    const data = toTorchLayout(gradient, parameter.torchShape);
    seen.add(parameter.name);
    if (!state) continue;
    if (parameter.name.endsWith('cls_seg.0.bias'))
      report.absolute('gradient that is zero: cls_seg.0.bias', data, new Float32Array(data.length), 1e-6);
    else {
      report.relative('gradients: l2', norm(data), state.l2, 1e-2);
      norms.push(Math.abs(norm(data) - state.l2) / state.l2);
      const rms = state.l2 / Math.sqrt(data.length);
      row.indices.forEach((index, i) => values.push(Math.abs(data[index] - state.values[i]) / rms));
    }
  }
  const missing = Object.entries(expected).filter(([name, row]) => row.grad && !seen.has(name));
  report.absolute('parameters without a gradient', [missing.length], [0], 0);
  const at = (sorted: number[], share: number) => sorted.sort((a, b) => a - b)[Math.floor(share * (sorted.length - 1))] ?? 0;
  report.absolute('gradients: median of l2', [at(norms, 0.5)], [0], 1e-3);
  report.absolute('gradients: values, 19 in 20', [at(values, 0.95)], [0], 0.05);
}

/** Running statistics of every batch norm in one state of the file. */
export function compareStatistics(
  report: Report,
  quantity: string,
  parameters: Parameters,
  expected: Record<string, StatisticsRow>,
  state: 'after' | 'after_two_forward_passes',
  tolerances: { values: number; norm: number },
): void {
  for (const [layer, row] of Object.entries(expected)) {
    const after = row[state];
    if (!after) continue;
    for (const [name, values] of [
      ['running_mean', after.mean],
      ['running_var', after.var],
    ] as const) {
      const parameter = parameters.get(`${layer}.${name}`);
      if (!parameter) report.absolute('batch norms that are not there', [1], [0], 0);
      else report.probe(quantity, parameter.value.dataSync(), { ...values, indices: row.indices }, tolerances);
    }
  }
}

/** Parameters in one state of the file, by their norm. */
export function compareParameters(
  report: Report,
  quantity: string,
  parameters: readonly Parameter[],
  expected: Record<string, ParameterRow>,
  state: string,
  tolerance: number,
): void {
  for (const { name, value } of parameters) {
    const after = expected[name]?.[state] as State | undefined;
    if (after) report.relative(quantity, norm(value.dataSync<'float32'>()), after.l2, tolerance);
  }
}
