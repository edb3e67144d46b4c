/** What a network says of labelled pixels, to tell how far its probabilities can be believed. */
export interface Evidence {
  /** float32 [pixels, classes] */
  logits: Float32Array;
  /** Class ids [pixels]. */
  labels: Uint8Array;
  classes: number;
}

/** Pixels whose probability lies in one range, of ranges of equal width. */
export interface ReliabilityBin {
  pixels: number;
  /** Mean probability of the class that is predicted; 0 without pixels. */
  confidence: number;
  /** Share of them whose class is right; 0 without pixels. */
  accuracy: number;
}

export interface Reliability {
  /** Expected calibration error: mean distance of confidence and accuracy over the bins, by their pixels. */
  ece: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
  bins: ReliabilityBin[];
}

const binCount = 15;
/** Temperatures that are looked at. */
const range = { low: 0.1, high: 10 } as const;
const golden = (Math.sqrt(5) - 1) / 2;
/** Of the logarithm of a temperature. */
const tolerance = 1e-3;

/** The class that is predicted at a pixel, its probability, and that of the label's, as its negative logarithm. */
function lookAt({ logits, labels, classes }: Evidence, pixel: number, temperature: number): [id: number, confidence: number, loss: number] {
  const from = pixel * classes;
  let best = 0;
  for (let id = 1; id < classes; id++) if (logits[from + id] > logits[from + best]) best = id;
  let sum = 0;
  for (let id = 0; id < classes; id++) sum += Math.exp((logits[from + id] - logits[from + best]) / temperature);
  return [best, 1 / sum, Math.log(sum) + (logits[from + best] - logits[from + labels[pixel]]) / temperature];
}

function meanLoss(evidence: Evidence, temperature: number): number {
  let sum = 0;
  for (let pixel = 0; pixel < evidence.labels.length; pixel++) sum += lookAt(evidence, pixel, temperature)[2];
  return sum / evidence.labels.length;
}

/**
 * The temperature by which logits are divided so that the labels are likeliest: it changes no class, only how sure it is.
 * Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017). The loss has one minimum, found by golden section.
 * @returns 0.1 to 10; 1 without any pixel
 */
export function fitTemperature(evidence: Evidence): number {
  if (evidence.labels.length === 0) return 1;
  const lossAt = (logarithm: number): number => meanLoss(evidence, Math.exp(logarithm));
  let [low, high] = [Math.log(range.low), Math.log(range.high)];
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [lossA, lossB] = [lossAt(a), lossAt(b)];
  while (high - low > tolerance) {
    if (lossA < lossB) {
      [high, b, lossB] = [b, a, lossA];
      a = high - golden * (high - low);
      lossA = lossAt(a);
    } else {
      [low, a, lossA] = [a, b, lossB];
      b = low + golden * (high - low);
      lossB = lossAt(b);
    }
  }
  return Math.exp((low + high) / 2);
}

/** How far probabilities can be believed, with logits divided by `temperature`. Source: Guo et al. 2017, 15 bins. */
export function reliabilityOf(evidence: Evidence, temperature: number): Reliability {
  const sums = Array.from({ length: binCount }, () => ({ pixels: 0, confidence: 0, right: 0 }));
  const { labels } = evidence;
  let losses = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const [id, confidence, loss] = lookAt(evidence, pixel, temperature);
    const bin = sums[Math.min(binCount - 1, Math.floor(confidence * binCount))];
    bin.pixels++;
    bin.confidence += confidence;
    bin.right += Number(id === labels[pixel]);
    losses += loss;
  }
  const total = Math.max(1, labels.length);
  return {
    ece: sums.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / total,
    loss: losses / total,
    bins: sums.map(({ pixels, confidence, right }) => ({
      pixels,
      confidence: confidence / Math.max(1, pixels),
      accuracy: right / Math.max(1, pixels),
    })),
  };
}
