import { z } from 'zod';

/** What a run starts from is named by a run's id, or, for a weight file, by this and its path: no run's id holds a colon. */
const fileMark = 'file:';

export const startFromSchema = z.string().max(4200).nullable();

export const startOfFile = (file: string): string => fileMark + file;

/** The weight file that a run starts from; null where it is a run, or nothing. */
export const fileOfStart = (startFrom: string | null): string | null =>
  startFrom?.startsWith(fileMark) ? startFrom.slice(fileMark.length) : null;

/** The first starter model that a data set has got; a later one is a run of its own, with its hash behind. */
export const starterId = 'starter';
export const isStarter = (runId: string): boolean => runId === starterId || runId.startsWith(`${starterId}-`);

/** Whether a file is called as weights are. */
export const isWeightFile = (name: string): boolean => /\.(pth|pt|ckpt|safetensors|bin|tar)$/i.test(name);
