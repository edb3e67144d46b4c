// The tape's ops in ONNX. Rank-4 values are NHWC on the tape and NCHW here; others are the same in both.
import type { Node, Traced } from '../tensor/tape.ts';
import type { GraphBuilder } from './graph-builder.ts';

type OpOf<K extends Traced['op']> = Extract<Traced, { op: K }>;

function resize(graph: GraphBuilder, input: string, [height, width]: readonly [number, number]): string {
  return graph.add('Resize', [input, '', '', graph.integers([height, width])], {
    mode: { s: 'linear' },
    coordinate_transformation_mode: { s: 'half_pixel' },
    axes: { ints: [2, 3] },
  });
}

function conv(
  graph: GraphBuilder,
  input: string,
  filter: string,
  { stride, padding, dilation }: Pick<OpOf<'conv'>, 'stride' | 'padding' | 'dilation'>,
): string {
  const [v, h] = padding;
  return graph.add('Conv', [input, filter], {
    strides: { ints: stride },
    pads: { ints: [v, h, v, h] },
    dilations: { ints: [dilation, dilation] },
  });
}

/** Values of a vector parameter spread over the channels of an NCHW value. */
function overChannels(graph: GraphBuilder, vector: string): string {
  return graph.add('Unsqueeze', [vector, graph.integers([1, 2])]);
}

/**
 * [batch, height, width, channels] to [batch, height * width, channels] or back: the only reshapes there are.
 * @throws Error if it is another one
 */
function reshape(graph: GraphBuilder, from: Node, to: Node): string {
  const name = graph.nameOf(from);
  const merged = (four: number[], three: number[]) => four[1] * four[2] === three[1] && four[3] === three[2];
  if (from.shape.length === 4 && to.shape.length === 3 && merged(from.shape, to.shape)) {
    const flat = graph.add('Reshape', [name, graph.integers([0, from.shape[3], -1])]);
    return graph.add('Transpose', [flat], { perm: { ints: [0, 2, 1] } });
  }
  if (from.shape.length === 3 && to.shape.length === 4 && merged(to.shape, from.shape)) {
    const channelsFirst = graph.add('Transpose', [name], { perm: { ints: [0, 2, 1] } });
    return graph.add('Reshape', [channelsFirst, graph.integers([0, to.shape[3], to.shape[1], to.shape[2]])]);
  }
  throw new Error(`a reshape from [${from.shape.join(', ')}] to [${to.shape.join(', ')}] has no form in ONNX here`);
}

/** Residuals to the codewords summed by soft assignment: the same two matrix products as the layer's. */
function encoding(graph: GraphBuilder, [x, codewords, scale]: string[]): string {
  const sum = (value: string, axis: number, keep: 0 | 1) =>
    graph.add('ReduceSum', [value, graph.integers([axis])], { keepdims: { i: keep } });
  const products = graph.add('MatMul', [x, graph.add('Transpose', [codewords], { perm: { ints: [1, 0] } })]);
  const squares = graph.add('Sub', [sum(graph.add('Mul', [x, x]), 2, 1), graph.add('Mul', [products, graph.scalar(2)])]);
  const distances = graph.add('Add', [squares, sum(graph.add('Mul', [codewords, codewords]), 1, 0)]);
  const assignment = graph.add('Softmax', [graph.add('Mul', [distances, scale])], { axis: { i: 2 } });
  const mass = graph.add('Unsqueeze', [sum(assignment, 1, 0), graph.integers([2])]);
  const aggregated = graph.add('MatMul', [graph.add('Transpose', [assignment], { perm: { ints: [0, 2, 1] } }), x]);
  return graph.add('Sub', [aggregated, graph.add('Mul', [mass, codewords])]);
}

function attention(graph: GraphBuilder, [x, gain]: string[]): string {
  const factor = graph.add('Add', [graph.add('Unsqueeze', [gain, graph.integers([2, 3])]), graph.scalar(1)]);
  return graph.add('Relu', [graph.add('Mul', [x, factor])]);
}

/** Writes one op of the tape into the graph. @param statisticsOf names the running mean and variance of a batch norm */
export function translate(graph: GraphBuilder, step: Traced, statisticsOf: (step: OpOf<'batch-norm'>) => string[]): void {
  const inputs = step.inputs.map((input) => graph.nameOf(input));
  const output = (): string => {
    switch (step.op) {
      case 'conv':
        return conv(graph, inputs[0], inputs[1], step);
      case 'upsampled-conv': {
        const half = (step.inputs[1].shape[0] - 1) / 2;
        return conv(graph, resize(graph, inputs[0], step.size), inputs[1], { stride: [1, 1], padding: [half, half], dilation: 1 });
      }
      case 'batch-norm':
        return graph.add('BatchNormalization', [...inputs, ...statisticsOf(step)], { epsilon: { f: step.epsilon } });
      case 'max-pool':
        return graph.add('MaxPool', inputs, {
          kernel_shape: { ints: [step.size, step.size] },
          strides: { ints: [step.stride, step.stride] },
          pads: { ints: [step.padding, step.padding, step.padding, step.padding] },
        });
      case 'resize':
        return resize(graph, inputs[0], step.size);
      case 'mean':
        return graph.add('ReduceMean', [inputs[0], graph.integers([step.axis])], { keepdims: { i: 0 } });
      case 'bias':
        return graph.add('Add', [inputs[0], step.output.shape.length === 4 ? overChannels(graph, inputs[1]) : inputs[1]]);
      case 'relu':
        return graph.add('Relu', inputs);
      case 'add':
        return graph.add('Add', inputs);
      case 'concat':
        return graph.add('Concat', inputs, { axis: { i: 1 } });
      case 'linear':
        return graph.add('Add', [graph.add('MatMul', inputs.slice(0, 2)), inputs[2]]);
      case 'sigmoid':
        return graph.add('Sigmoid', inputs);
      case 'reshape':
        return reshape(graph, step.inputs[0], step.output);
      case 'swap-axes':
        return graph.add('Transpose', inputs, { perm: { ints: [0, 2, 1] } });
      case 'transpose':
        return graph.add('Transpose', inputs, { perm: { ints: [1, 0] } });
      case 'attention':
        return attention(graph, inputs);
      case 'encoding':
        return encoding(graph, inputs);
    }
  };
  graph.name(step.output, output());
}
