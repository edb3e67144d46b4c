import type { Random } from '#shared/random';
import type { DataConfig } from '#shared/training/run-config';

/** Where an output image comes from: a rectangle of the source, which may reach beyond it, rotation, flips and colours. */
export interface Geometry {
  /** Left, top, width and height in source pixels. */
  left: number;
  top: number;
  width: number;
  height: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  /** Position in an output pixel whose source pixel gives the label: 0 as albumentations' resize, 0.5 its centre. */
  labelOffset: 0 | 0.5;
  /** Degrees, about the rectangle's centre. */
  rotation: number;
  /**
   * Factors on the pixel values, the distance from grey and the distance from the pixel's own grey; turn of the hue, a share
   * of the circle.
   */
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
  /** Standard deviation in output pixels; 0 is sharp. */
  blur: number;
}

/** The whole image, as plain resizing takes it. */
export function wholeImage(source: { width: number; height: number }): Geometry {
  return {
    left: 0,
    top: 0,
    width: source.width,
    height: source.height,
    flipHorizontal: false,
    flipVertical: false,
    labelOffset: 0,
    rotation: 0,
    brightness: 1,
    contrast: 1,
    saturation: 1,
    hue: 0,
    blur: 0,
  };
}

/** A crop lies inside the image where it fits; a larger one holds the whole image. */
const place = (available: number, wanted: number, u: number): number => (available - wanted) * u;

/**
 * Draws the training augmentation of one sample. Every draw is made whether it is used or not, so that one setting never
 * shifts another.
 */
export function drawGeometry(config: DataConfig, source: { width: number; height: number }, random: Random): Geometry {
  const geometry = wholeImage(source);
  const [zoom, across, down] = [random.next(), random.next(), random.next()];
  if (config.randomScale) {
    const [low, high] = config.randomScale;
    const scale = low + (high - low) * zoom;
    geometry.height = config.size[0] / scale;
    geometry.width = config.size[1] / scale;
    geometry.left = place(source.width, geometry.width, across);
    geometry.top = place(source.height, geometry.height, down);
    geometry.labelOffset = 0.5;
  }
  const around = (range: number) => range * (2 * random.next() - 1);
  const [mirrored, upended] = [random.next() < 0.5, random.next() < 0.5];
  geometry.flipHorizontal = config.flipHorizontal && mirrored;
  geometry.flipVertical = config.flipVertical && upended;
  geometry.brightness = 1 + around(config.brightness);
  geometry.contrast = 1 + around(config.contrast);
  geometry.saturation = 1 + around(config.saturation);
  geometry.hue = around(config.hue);
  geometry.rotation = around(config.rotation);
  geometry.blur = random.next() < 0.5 ? config.blur * random.next() : 0;
  return geometry;
}
