import { Random } from '#shared/random';
import type { GridMap } from '#shared/assist/grid-map';
import { cellsOf } from '../editor/cells.ts';
import { distancesTo, resized, standardise } from './maps.ts';
import { minimise, type Objective } from './minimise.ts';

/** What is known of an image before anybody has painted on it. */
export interface Evidence {
  /** Image size in pixels. */
  width: number;
  height: number;
  /** float32 [height, width, classes of the model] */
  logits: GridMap;
  /** The data set's class id of each logit; -1 where it has none. */
  classIds: readonly number[];
  features: GridMap;
  /** Classes of the data set. */
  classes: number;
  /** RGBA of the photo at any size, row-major. */
  photo: { width: number; height: number; data: Uint8Array | Uint8ClampedArray };
}

/** Pixels that a person has given a class: what the model learns from. */
export interface Example {
  id: number;
  /** Pixels of the image, by index. */
  pixels: readonly number[];
}

/** Weight of the weights: how far strokes may lead away from what the network says. */
const decay = 0.3;
/** Of the pixels that a stroke has, how many are learned from. */
export const pixelsOfStroke = 15;
/** Cells where the network is sure hold it where it is: without them the first stroke drowns the image. */
const anchors = { most: 600, sure: 0.9, weight: 30 } as const;
/** Image pixels over which a stroke's word fades, at 480 px across. */
const reach = 60 / 480;
/** What a class has that the network does not know, as a logarithm of its share, until strokes tell more. */
const unknownShare = Math.log(1e-3);
/** Strokes come one by one, and each fit begins where the last one ended. */
const evaluations = 10;
const untold = -1e6;
/** Where a stroke's word counts this little it is not asked for. */
const tooFar = 0.002;

/**
 * A linear classifier over what a network sees in an image: the network's own word as a fixed offset, and a correction that is learned
 * from strokes, anew after each, and fades with the distance from them. Softmax regression with weight decay.
 */
export class LiveModel {
  readonly width: number;
  readonly height: number;
  /** Cells of its maps. */
  readonly columns: number;
  readonly rows: number;
  private readonly classes: number;
  /** float32 [cells, inputs]: features, colour and place, each of mean 0 and deviation 1, and a one. */
  private readonly inputs: Float32Array;
  private readonly inputCount: number;
  /** float32 [cells, classes]: logarithms of shares. */
  private readonly offsets: Float32Array;
  private readonly anchorCells: Int32Array;
  private readonly anchorIds: Uint8Array;
  private readonly weights: Float64Array;
  /** Classes that the network has told of. */
  private readonly known: readonly boolean[];
  /** Those, and those that a stroke has told of: no other is proposed. */
  private told: readonly boolean[];
  /** How far a stroke's word reaches each cell, 0 to 1. */
  private readonly near: Float32Array;
  /** The cell that a pixel of the image lies in. */
  private readonly cellOf: (pixel: number) => number;

  constructor(evidence: Evidence) {
    const { width, height, classes, features } = evidence;
    [this.width, this.height, this.classes] = [width, height, classes];
    [this.columns, this.rows] = [features.width, features.height];
    this.cellOf = cellsOf({ width, height }, features);
    const joined = inputsOf(evidence);
    [this.inputs, this.inputCount] = [joined.values, joined.channels];
    this.offsets = offsetsOf(evidence);
    const { cells, ids } = anchorsOf(this.offsets, classes);
    [this.anchorCells, this.anchorIds] = [cells, ids];
    this.weights = new Float64Array(classes * this.inputCount);
    this.near = new Float32Array(this.columns * this.rows);
    this.known = Array.from({ length: classes }, (_, id) => evidence.classIds.includes(id));
    this.told = this.known;
  }

  /** Whether it has heard of any class, by the network or by a stroke. */
  get knowsClasses(): boolean {
    return this.told.includes(true);
  }

  /** Learns from all strokes of an image, from where it was. */
  fit(examples: readonly Example[]): void {
    this.measure(examples);
    const drawn = new Set(examples.map(({ id }) => id));
    this.told = this.known.map((isKnown, id) => isKnown || drawn.has(id));
    if (examples.length === 0) this.weights.fill(0);
    else minimise(lossOf(this.samplesOf(examples)), this.weights, evaluations);
  }

