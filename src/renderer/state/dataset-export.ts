import type { DatasetExportReport } from '#shared/contract/dataset-exports';
import type { PredictionInfo } from '#shared/contract/review';
import type { ExportFormName } from '#shared/data/export-forms';
import type { Progress } from '#shared/throttled-progress';
import type { Session } from './session.svelte.ts';

/** Writes the open data set in a form that others read. @throws AppError as main says */
export const exportTo = (
  { client }: Session,
  options: { to: ExportFormName; split: string | null; out: string; predictionId: string | null },
): Promise<DatasetExportReport> => client.datasetExports.start(options);

/** The predictions whose masks can go out. */
export const exportablePredictions = async ({ client }: Session): Promise<PredictionInfo[]> =>
  (await client.review.predictions()).predictions;

export const cancelExport = (session: Session): Promise<boolean> => session.attempt(() => session.client.datasetExports.cancel());

/** @returns a function that ends it */
export const onExportProgress = (session: Session, listener: (progress: Progress) => void): (() => void) =>
  session.on('datasetExports.progress', listener);
