import type { ImageDescription } from '#shared/assist/messages';
import type { Sample } from '#shared/data/sample';
import type { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape } from '../tensor/tape.ts';
import { adjusted } from '../train/predict.ts';

const whole = { kind: 'whole', flipHorizontal: false, flipVertical: false } as const;

/** More than that is looked at smaller: the network's memory grows with it, and a proposal need not be sharper than a hand corrects it. */
const mostPixels = 1e6;

function asIs(width: number, height: number): [number, number] {
  const scale = Math.min(1, Math.sqrt(mostPixels / (width * height)));
  return [Math.max(8, Math.round(height * scale)), Math.max(8, Math.round(width * scale))];
}

/** A map without its batch. */
function mapOf(tensor: Tensor): { width: number; height: number; channels: number; values: Float32Array } {
  const [, height, width, channels] = tensor.shape as [number, number, number, number];
  return { width, height, channels, values: tensor.dataSync() as Float32Array };
}

/**
 * Looks at an image once, at the size that the network was evaluated at.
 * @param inputSize [height, width] that the network sees; null takes the image as it is, or smaller
 * @param temperature that the logits are divided by
 * @throws AppError if the image cannot be read
 */
export async function describeImage(
  net: EncNet,
  pool: SamplePool,
  sample: Sample,
  inputSize: readonly [number, number] | null,
  temperature: number,
): Promise<Omit<ImageDescription, 'classes'>> {
  const { width, height } = await pool.get(sample);
  const size = inputSize ?? asIs(width, height);
  const { image } = await pool.render(sample, whole, size);
  const images = tf.tensor(image, [1, ...size, 3], 'float32');
  const tape = new Tape({ training: false, recording: false, fold: true, precision: net.precision });
  try {
    const { features, logits } = net.describe(tape, tape.constant(images));
    const sure = adjusted(logits.value, { temperature });
    try {
      return { width, height, logits: mapOf(sure), features: mapOf(features.value) };
    } finally {
      sure.dispose();
    }
  } finally {
    tape.dispose();
    images.dispose();
  }
}