  private samplesOf(examples: readonly Example[]): Samples {
    const { classes, inputCount, inputs, offsets, anchorCells, anchorIds } = this;
    const drawn = examples.flatMap(({ id, pixels }) =>
      pixels.map((pixel) => ({ cell: this.cellOf(pixel), id, weight: 1 / pixels.length })),
    );
    const held = Array.from(anchorCells, (cell, i) => ({ cell, id: anchorIds[i], weight: anchors.weight / anchorCells.length }));
    const all = [...drawn, ...held];
    const samples: Samples = {
      classes,
      inputCount,
      inputs: new Float32Array(all.length * inputCount),
      offsets: new Float32Array(all.length * classes),
      ids: Uint8Array.from(all, ({ id }) => id),
      weights: Float32Array.from(all, ({ weight }) => weight),
    };
    all.forEach(({ cell }, n) => {
      const near = this.near[cell];
      // A correction that fades with the distance is one of inputs that do.
      for (let k = 0; k < inputCount; k++) samples.inputs[n * inputCount + k] = near * inputs[cell * inputCount + k];
      samples.offsets.set(offsets.subarray(cell * classes, (cell + 1) * classes), n * classes);
    });
    return samples;
  }

  /** How far each cell is from a stroke. */
  private measure(examples: readonly Example[]): void {
    const { columns, rows, near } = this;
    const cells = examples.flatMap(({ pixels }) => pixels.map((pixel) => this.cellOf(pixel)));
    const distances = distancesTo(cells, columns, rows);
    for (let i = 0; i < near.length; i++) near[i] = Math.exp(-distances[i] / (reach * columns));
  }

  /** Scores of a cell's classes. */
  private score(cell: number, into: Float64Array): void {
    const { classes, inputCount, inputs, offsets, weights } = this;
    const near = this.near[cell];
    if (near > tooFar) multiply(weights, inputs, cell * inputCount, inputCount, into);
    else into.fill(0);
    for (let c = 0; c < classes; c++) into[c] = this.told[c] ? offsets[cell * classes + c] + near * into[c] : untold;
  }

  /** What it says now: float32 [rows, columns, classes], logarithms of shares but for a constant a cell. */
  scores(): GridMap {
    const { columns, rows, classes } = this;
    const values = new Float32Array(columns * rows * classes);
    const scores = new Float64Array(classes);
    for (let cell = 0; cell < columns * rows; cell++) {
      this.score(cell, scores);
      values.set(scores, cell * classes);
    }
    return { width: columns, height: rows, channels: classes, values };
  }
}

/** What is learned from: cells with the class that they have. */
interface Samples {
  classes: number;
  inputCount: number;
  /** float32 [samples, inputs] */
  inputs: Float32Array;
  /** float32 [samples, classes] */
  offsets: Float32Array;
  ids: Uint8Array;
  weights: Float32Array;
}

/** Cross entropy of softmax regression with weight decay, and its gradient. */
function lossOf({ classes, inputCount, inputs, offsets, ids, weights: sampleWeights }: Samples): Objective {
  const scores = new Float64Array(classes);
  const corrections = new Float64Array(classes);
  return (weights, gradient) => {
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      total += (decay / 2) * weights[i] * weights[i];
      gradient[i] = decay * weights[i];
    }
    for (let n = 0; n < ids.length; n++) {
      multiply(weights, inputs, n * inputCount, inputCount, corrections);
      for (let c = 0; c < classes; c++) scores[c] = offsets[n * classes + c] + corrections[c];
      total -= sampleWeights[n] * softmax(scores, ids[n]);
      scores[ids[n]] -= 1;
      for (let c = 0; c < classes; c++) {
        const error = sampleWeights[n] * scores[c];
        if (Math.abs(error) < negligible) continue;
        for (let k = 0, w = c * inputCount, at = n * inputCount; k < inputCount; k++) gradient[w + k] += error * inputs[at + k];
      }
    }
    return total;
  };
}

/** Of a sample's share of the gradient: less is not worth a class's pass over the inputs. */
const negligible = 1e-5;

