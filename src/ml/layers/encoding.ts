import { assertShape } from '../tensor/assert-shape.ts';
import { tf, type Tensor, type TensorFlow } from '../tensor/runtime.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { leaf } from './leaf.ts';
import type { Parameter, Parameters } from './parameters.ts';

type T3 = TensorFlow.Tensor3D;

/**
 * Encoding layer: softly assigns each pixel to learnt codewords and sums the residuals of each.
 * Distances and sums are matrix products, so the residual tensor [batch, pixels, codes, channels] is never made.
 * Source: Zhang et al., Context Encoding for Semantic Segmentation (CVPR 2018), section 3.1; the reference's Encoding.
 */
export class Encoding {
  private readonly codewords: Parameter;
  private readonly scale: Parameter;

  constructor(parameters: Parameters, name: string, channels: number, numCodes: number) {
    this.codewords = parameters.create(`${name}.codewords`, 'encoding.codewords', [numCodes, channels]);
    this.scale = parameters.create(`${name}.scale`, 'encoding.scale', [numCodes]);
  }

  /**
   * @param features float32 [batch, pixels, channels]
   * @returns float32 [batch, numCodes, channels]
   * @throws ShapeError if channels differs from the codewords'
   */
  forward(tape: Tape, features: Node): Node {
    assertShape('features', features.shape, [null, null, this.codewords.torchShape[1]]);
    const codewords = leaf(tape, this.codewords);
    const scale = leaf(tape, this.scale);
    const { encoded, distances, assignment } = encode(features.value, codewords.value, scale.value);
    const node = tape.float32Op(
      [features, codewords, scale],
      encoded,
      (dy) => encodeGradient(dy, features.value, codewords.value, scale.value, distances, assignment),
      { keep: [features], saved: [distances, assignment] },
    );
    tape.record({ op: 'encoding', inputs: [features, codewords, scale], output: node });
    return node;
  }
}

/** Shares one matrix [rows, columns] over the batch. */
const tile = (matrix: Tensor, batch: number): T3 =>
  tf.broadcastTo<TensorFlow.Rank.R3>(tf.expandDims(matrix, 0), [batch, matrix.shape[0], matrix.shape[1]!]);

/**
 * @returns encoded [batch, codes, channels]; squared distances and assignment weights [batch, pixels, codes]
 */
export function encode(x: Tensor, codewords: Tensor, scale: Tensor): { encoded: Tensor; distances: Tensor; assignment: Tensor } {
  const [encoded, distances, assignment] = tf.tidy(() => {
    const codes = tile(codewords, x.shape[0]);
    const products = tf.matMul(x, codes, false, true);
    const distances = tf.add(tf.sub(tf.sum(tf.square(x), 2, true), tf.mul(products, 2)), tf.sum(tf.square(codewords), 1));
    const assignment = tf.softmax<T3>(tf.mul(distances, scale));
    const mass = tf.expandDims(tf.sum(assignment, 1), 2);
    const encoded = tf.sub(tf.matMul(assignment, x as T3, true, false), tf.mul(mass, codes));
    return [encoded, distances, assignment];
  });
  return { encoded, distances, assignment };
}

/** Gradients to x, codewords and scale, from that of the encoded residuals [batch, codes, channels]. */
function encodeGradient(dy: Tensor, x: Tensor, codewords: Tensor, scale: Tensor, distances: Tensor, assignment: Tensor): Tensor[] {
  return tf.tidy(() => {
    const codes = tile(codewords, x.shape[0]);
    const mass = tf.expandDims(tf.sum(assignment, 1), 2);
    const dAssignment = tf.sub(tf.matMul(x as T3, dy as T3, false, true), tf.expandDims(tf.sum(tf.mul(codes, dy), 2), 1));
    // Centred twice: where one code takes a pixel wholly, once leaves rounding that the distances then magnify.
    const centre = (x: Tensor): Tensor => tf.sub(x, tf.sum(tf.mul(assignment, x), 2, true));
    const centred = centre(centre(dAssignment));
    const dLogits = tf.mul(assignment, centred);
    const dScale = tf.sum(tf.mul(dLogits, distances), [0, 1]);
    const dDistances = tf.mul<T3>(dLogits, scale);
    const dx = tf.addN([
      tf.matMul(assignment as T3, dy as T3),
      tf.mul(tf.mul(x, tf.sum(dDistances, 2, true)), 2),
      tf.mul(tf.matMul(dDistances, codes), -2),
    ]);
    const dCodewords = tf.sub(
      tf.mul(tf.sub(tf.mul(codes, tf.expandDims(tf.sum(dDistances, 1), 2)), tf.matMul(dDistances, x as T3, true, false)), 2),
      tf.mul(mass, dy),
    );
    return [dx, tf.sum(dCodewords, 0), dScale];
  });
}
