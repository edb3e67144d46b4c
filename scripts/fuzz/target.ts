import type { Mutation } from './mutate.ts';

export interface Target {
  name: string;
  /** Files whose coverage counts, by a part of their path. */
  covers: readonly string[];
  /** Real files. */
  seeds: () => Promise<Buffer[]> | Buffer[];
  /** Makes check sums right again, so that a change is not merely one of those; half of all inputs go through it. */
  repair?: (bytes: Buffer) => Buffer;
  /** Changes it within its grammar. */
  grammar?: (bytes: Buffer, mutation: Mutation) => Buffer;
  /** Reads it. Anything but an AppError that it throws is a find. */
  run: (bytes: Buffer) => void | Promise<void>;
}