/** The product of a matrix [outputs, count] with the inputs from a place on. Four outputs a pass: each input is read once for them. */
function multiply(weights: Float64Array, inputs: Float32Array, from: number, count: number, into: Float64Array): void {
  let c = 0;
  for (; c + 4 <= into.length; c += 4) {
    const [w0, w1, w2, w3] = [c * count, (c + 1) * count, (c + 2) * count, (c + 3) * count];
    let [a, b, d, e] = [0, 0, 0, 0];
    for (let k = 0; k < count; k++) {
      const x = inputs[from + k];
      a += weights[w0 + k] * x;
      b += weights[w1 + k] * x;
      d += weights[w2 + k] * x;
      e += weights[w3 + k] * x;
    }
    [into[c], into[c + 1], into[c + 2], into[c + 3]] = [a, b, d, e];
  }
  for (; c < into.length; c++) {
    let sum = 0;
    for (let k = 0, w = c * count; k < count; k++) sum += weights[w + k] * inputs[from + k];
    into[c] = sum;
  }
}

/** Turns scores into shares, in place. @returns the logarithm of one's share */
function softmax(scores: Float64Array, of: number): number {
  let most = -Infinity;
  for (const score of scores) if (score > most) most = score;
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += scores[c] = Math.exp(scores[c] - most);
  for (let c = 0; c < scores.length; c++) scores[c] /= sum;
  return Math.log(Math.max(1e-12, scores[of]));
}

/** Features, colour and place of each cell, and a one. */
function inputsOf({ features, photo }: Evidence): GridMap {
  const { width, height, channels } = features;
  const all = channels + 5;
  const map = { width, height, channels: all, values: new Float32Array(width * height * all) };
  const colour = averaged(photo, width, height);
  for (let cell = 0; cell < width * height; cell++) {
    const at = cell * all;
    map.values.set(features.values.subarray(cell * channels, (cell + 1) * channels), at);
    map.values.set(colour.subarray(cell * 3, cell * 3 + 3), at + channels);
    map.values[at + channels + 3] = cell % width;
    map.values[at + channels + 4] = Math.floor(cell / width);
  }
  standardise(map);
  const withOne = { ...map, channels: all + 1, values: new Float32Array(width * height * (all + 1)) };
  for (let cell = 0; cell < width * height; cell++) {
    withOne.values.set(map.values.subarray(cell * all, (cell + 1) * all), cell * (all + 1));
    withOne.values[cell * (all + 1) + all] = 1;
  }
  return withOne;
}

/** The mean colour of each cell. */
function averaged({ width, height, data }: Evidence['photo'], columns: number, rows: number): Float32Array {
  const sums = new Float32Array(columns * rows * 3);
  const counts = new Float32Array(columns * rows);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++, i += 4) {
      const cell = row + Math.floor((x * columns) / width);
      counts[cell]++;
      for (let k = 0; k < 3; k++) sums[cell * 3 + k] += data[i + k];
    }
  }
  return sums.map((sum, i) => sum / Math.max(1, counts[Math.floor(i / 3)]));
}

/** The network's word on each class of the data set, a cell: logarithms of shares. */
function offsetsOf({ logits, classIds, features, classes }: Evidence): Float32Array {
  const cells = features.width * features.height;
  const offsets = new Float32Array(cells * classes).fill(unknownShare);
  const own = resized(logits, features.width, features.height);
  const shares = new Float64Array(own.channels);
  for (let cell = 0; cell < cells; cell++) {
    for (let k = 0; k < own.channels; k++) shares[k] = own.values[cell * own.channels + k];
    softmax(shares, 0);
    classIds.forEach((id, k) => {
      if (id >= 0) offsets[cell * classes + id] = Math.max(unknownShare * 2, Math.log(Math.max(1e-12, shares[k])));
    });
  }
  return offsets;
}

/** Cells where the network is sure, drawn from all of them, the same each time. */
function anchorsOf(offsets: Float32Array, classes: number): { cells: Int32Array; ids: Uint8Array } {
  const sure: [cell: number, id: number][] = [];
  for (let cell = 0; cell < offsets.length / classes; cell++)
    for (let c = 0; c < classes; c++) if (offsets[cell * classes + c] > Math.log(anchors.sure)) sure.push([cell, c]);
  const kept = Random.named('anchors', 1).shuffled(sure).slice(0, anchors.most);
  return { cells: Int32Array.from(kept, ([cell]) => cell), ids: Uint8Array.from(kept, ([, id]) => id) };
}
