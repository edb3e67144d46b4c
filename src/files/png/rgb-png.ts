import { writePng } from './png.ts';

/** A PNG of red, green and blue of 8 bits. @param samples three a pixel, row-major */
export const rgbPng = (width: number, height: number, samples: Uint8Array): Uint8Array =>
  writePng({
    header: { width, height, depth: 8, colourType: 2, interlaced: false },
    samples,
    palette: null,
    transparency: null,
    beside: [],
  });
