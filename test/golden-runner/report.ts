/** A tensor in full, row-major in PyTorch's layout. */
export interface FullTensor {
  shape: number[];
  data: number[];
}

/** Some values of a large tensor and its norm. */
export interface Probe {
  l2: number;
  indices: number[];
  values: number[];
}

export interface Row {
  quantity: string;
  /** Worst deviation, in the unit of the tolerance. */
  deviation: number;
  tolerance: number;
}

const norm = (data: ArrayLike<number>): number =>
  Math.sqrt(Array.prototype.reduce.call(data, (sum: unknown, value: unknown) => (sum as number) + (value as number) ** 2, 0) as number);
const smallest = 1e-12;

/** Gathers the worst deviation of each quantity of a case file; a value that is not a number never passes. */
export class Report {
  private readonly worst = new Map<string, Row>();

  private record(quantity: string, deviation: number, tolerance: number): void {
    const known = this.worst.get(quantity);
    const value = Number.isFinite(deviation) ? deviation : Infinity;
    if (!known || value / tolerance > known.deviation / known.tolerance)
      this.worst.set(quantity, { quantity, deviation: value, tolerance });
  }

  /** Largest difference of an element over the root mean square of the expected tensor. */
  rms(quantity: string, actual: ArrayLike<number>, expected: FullTensor, tolerance: number): void {
    const scale = Math.max(norm(expected.data) / Math.sqrt(Math.max(1, expected.data.length)), smallest);
    this.record(quantity, actual.length === expected.data.length ? largestDifference(actual, expected.data) / scale : Infinity, tolerance);
  }

  /** Largest difference of an element. */
  absolute(quantity: string, actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
    this.record(quantity, actual.length === expected.length ? largestDifference(actual, expected) : Infinity, tolerance);
  }

  /** Difference over the expected number. */
  relative(quantity: string, actual: number, expected: number, tolerance: number): void {
    this.record(quantity, Math.abs(actual - expected) / Math.max(Math.abs(expected), smallest), tolerance);
  }

  /** Values at the probe's indices over rms, and the norm. */
  probe(quantity: string, actual: ArrayLike<number>, expected: Probe, tolerances: { values: number; norm: number }): void {
    const scale = Math.max(expected.l2 / Math.sqrt(actual.length), smallest);
    this.record(
      `${quantity}: values`,
      largestDifference(
        expected.indices.map((index) => actual[index]),
        expected.values,
      ) / scale,
      tolerances.values,
    );
    this.record(`${quantity}: l2`, Math.abs(norm(actual) - expected.l2) / Math.max(expected.l2, smallest), tolerances.norm);
  }

  get rows(): Row[] {
    return [...this.worst.values()];
  }

  get failures(): Row[] {
    return this.rows.filter(({ deviation, tolerance }) => !(deviation <= tolerance));
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

export { norm };
