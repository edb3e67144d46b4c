import type { PredictionInfo, ReviewImage, ReviewMasks, ReviewResult } from '#shared/contract/review';
import { mapClasses, translated } from '#shared/classes/class-map';
import { changeBetween } from '#shared/metrics/change-between';
import { difference } from '#shared/metrics/split-change';
import { SvelteMap } from 'svelte/reactivity';
import { workSince, type WorkSince } from './review-change.ts';
import type { Session } from './session.svelte.ts';

/** Of what the other run's prediction is held against. */
interface HeldAgainst {
  readonly result: ReviewResult | null;
  /** Predictions of the same split by other runs. */
  readonly others: readonly PredictionInfo[];
}

/** What is known of another run's prediction. */
interface Known {
  id: string | null;
  result: ReviewResult | null;
  since: WorkSince | null;
}

/** The prediction of another run that the one under review is held against. Owned by `ReviewState`; it has nothing to be ended. */
export class OtherRun {
  /** Of its prediction; null for none. */
  id = $state<string | null>(null);
  result = $state.raw<ReviewResult | null>(null);
  /** What was done since that run; null while that is not known. */
  since = $state.raw<WorkSince | null>(null);
  private readonly session: Session;
  private readonly review: HeldAgainst;

  constructor(session: Session, review: HeldAgainst) {
    this.session = session;
    this.review = review;
  }

  get known(): Known {
    const { id, result, since } = this;
    return { id, result, since };
  }

  /** Shows what was known, or nothing. */
  show({ id, result, since }: Known = { id: null, result: null, since: null }): void {
    [this.id, this.result, this.since] = [id, result, since];
  }

  async choose(predictionId: string | null): Promise<void> {
    this.show({ id: predictionId, result: null, since: null });
    if (predictionId === null) return;
    await this.session.attempt(async () => {
      const result = await this.session.client.review.result({ predictionId });
      const since = await workSince(this.session, result.prediction.runId, this.review.result?.prediction.runId ?? result.prediction.runId);
      if (this.id === predictionId) this.show({ id: predictionId, result, since });
    });
  }

  /** It may have been renewed as well, or be gone. @throws what the workbench says */
  async refresh(): Promise<void> {
    const { id } = this;
    if (id === null) return;
    const isThere = this.review.others.some((other) => other.id === id);
    const result = isThere ? await this.session.client.review.result({ predictionId: id }) : null;
    if (this.id !== id) return;
    this.result = result;
    if (!result) this.show();
  }

  /** The prediction under review held against it; null without one, and where its classes are others. */
  readonly change = $derived.by(() => {
    const { result } = this.review;
    return this.result && result ? changeBetween(this.result, result) : null;
  });

  /** How much better an image's mIoU is under review than here; null where one of them has none. */
  gainOf(image: ReviewImage): number | null {
    return difference(this.scores.get(image.id) ?? null, image.miou);
  }

  private readonly scores = $derived(new SvelteMap(this.result?.images.map(({ id, miou }) => [id, miou]) ?? []));

  /** What it predicts of an image, in the ids of the prediction under review; null where it does not hold it. */
  async maskOf(imageId: string, { width, height }: ReviewMasks): Promise<Uint8Array | null> {
    const { result } = this;
    const { result: reviewed } = this.review;
    if (!result?.images.some(({ id }) => id === imageId) || !reviewed) return null;
    let found: ReviewMasks;
    try {
      found = await this.session.client.review.masks({ predictionId: result.prediction.id, imageId });
    } catch (error) {
      // Told, and reviewed without it.
      this.session.toasts.error(error);
      return null;
    }
    const { ids } = mapClasses(result.prediction.classes, reviewed.prediction.classes);
    // A photo that has another size by now has no masks to be compared.
    return found.width === width && found.height === height ? translated(found.prediction, ids) : null;
  }
}
