import type { ReviewImage, ReviewResult } from '#shared/contract/review';
import type { RunDetail } from '#shared/contract/runs';
import { changeBetween } from '#shared/metrics/change-between';
import { messageOf } from '#shared/errors';
import { nowText } from '../database.ts';
import { reportHtml, type ReportImage } from './report-html.ts';

/** Images of a report: the worst, and the best. */
const [mostWorst, mostBest] = [6, 3];

/** What a report is made from. */
export interface ReportSources {
  /** The data set, as it is called. */
  dataset: string;
  result: (predictionId: string) => ReviewResult;
  run: (runId: string) => Promise<RunDetail>;
  /** Photo, label and prediction of an image: JPEG. */
  picture: (predictionId: string, imageId: string) => Promise<Uint8Array>;
}

/**
 * Reports a prediction of a split with its run.
 * @param against another run's prediction of the same split, or null
 * @throws AppError 'not-found', 'corrupt-file'
 */
export async function makeReport(sources: ReportSources, predictionId: string, against: string | null) {
  const result = sources.result(predictionId);
  const other = against === null ? null : sources.result(against);
  const pictured = async ({ id, miou }: ReviewImage): Promise<ReportImage> => {
    try {
      return { id, miou, picture: await sources.picture(predictionId, id), why: null };
    } catch (error) {
      // One that is gone, or is damaged, is told of and keeps no report from being made.
      return { id, miou, picture: null, why: messageOf(error) };
    }
  };
  const scored = result.images.filter(({ miou }) => miou !== null);
  const worst = scored.slice(0, mostWorst);
  const best = scored.slice(worst.length).slice(-mostBest).reverse();
  const report = {
    dataset: sources.dataset,
    madeAt: nowText(),
    run: await sources.run(result.prediction.runId),
    result,
    worst: await Promise.all(worst.map(pictured)),
    best: await Promise.all(best.map(pictured)),
    against: other && {
      run: await sources.run(other.prediction.runId),
      result: other,
      change: changeBetween(other, result),
    },
  };
  const words = [report.run.summary.name, other ? `against ${other.prediction.runName}` : '', result.prediction.split];
  return {
    name: `${words
      .filter(Boolean)
      .join(' ')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .slice(0, 100)}.html`,
    html: reportHtml(report),
  };
}
