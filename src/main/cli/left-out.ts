import { say } from './say.ts';

/** An image that could not be read, and why. */
export interface LeftOut {
  id: string;
  reason: string;
}

/** Tells of an image that is left out. The command ends with 1: a part is not what was asked for. */
export function leaveOut({ id, reason }: LeftOut): LeftOut {
  say(`left out: ${reason}`);
  process.exitCode = 1;
  return { id, reason };
}
