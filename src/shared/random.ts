/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * A reproducible random stream (mulberry32). Streams are made from names, so any of them can be
 * made again at any point of a run without carrying state: that is what makes a resume exact.
 */
export class Random {
  private state: number;

  /** @param state 32-bit start value */
  constructor(state: number) {
    this.state = state >>> 0;
  }

  /** The stream of a name and a seed, as `test/golden/README.md` defines it. */
  static named(name: string, seed: number): Random {
    return new Random(fnv1a(name) ^ seed);
  }

  /** @returns a number in [0, 1) */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    const a = this.state;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** @returns a number in [low, high) */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** @returns an integer in [0, bound) */
  integer(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** @returns a standard normal number (Box-Muller) */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** @returns `items` in random order, as a copy */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
