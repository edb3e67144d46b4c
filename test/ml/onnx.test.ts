// ONNX files of ours in onnxruntime, against our own network.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { toNchw, toNhwc } from '../golden-runner/fill.ts';
import { EncNet } from '#ml/models/encnet';
import { exportOnnx } from '#ml/onnx/export-onnx';
import { liveHandles, tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import { argMax } from '#ml/train/train-step';
import { referenceModel, type ModelConfig } from '#shared/training/model-config';
import { Random } from '#shared/random';
import { findPreset } from '#shared/training/presets';

const nets: EncNet[] = [];
afterAll(() => nets.forEach((net) => net.dispose()));

/** Random weights with running statistics that are not trivial. */
function network(model: ModelConfig, classes: number): EncNet {
  const net = new EncNet(model, classes, 3);
  const random = Random.named('statistics', 1);
  net.parameters.load(
    new Map(
      [...net.parameters.toStateDict()].map(([name, tensor]) => {
        const spread = /running_mean$/.test(name) ? [-0.1, 0.1] : /running_var$|bn\d\.weight$/.test(name) ? [0.5, 1.5] : null;
        return [name, spread ? { ...tensor, data: tensor.data.map(() => random.between(spread[0], spread[1])) } : tensor];
      }),
    ),
  );
  nets.push(net);
  return net;
}

const { config: light } = findPreset('light');
const { config: paper } = findPreset('paper');
const cases: [string, ModelConfig, number, [number, number]][] = [
  ['the reference', { ...referenceModel, width: 16, headChannels: 32 }, 33, [64, 96]],
  [
    'the reference with lateral connections',
    { ...referenceModel, backbone: 'resnet18', width: 16, headChannels: 32, addLateral: true },
    12,
    [48, 64],
  ],
  ['light', { ...light.model, width: 16 }, 11, [72, 96]],
  ['light without logits refined by the stem', { ...light.model, width: 16, fineChannels: 0 }, 11, [72, 96]],
  [
    'paper, with lateral connections and both SE losses',
    { ...paper.model, width: 16, headChannels: 32, addLateral: true, seAtStage3: true },
    11,
    [64, 64],
  ],
  ['the reference at a size that is no multiple of 8', { ...referenceModel, width: 16, headChannels: 32 }, 5, [61, 99]],
  ['light at odd sizes', { ...light.model, width: 16 }, 11, [75, 101]],
  ['the same without refined logits', { ...light.model, width: 16, fineChannels: 0 }, 11, [75, 101]],
  ['paper at a small size', { ...paper.model, width: 16, headChannels: 32, addLateral: true, seAtStage3: true }, 11, [37, 50]],
];

describe.each(cases)('%s', (_, model, classes, [height, width]) => {
  test('gives the same logits and classes in onnxruntime, batch by batch', async () => {
    const net = network(model, classes);
    const { tensors } = liveHandles();
    const session = await InferenceSession.create(exportOnnx(net, [height, width]));
    expect(liveHandles().tensors).toBe(tensors);
    const random = Random.named('images', 2);
    const images = Float32Array.from({ length: 2 * height * width * 3 }, () => random.normal());
    const tape = new Tape({ training: false, recording: false });
    const ours = net.forward(tape, tape.constant(tf.tensor(images, [2, height, width, 3])));
    const theirs = await session.run({ images: new Tensor('float32', toNchw(images, [2, height, width, 3]), [2, 3, height, width]) });
    const logits = toNhwc(theirs.logits.data as Float32Array, [2, classes, height, width]);
    const expected = ours.logits.value.dataSync<'float32'>();
    const rms = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
    expect(Math.max(...chunks(logits, expected)) / rms).toBeLessThan(1e-3);
    const labels = Array.from(theirs.labels.data as BigInt64Array, Number);
    const classesOfOurs = argMax(ours.logits.value);
    expect(labels.filter((label, pixel) => label !== classesOfOurs[pixel]).length / labels.length).toBeLessThan(1e-3);
    expect(theirs.se_logits.dims).toEqual([2, classes]);
    tape.dispose();
  });
});

/** Largest difference of each thousand values. */
function chunks(a: Float32Array, b: Float32Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < b.length; i++) out[Math.floor(i / 1000)] = Math.max(out[Math.floor(i / 1000)] ?? 0, Math.abs(a[i] - b[i]));
  return out;
}
