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

/** Pixels by class: how many are labelled as it, are predicted as it, and are both. */
interface Counts {
  labelled: Float64Array;
  predicted: Float64Array;
  hits: Float64Array;
}

const perClass = (classes: number): Float64Array => new Float64Array(classes);

/**
 * Mean IoU of the classes that the labels hold: those of which a fit can learn nothing keep no offset, and do not count, where a confusion
 * matrix counts them as soon as one is predicted.
 */
function meanIouOfLabelled({ labelled, predicted, hits }: Counts): number {
  let [sum, held] = [0, 0];
  for (let id = 0; id < labelled.length; id++) {
    if (labelled[id] === 0) continue;
    held++;
    sum += hits[id] / (labelled[id] + predicted[id] - hits[id]);
  }
  return held > 0 ? sum / held : 0;
}

/** Pixels that become a class at one place: what they were predicted as, of these those that were right, and those that become right. */
interface Move {
  left: Float64Array;
  lost: Float64Array;
  won: number;
}

/** What predictions are while one class has no part, the others' offsets staying, and what becomes it from which place on. */
function movesOf({ logits, labels, classes }: Evidence, offsets: readonly number[], id: number): { counts: Counts; moves: Move[] } {
  const counts: Counts = { labelled: perClass(classes), predicted: perClass(classes), hits: perClass(classes) };
  const moves = Array.from({ length: places }, (): Move => ({ left: perClass(classes), lost: perClass(classes), won: 0 }));
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const from = pixel * classes;
    let [rival, most] = [-1, -Infinity];
    for (let other = 0; other < classes; other++) {
      const value = logits[from + other] + offsets[other];
      if (other !== id && value > most) [rival, most] = [other, value];
    }
    // The class is predicted from the first offset on that lies above the margin.
    const first = Math.ceil((most - logits[from + id] + bound) * perNat);
    const label = labels[pixel];
    counts.labelled[label]++;
    counts.predicted[rival]++;
    if (rival === label) counts.hits[label]++;
    if (first >= places) continue;
    const move = moves[Math.max(0, first)];
    move.left[rival]++;
    if (rival === label) move.lost[label]++;
    if (id === label) move.won++;
  }
  return { counts, moves };
}

function take({ left, lost, won }: Move, { predicted, hits }: Counts, id: number): void {
  for (let other = 0; other < left.length; other++) {
    predicted[other] -= left[other];
    predicted[id] += left[other];
    hits[other] -= lost[other];
  }
  hits[id] += won;
}

/** The offset of one class at which the mean IoU is highest, the others staying. */
function bestOffset(evidence: Evidence, offsets: readonly number[], id: number): { offset: number; miou: number } {
  const { counts, moves } = movesOf(evidence, offsets, id);
  let best = { offset: offsets[id], miou: -1 };
  for (let place = 0; place < places; place++) {
    take(moves[place], counts, id);
    const miou = meanIouOfLabelled(counts);
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
