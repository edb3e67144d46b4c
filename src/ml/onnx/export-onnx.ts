import { leavesOf } from '../layers/leaf.ts';
import type { EncNet } from '../models/encnet.ts';
import { tf } from '../tensor/runtime.ts';
import { Tape, type Traced } from '../tensor/tape.ts';
import { toTorchLayout } from '../weights/layout.ts';
import { GraphBuilder } from './graph-builder.ts';
import { encodeOnnx } from './proto.ts';
import { translate } from './translate.ts';

const description =
  "EncNet in evaluation mode. images: RGB, normalised with ImageNet's mean and standard deviation. " +
  'logits: of the size of images. labels: the class id of each pixel.';

/**
 * Writes a network down as an ONNX model: one forward pass is traced, so whatever the network does is in it.
 * @param size [height, width] of the images; the batch is free
 * @returns bytes of an .onnx file with input `images` float32 [batch, 3, height, width] and outputs `logits` float32
 *   [batch, classes, height, width], `labels` int64 [batch, height, width] and `se_logits` float32 [batch, classes]
 */
export function exportOnnx(net: EncNet, [height, width]: readonly [number, number], metadata: Record<string, string> = {}): Uint8Array {
  const steps: Traced[] = [];
  const tape = new Tape({ training: false, recording: false, trace: (step) => steps.push(step) });
  const given = tf.zeros([1, height, width, 3]);
  const images = tape.constant(given);
  const { logits, seLogits } = net.forward(tape, images);
  const graph = new GraphBuilder();
  graph.name(images, 'images');
  for (const [{ name, torchShape, value }, node] of leavesOf(tape)) {
    graph.name(node, graph.constant(name, torchShape, toTorchLayout(value, torchShape)));
  }
  const statistics = new Map(net.parameters.all().map((parameter) => [parameter.value, parameter]));
  for (const step of steps) {
    translate(graph, step, (norm) =>
      norm.statistics.map((tensor) => {
        const { name, torchShape, value } = statistics.get(tensor)!;
        return graph.constant(name, torchShape, toTorchLayout(value, torchShape));
      }),
    );
  }
  graph.add('Identity', [graph.nameOf(logits)], {}, 'logits');
  graph.add('ArgMax', [graph.nameOf(logits)], { axis: { i: 1 }, keepdims: { i: 0 } }, 'labels');
  graph.add('Identity', [graph.nameOf(seLogits)], {}, 'se_logits');
  tape.dispose();
  given.dispose();
  return encodeOnnx({
    name: 'encnet',
    description,
    metadata,
    nodes: graph.nodes,
    tensors: graph.tensors,
    inputs: [{ name: 'images', type: 'float32', shape: ['batch', 3, height, width] }],
    outputs: [
      { name: 'logits', type: 'float32', shape: ['batch', net.numClasses, height, width] },
      { name: 'labels', type: 'int64', shape: ['batch', height, width] },
      { name: 'se_logits', type: 'float32', shape: ['batch', net.numClasses] },
    ],
  });
}
