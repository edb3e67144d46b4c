// A careful person in Review: looks at an image's patches, the largest first, and takes the prediction where that is right.
import { Disagreement, type DisagreementOptions, type Patch } from '../../src/renderer/editor/disagreement.ts';
import type { ReviewMasks } from '../../src/shared/contract/review.ts';
import { forEachSelected, type Region } from '../../src/renderer/editor/region.ts';

/** Which patches are looked at. */
type AskedPatches = Pick<DisagreementOptions, 'smallest' | 'sureFrom'>;

/** Seconds that are assumed: to see an image, and to look at a patch and decide. */
export interface Pace {
  image: number;
  patch: number;
}

export interface Looked {
  seconds: number;
  /** Patches that were looked at. */
  patches: number;
  /** What of them is taken, with the predicted ids; null for nothing. */
  region: Required<Region> | null;
  taken: number;
}

/** Whether most of a patch is truly what is predicted. */
function isRight(disagreement: Disagreement, patch: Patch, truth: Uint8Array): boolean {
  const { width } = disagreement.size;
  let right = 0;
  forEachSelected(disagreement.region(patch), (x, y) => {
    if (truth[y * width + x] === patch.predicted) right++;
  });
  return 2 * right > patch.pixels;
}

/** @param truth the true label, in the prediction's ids */
export function lookAt(
  { width, height, label, prediction, sureness }: ReviewMasks,
  truth: Uint8Array,
  asked: AskedPatches,
  pace: Pace,
): Looked {
  const disagreement = new Disagreement(label!, prediction, { width, height }, { sureness, ...asked });
  const { patches } = disagreement;
  const right = patches.filter((patch) => isRight(disagreement, patch, truth));
  const seconds = pace.image + patches.length * pace.patch;
  return { seconds, patches: patches.length, region: disagreement.together(right), taken: right.length };
}
