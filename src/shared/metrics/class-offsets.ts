import type { Evidence } from './calibration.ts';

/** Images that offsets are fitted on. */
export const mostOffsetImages = 64;
/** Offsets that are tried, in nats: as far apart as makes any difference, and not so far that a class is given up or takes all. */
const bound = 2;
const perNat = 10;
const places = 2 * bound * perNat + 1;
const offsetAt = (place: number): number => (place - bound * perNat) / perNat;
/** Each goes over all classes; they come to rest in three or four. */
const mostPasses = 6;
/** A gain of the mean IoU that is worth a change. */
const leastGain = 1e-5;

/** Mean IoU of the classes that the labels hold. @param counts by label, by prediction */
function meanIou(counts: Float64Array, classes: number): number {
  let [sum, held] = [0, 0];
  for (let id = 0; id < classes; id++) {
    let [labelled, predicted] = [0, 0];
    for (let other = 0; other < classes; other++) {
      labelled += counts[id * classes + other];
      predicted += counts[other * classes + id];
    }
    if (labelled === 0) continue;
    held++;
    sum += counts[id * classes + id] / (labelled + predicted - counts[id * classes + id]);
  }
  return held > 0 ? sum / held : 0;
}

/** What predictions are for every offset of one class, the others' staying: by label and prediction, and by the place where they change. */
function movesOf(
  { logits, labels, classes }: Evidence,
  offsets: readonly number[],
  id: number,
): { counts: Float64Array; moves: Float64Array[] } {
  const counts = new Float64Array(classes * classes);
  const moves = Array.from({ length: places + 1 }, () => new Float64Array(classes * classes));
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const from = pixel * classes;
    let [rival, most] = [-1, -Infinity];
    for (let other = 0; other < classes; other++) {
      const value = logits[from + other] + offsets[other];
      if (other !== id && value > most) [rival, most] = [other, value];
    }
    // The class is predicted from the first offset on that lies above the margin.
    const first = Math.ceil((most - logits[from + id] + bound) * perNat);
    const cell = labels[pixel] * classes + rival;
    counts[cell]++;
    if (first < places) moves[Math.max(0, first)][cell]++;
  }
  return { counts, moves };
}

/** The offset of one class at which the mean IoU is highest, the others staying. */
function bestOffset(evidence: Evidence, offsets: readonly number[], id: number): { offset: number; miou: number } {
  const { classes } = evidence;
  const { counts, moves } = movesOf(evidence, offsets, id);
  let best = { offset: offsets[id], miou: -1 };
  for (let place = 0; place < places; place++) {
    moves[place].forEach((count, cell) => {
      if (count === 0) return;
      counts[cell] -= count;
      counts[Math.floor(cell / classes) * classes + id] += count;
    });
    const miou = meanIou(counts, classes);
    // Of offsets that do the same the one nearest to none.
    const nearer = Math.abs(offsetAt(place)) < Math.abs(best.offset);
    if (miou > best.miou + leastGain || (miou > best.miou - leastGain && nearer)) best = { offset: offsetAt(place), miou };
  }
  return best;
}

/**
 * What is added to each class's logit so that the mean IoU of the likeliest classes is highest. Cross-entropy asks for probabilities, and
 * the likeliest class makes the most pixels right; the mean IoU weighs classes alike, and a rare one wins more than a common one loses
 * where the two are in doubt. Class after class is set to its best of a grid, until none gains.
 * @returns one offset a class, -2 to 2; 0 for a class that the labels do not hold
 */
export function fitClassOffsets(evidence: Evidence): number[] {
  const { classes, labels } = evidence;
  const offsets = new Array<number>(classes).fill(0);
  const held = offsets.map((_, id) => labels.includes(id));
  let score = -1;
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = score;
    for (let id = 0; id < classes; id++) {
      if (!held[id]) continue;
      const { offset, miou } = bestOffset(evidence, offsets, id);
      if (miou > score + leastGain) [offsets[id], score] = [offset, miou];
    }
    if (score <= before + leastGain) break;
  }
  return offsets;
}
