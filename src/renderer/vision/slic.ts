// Superpixels by simple linear iterative clustering (Achanta et al., TPAMI 2012).
import type { PhotoMap, Superpixels } from '../editor/vision.ts';

const rounds = 6;
/** How much nearness counts against likeness in colour: cells of a byte's lightness that one spacing is worth. */
const compactness = 22;
/** A piece smaller than this share of a superpixel goes to a neighbour. */
const smallestShare = 0.25;

/** Sums and means of the cells of each superpixel: L, a, b, x, y and how many. */
const fields = 6;

/**
 * @param spacing cells from one superpixel's middle to the next
 * @returns connected areas that cover the photo
 */
export function superpixelsOf(photo: PhotoMap, spacing: number): Superpixels {
  const means = gridOf(photo, spacing);
  const labels = new Int32Array(photo.width * photo.height);
  for (let round = 0; round < rounds; round++) {
    assign(photo, means, labels, spacing);
    average(photo, means, labels);
  }
  return connected(photo, labels, spacing);
}

/** Middles on a grid, each moved to where the photo is calmest among its neighbours: not onto an edge. */
function gridOf(photo: PhotoMap, spacing: number): Float64Array {
  const { width, height, lab } = photo;
  const [columns, rows] = [Math.max(1, Math.round(width / spacing)), Math.max(1, Math.round(height / spacing))];
  const means = new Float64Array(columns * rows * fields);
  for (let row = 0, k = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, k += fields) {
      const at = calmest(photo, Math.floor(((column + 0.5) * width) / columns), Math.floor(((row + 0.5) * height) / rows));
      for (let c = 0; c < 3; c++) means[k + c] = lab[at * 3 + c];
      [means[k + 3], means[k + 4]] = [at % width, Math.floor(at / width)];
    }
  return means;
}

function calmest({ width, height, lab }: PhotoMap, x: number, y: number): number {
  let best = y * width + x;
  let least = Infinity;
  for (let v = Math.max(1, y - 1); v <= Math.min(height - 2, y + 1); v++)
    for (let u = Math.max(1, x - 1); u <= Math.min(width - 2, x + 1); u++) {
      const at = v * width + u;
      const slope = Math.abs(lab[(at + 1) * 3] - lab[(at - 1) * 3]) + Math.abs(lab[(at + width) * 3] - lab[(at - width) * 3]);
      if (slope < least) [least, best] = [slope, at];
    }
  return best;
}

/** Gives each cell the superpixel that is nearest to it in colour and place. */
function assign({ width, height, lab }: PhotoMap, means: Float64Array, labels: Int32Array, spacing: number): void {
  const nearest = new Float32Array(labels.length).fill(Infinity);
  const weight = (compactness / spacing) ** 2;
  const reach = Math.ceil(spacing);
  for (let k = 0; k < means.length; k += fields) {
    const l = means[k];
    const a = means[k + 1];
    const b = means[k + 2];
    const x = means[k + 3];
    const y = means[k + 4];
    const [left, right] = [Math.max(0, Math.floor(x) - reach), Math.min(width - 1, Math.floor(x) + reach)];
    for (let v = Math.max(0, Math.floor(y) - reach); v <= Math.min(height - 1, Math.floor(y) + reach); v++) {
      const dy2 = (v - y) * (v - y) * weight;
      for (let u = left, at = v * width + left; u <= right; u++, at++) {
        const dl = lab[at * 3] - l;
        const da = lab[at * 3 + 1] - a;
        const db = lab[at * 3 + 2] - b;
        const distance = dl * dl + da * da + db * db + (u - x) * (u - x) * weight + dy2;
        if (distance < nearest[at]) {
          nearest[at] = distance;
          labels[at] = k / fields;
        }
      }
    }
  }
}

/** Each superpixel's colour and place anew, from its cells; one that has lost all of them stays where it was. */
function average({ width, lab }: PhotoMap, means: Float64Array, labels: Int32Array): void {
  const sums = new Float64Array(means.length);
  for (let at = 0; at < labels.length; at++) {
    const k = labels[at] * fields;
    for (let c = 0; c < 3; c++) sums[k + c] += lab[at * 3 + c];
    sums[k + 3] += at % width;
    sums[k + 4] += Math.floor(at / width);
    sums[k + 5]++;
  }
  for (let k = 0; k < means.length; k += fields) {
    const count = sums[k + 5];
    if (count > 0) for (let c = 0; c < 5; c++) means[k + c] = sums[k + c] / count;
  }
}

/** Pieces that hang together, each with a number of its own; a small one goes to the neighbour that it was met after. */
function connected({ width, height }: PhotoMap, labels: Int32Array, spacing: number): Superpixels {
  const pieces = new Int32Array(labels.length).fill(-1);
  const stack = new Int32Array(labels.length);
  const smallest = spacing * spacing * smallestShare;
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (pieces[start] >= 0) continue;
    const cells = piece(start, count);
    // What lies left of a piece's first cell, or above it, is numbered already.
    const neighbour = start % width > 0 ? pieces[start - 1] : start >= width ? pieces[start - width] : -1;
    if (cells < smallest && neighbour >= 0) for (let i = 0; i < cells; i++) pieces[stack[i]] = neighbour;
    else count++;
  }
  return { width, height, labels: pieces, boxes: boxesOf(pieces, width, count) };

  /** Numbers the piece around a cell. @returns how many cells it has: the first of `stack` */
  function piece(start: number, number: number): number {
    let [done, found] = [0, 0];
    const reach = (at: number) => {
      if (pieces[at] >= 0 || labels[at] !== labels[start]) return;
      pieces[at] = number;
      stack[found++] = at;
    };
    reach(start);
    while (done < found) {
      const at = stack[done++];
      const x = at % width;
      if (x > 0) reach(at - 1);
      if (x < width - 1) reach(at + 1);
      if (at >= width) reach(at - width);
      if (at < width * (height - 1)) reach(at + width);
    }
    return found;
  }
}

function boxesOf(labels: Int32Array, width: number, count: number): Int32Array {
  const boxes = new Int32Array(count * 4);
  for (let k = 0; k < count; k++) boxes.set([width, labels.length, -1, -1], k * 4);
  for (let at = 0; at < labels.length; at++) {
    const k = labels[at] * 4;
    const x = at % width;
    const y = Math.floor(at / width);
    if (x < boxes[k]) boxes[k] = x;
    if (y < boxes[k + 1]) boxes[k + 1] = y;
    if (x > boxes[k + 2]) boxes[k + 2] = x;
    if (y > boxes[k + 3]) boxes[k + 3] = y;
  }
  return boxes;
}
