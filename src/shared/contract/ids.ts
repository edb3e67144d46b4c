// Names of things in calls: bounded before anything is looked for by them.
import { z } from 'zod';

/** As `train/0001TP_006690`. */
export const imageId = z.string().min(1).max(1024);
export const runId = z.string().min(1).max(200);
export const predictionId = z.string().min(1).max(200);
