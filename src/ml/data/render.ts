import { Random } from '#shared/random';
import type { DataConfig } from '#shared/training/run-config';
import type { DecodedSample } from './decode.ts';
import { drawGeometry, wholeImage, type Geometry } from './geometry.ts';
import { samplePair } from './transforms.ts';

/** Which part of an image, and how, becomes a network's input. Plain data, so that it can be sent to a worker. */
export type View =
  /** As training sees it: drawn from the stream of that name. */
  | { kind: 'augmented'; config: DataConfig; stream: string; seed: number }
  /** The whole image, resized. */
  | { kind: 'whole'; flipHorizontal: boolean; flipVertical: boolean }
  /** A rectangle of the image, in its pixels. */
  | { kind: 'window'; left: number; top: number; width: number; height: number; flipHorizontal: boolean };

/** One network input made of a sample. */
export interface Rendered {
  /** float32 [height, width, 3], normalised. */
  image: Float32Array<ArrayBuffer>;
  /** Class ids [height, width], 255 = void. */
  labels: Uint8Array<ArrayBuffer>;
}

function geometryOf(view: View, source: DecodedSample): Geometry {
  if (view.kind === 'augmented') return drawGeometry(view.config, source, Random.named(view.stream, view.seed));
  const { kind: _, ...changes } = view;
  return { ...wholeImage(source), ...changes };
}

/** Makes a network's input of a decoded sample: a pure function of both. @param size [height, width] of the input */
export function render(source: DecodedSample, view: View, [height, width]: readonly [number, number]): Rendered {
  const image = new Float32Array(height * width * 3);
  const labels = new Uint8Array(height * width).fill(255);
  samplePair(source, geometryOf(view, source), [height, width], image, labels);
  return { image, labels };
}
