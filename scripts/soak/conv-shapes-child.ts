// One convolution with its gradients, in a process of its own: node conv-shapes-child.ts SHAPE-AS-JSON own|kernels
import { conv2d } from '../../src/ml/tensor/conv-op.ts';
import * as kernels from '../../src/ml/tensor/conv-kernels.ts';
import { cast } from '../../src/ml/tensor/ops.ts';
import { tf, type Tensor } from '../../src/ml/tensor/runtime.ts';
import { float32Of, Tape } from '../../src/ml/tensor/tape.ts';
import { precisions, type Precision } from '../../src/shared/training/precision.ts';
import type { ConvShape } from './conv-shapes.ts';

const [, , text, path] = process.argv;
const { batch, channels, kernel, stride, out, size } = JSON.parse(text) as ConvShape;
const geometry = { stride: [stride, stride], padding: [(kernel - 1) / 2, (kernel - 1) / 2], dilation: 1 } as const;

/** The gradients of a convolution as layers take them. */
function throughTape(x: Tensor, filter: Tensor, precision: Precision): void {
  const tape = new Tape({ training: true, recording: true, precision });
  const [input, weight] = [tape.constant(x, true), tape.constant(filter, true)];
  const y = cast(tape, conv2d(tape, input, weight, geometry), 'float32');
  tape.backward([[y, tf.onesLike(y.value)]]);
  float32Of(weight.gradient!).dataSync();
  float32Of(input.gradient!).dataSync();
}

// A heap that was damaged is often noticed at a later allocation: it is worked on for a while.
for (let round = 0; round < 4; round++) {
  const x = tf.randomNormal([batch, size, size, channels]);
  const filter = tf.randomNormal([kernel, kernel, channels, out]);
  if (path === 'kernels') {
    const y = kernels.conv2d(x, filter, geometry.stride, geometry.padding);
    kernels.conv2dBackpropFilter(x, filter.shape, y, geometry.stride, geometry.padding).dataSync();
    kernels.conv2dBackpropInput(x.shape, filter, y, geometry.stride, geometry.padding).dataSync();
  } else for (const precision of precisions) throughTape(x, filter, precision);
}
