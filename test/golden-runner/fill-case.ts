import { fnv1a, Random } from '#shared/random';
import { referenceModel } from '#shared/training/model-config';
import type { TensorKind } from '#ml/layers/parameters';
import { EncNet } from '#ml/models/encnet';
import { boardLabels, fillRule, streamValues } from './fill.ts';
import { norm, type Report } from './report.ts';

interface TensorRow {
  name: string;
  kind: string;
  shape: number[];
  first: number[];
  last: number[];
  l2: number;
}

export interface FillFile {
  streams: { name: string; case_seed: number; fnv1a: number; u: number[] }[];
  tensors: TensorRow[];
  state_dict_order: { name: string; shape: number[]; kind: string }[];
  labels_2x16x16_33_classes_seed_1: number[][][];
  trainable_parameters: Record<'resnet50' | 'resnet50_lateral', number>;
}

const size = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);
const caseSeed = 1;
/** Tensors of the reference that take no part in its result and that we do not hold. */
const unused = (name: string): boolean => name.startsWith('backbone.fc.') || name.endsWith('num_batches_tracked');
const unusedFc = 2048 * 1000 + 1000;

export function fillFile(report: Report, golden: FillFile): void {
  for (const { name, case_seed: seed, fnv1a: hash, u } of golden.streams) {
    report.absolute('stream hashes', [fnv1a(name)], [hash], 0);
    const random = Random.named(name, seed);
    report.absolute(
      'stream values',
      u.map(() => random.next()),
      u,
      1e-9,
    );
  }
  const net = new EncNet({ ...referenceModel, addLateral: true }, 33, 0);
  const parameters = net.parameters.all();
  const ours = new Map(parameters.map(({ name, torchShape, kind }) => [name, `${kind} ${torchShape.join('x')}`]));
  const theirs = golden.state_dict_order.filter(({ name }) => !unused(name));
  report.absolute(
    'state dict: tensors that differ',
    [
      theirs.filter(({ name, kind, shape }) => ours.get(name) !== `${kind} ${shape.join('x')}`).length +
        Math.abs(theirs.length - ours.size),
    ],
    [0],
    0,
  );
  report.absolute(
    'trainable parameters, with the unused fc',
    [net.parameters.count() + unusedFc],
    [golden.trainable_parameters.resnet50_lateral],
    0,
  );
  const fanIns = new Map(parameters.map(({ name, fanIn }) => [name, fanIn]));
  net.dispose();
  for (const { name, kind, shape, first, last, l2 } of golden.tensors) {
    if (unused(name)) continue;
    const data = streamValues(name, caseSeed, size(shape), fillRule(kind as TensorKind, shape, fanIns.get(name) ?? size(shape.slice(1))));
    report.absolute('filled tensors', [...data.slice(0, first.length), data.at(-1)!], [...first, ...last], 1e-7);
    report.relative('filled tensors: l2', norm(data), l2, 1e-6);
  }
  report.absolute('board labels', boardLabels(caseSeed, 2, 16, 16, 33), golden.labels_2x16x16_33_classes_seed_1.flat(2), 0);
}
