import { readFileSync } from 'node:fs';

/** The trainer's process of this one; by /proc. */
export const trainerPid = (): number =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('trainer'))!;
