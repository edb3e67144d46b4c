import type { Node } from '../tensor/tape.ts';
import type { AttributeValue, OnnxNode, OnnxTensor } from './proto.ts';

/** Collects the nodes and constants of an ONNX graph; values are known by the tape's nodes. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly names = new Map<Node, string>();
  private readonly constants = new Set<string>();
  private count = 0;

  /** Gives a value of the tape the name it has in the graph. */
  name(value: Node, name: string): void {
    this.names.set(value, name);
  }

  /** @throws Error if the value is neither an input, a parameter nor an op's output */
  nameOf(value: Node): string {
    const name = this.names.get(value);
    if (name === undefined) throw new Error(`a value of shape [${value.shape.join(', ')}] has no name in the ONNX graph`);
    return name;
  }

  constant(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    if (!this.constants.has(name)) this.tensors.push({ name, shape, data });
    this.constants.add(name);
    return name;
  }

  integers(values: readonly number[]): string {
    return this.constant(`ints_${values.join('_').replaceAll('-', 'm')}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  scalar(value: number): string {
    return this.constant(`float_${value}`, [], Float32Array.of(value));
  }

  /** Adds an op with one output. @returns the output's name */
  add(
    type: string,
    inputs: string[],
    attributes: Record<string, AttributeValue> = {},
    output = `${type.toLowerCase()}_${++this.count}`,
  ): string {
    this.nodes.push({ type, inputs, outputs: [output], attributes });
    return output;
  }
}
