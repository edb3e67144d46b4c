import { voidId } from '#shared/mask/void-id';
import type { Proposal } from '../assist/proposal.ts';
import type { Size } from '../editor/region.ts';
import type { Keep, OpenCv, Pixels } from './opencv.ts';

/** Dense flow of Farnebäck (2003): a pyramid of half sizes, and how far around a cell its movement is looked for. */
const pyramid = { scale: 0.5, levels: 5, window: 15, rounds: 3, neighbourhood: 7, sigma: 1.5 } as const;
/** Whether things have moved is judged in blocks of so many cells on a side: single cells are noise. */
const blockSide = 12;
/** Movement counts where it explains the picture this much better. */
const better = 0.95;
/** A difference in brightness of so much makes a class half as sure. */
const doubtful = 24;

/** Where each cell of a picture was in another one, in cells, and how well that fits. */
export interface Followed extends Size {
  /** float32 [rows, columns, 2]: across and down; 0 where what lies there has not moved. */
  flow: Float32Array;
  /** How much brightness differs, of 255, averaged over what lies around. */
  misfit: Float32Array;
  /** Share of cells that have moved. */
  moved: number;
}

/** Finds where what is seen in a picture was in another one of the same size. */
export function followed(cv: OpenCv, keep: Keep, here: Pixels, there: Pixels): Followed {
  const grey = [here, there].map((pixels) => {
    const mat = keep(new cv.Mat());
    cv.cvtColor(keep(cv.matFromImageData(pixels)), mat, cv.COLOR_RGBA2GRAY);
    return mat;
  });
  const found = keep(new cv.Mat());
  const { scale, levels, window, rounds, neighbourhood, sigma } = pyramid;
  cv.calcOpticalFlowFarneback(grey[0], grey[1], found, scale, levels, window, rounds, neighbourhood, sigma, 0);
  const size = { width: here.width, height: here.height };
  const flow = found.data32F.slice();
  const still = new Float32Array(flow.length);
  const [now, before] = [grey[0].data, grey[1].data];
  const moving = inBlocks(misfitOf(now, before, flow, size), size);
  const resting = inBlocks(misfitOf(now, before, still, size), size);
  const misfit = new Float32Array(moving.length);
  let moved = 0;
  for (let cell = 0; cell < misfit.length; cell++) {
    const isMoved = moving[cell] < resting[cell] * better;
    misfit[cell] = isMoved ? moving[cell] : resting[cell];
    if (!isMoved) flow.fill(0, 2 * cell, 2 * cell + 2);
    else if (Math.abs(flow[2 * cell]) + Math.abs(flow[2 * cell + 1]) >= 0.5) moved++;
  }
  return { ...size, flow, misfit, moved: moved / misfit.length };
}

/** How much a cell's brightness differs from that where it comes from; the most there is where that lies outside. */
function misfitOf(now: Uint8Array, before: Uint8Array, flow: Float32Array, { width, height }: Size): Float32Array {
  const misfit = new Float32Array(width * height);
  for (let y = 0, cell = 0; y < height; y++)
    for (let x = 0; x < width; x++, cell++) {
      const [u, v] = [Math.round(x + flow[2 * cell]), Math.round(y + flow[2 * cell + 1])];
      const isInside = u >= 0 && v >= 0 && u < width && v < height;
      misfit[cell] = isInside ? Math.abs(now[cell] - before[v * width + u]) : 255;
    }
  return misfit;
}

/** Means over blocks, one a cell. */
function inBlocks(values: Float32Array, { width, height }: Size): Float32Array {
  const means = new Float32Array(values.length);
  for (let top = 0; top < height; top += blockSide)
    for (let left = 0; left < width; left += blockSide) {
      const [bottom, right] = [Math.min(height, top + blockSide), Math.min(width, left + blockSide)];
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += values[y * width + x];
      const mean = sum / ((bottom - top) * (right - left));
      for (let y = top; y < bottom; y++) means.fill(mean, y * width + left, y * width + right);
    }
  return means;
}

/**
 * Another image's mask, moved along.
 * @param ids of that mask, of `image` size @param cells the size that is proposed at
 */
export function movedMask(ids: Uint8Array, image: Size, { width, height, flow, misfit }: Followed, cells: Size): Proposal {
  const proposal = { ...cells, ids: new Uint8Array(cells.width * cells.height), sureness: new Uint8Array(cells.width * cells.height) };
  const [across, down] = [image.width / width, image.height / height];
  for (let row = 0, out = 0; row < cells.height; row++) {
    const y = ((row + 0.5) * image.height) / cells.height;
    const first = Math.min(height - 1, Math.floor(y / down)) * width;
    for (let column = 0; column < cells.width; column++, out++) {
      const x = ((column + 0.5) * image.width) / cells.width;
      const cell = first + Math.min(width - 1, Math.floor(x / across));
      const [u, v] = [Math.floor(x + flow[2 * cell] * across), Math.floor(y + flow[2 * cell + 1] * down)];
      const isInside = u >= 0 && v >= 0 && u < image.width && v < image.height;
      proposal.ids[out] = isInside ? ids[v * image.width + u] : voidId;
      proposal.sureness[out] = 255 * 2 ** (-misfit[cell] / doubtful);
    }
  }
  return proposal;
}
