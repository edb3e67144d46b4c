import { z } from 'zod';
import { exportFormNames } from '../data/export-forms.ts';
import type { Progress } from '../throttled-progress.ts';
import { latest, method } from './define.ts';
import { predictionId } from './ids.ts';

export interface DatasetExportReport {
  /** Where it is now. */
  out: string;
  images: number;
  /** What was left out, or went out otherwise than it is. */
  notes: string[];
}

/** How an export ended: what went out, or why nothing did. */
export interface DatasetExportEnd {
  report: DatasetExportReport | null;
  problem: string | null;
}

/** How far an export is, or how it ended: one event, so that none comes after its end. */
export type DatasetExportState = { progress: Progress } | { end: DatasetExportEnd };

export const datasetExports = {
  methods: {
    /**
     * Writes the open data set. Answers when it is done.
     * @param split null is all; out a folder that is not there yet, or a zip; predictionId whose masks go out in place of labels
     */
    start: method(
      z.strictObject({
        to: z.enum(exportFormNames),
        split: z.string().max(60).nullable(),
        out: z.string().min(1).max(4096),
        predictionId: predictionId.nullable(),
      }),
    ).returns<DatasetExportReport>(),
    /** Ends the export under way; what it wrote is taken away. */
    cancel: method(z.undefined()).returns<void>(),
  },
  events: {
    changed: latest<DatasetExportState>(),
  },
};
