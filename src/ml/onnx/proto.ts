import protobuf from 'protobufjs';

// The part of the ONNX file format that a network without control flow needs. Source: onnx.proto, IR version 9.
const schema = `
syntax = "proto2";
message Attribute { optional string name = 1; optional float f = 2; optional int64 i = 3;
  optional bytes s = 4; repeated int64 ints = 8; optional int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; optional string name = 3;
  optional string op_type = 4; repeated Attribute attribute = 5; }
message Tensor { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
message Shape { repeated Dimension dim = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message Type { optional TensorType tensor_type = 1; }
message ValueInfo { optional string name = 1; optional Type type = 2; }
message Graph { repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5;
  optional string doc_string = 10; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message OperatorSet { optional string domain = 1; optional int64 version = 2; }
message Entry { optional string key = 1; optional string value = 2; }
message Model { optional int64 ir_version = 1; optional string producer_name = 2; optional Graph graph = 7;
  repeated OperatorSet opset_import = 8; repeated Entry metadata_props = 14; }
`;
const { root } = protobuf.parse(schema, { keepCase: true });
const modelType = root.lookupType('Model');

const elementTypes = { float32: 1, int64: 7 } as const;
const attributeTypes = { f: 1, i: 2, s: 3, ints: 7 } as const;

export type AttributeValue = { f: number } | { i: number } | { s: string } | { ints: readonly number[] };

export interface OnnxNode {
  type: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, AttributeValue>;
}

export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array | BigInt64Array;
}

/** A graph's input or output; a size given as text is free and named so. */
export interface OnnxValue {
  name: string;
  type: keyof typeof elementTypes;
  shape: readonly (number | string)[];
}

export interface OnnxGraph {
  name: string;
  description: string;
  nodes: OnnxNode[];
  tensors: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  metadata: Record<string, string>;
}

const opset = 18;
const irVersion = 9;

function encodeAttribute(name: string, value: AttributeValue): Record<string, unknown> {
  const [[form, content]] = Object.entries(value) as [keyof typeof attributeTypes, unknown][];
  return { name, type: attributeTypes[form], [form]: form === 's' ? Buffer.from(content as string) : content };
}

const encodeValue = ({ name, type, shape }: OnnxValue) => ({
  name,
  type: {
    tensor_type: {
      elem_type: elementTypes[type],
      shape: { dim: shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size })) },
    },
  },
});

/** A graph as the bytes of an .onnx file. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return modelType
    .encode(
      modelType.create({
        ir_version: irVersion,
        producer_name: 'EncNet Workbench',
        opset_import: [{ domain: '', version: opset }],
        metadata_props: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
        graph: {
          name: graph.name,
          doc_string: graph.description,
          node: graph.nodes.map(({ type, inputs, outputs, attributes }) => ({
            name: outputs[0],
            op_type: type,
            input: inputs,
            output: outputs,
            attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
          })),
          initializer: graph.tensors.map(({ name, shape, data }) => ({
            name,
            dims: [...shape],
            data_type: data instanceof Float32Array ? elementTypes.float32 : elementTypes.int64,
            raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
          })),
          input: graph.inputs.map(encodeValue),
          output: graph.outputs.map(encodeValue),
        },
      }),
    )
    .finish();
}
