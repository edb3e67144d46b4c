import type { ClassInfo } from '#shared/classes/class-info';
import type { ReviewImage, ReviewResult } from '#shared/contract/review';
import type { Pair } from '../editor/disagreement.ts';
import { Doubt } from './doubt.svelte.ts';
import type { WorkStage } from './image-filter.ts';
import { inOrder, type ReviewOrder } from './review-order.ts';
import type { Session } from './session.svelte.ts';

/** What is put in order. */
interface Reviewed {
  readonly result: ReviewResult | null;
  readonly classes: readonly ClassInfo[];
  readonly fixes: { readonly pair: Pair | null };
  /** The run that it is held against. */
  readonly other: { readonly change: unknown; gainOf: (image: ReviewImage) => number | null };
}

/** Which images of what is reviewed are gone through, and in which order. The review it belongs to ends it. */
export class ReviewRanking {
  /** Sorts by this class's IoU instead of the mean. */
  classId = $state<number | null>(null);
  /** How far the work on the images is that are shown; null for any. */
  stage = $state<WorkStage | null>(null);
  readonly doubt: Doubt;
  private wanted = $state<ReviewOrder>('iou');
  /** Places of images in the order of use, by their ids; null while that is not known. */
  private useful = $state.raw<Readonly<Record<string, number>> | null>(null);
  /** What that order is of. */
  private usefulOf = '';
  /** The image at hand stays where it was in the list, whatever becomes of it: the next one is counted from it. */
  private held = $state.raw<{ id: string; stage: WorkStage } | null>(null);
  private readonly session: Session;
  private readonly review: Reviewed;

  constructor(session: Session, review: Reviewed) {
    this.session = session;
    this.review = review;
    this.doubt = new Doubt(session);
    this.wanted = session.remembered('reviewOrder', 'iou');
  }

  /** The order in force: what has become worse or better is known against another run alone. */
  get order(): ReviewOrder {
    const { wanted } = this;
    return (wanted === 'worsened' || wanted === 'improved') && !this.review.other.change ? 'iou' : wanted;
  }

  by(order: ReviewOrder): void {
    this.wanted = order;
    this.session.remember('reviewOrder', order);
    this.doubt.stop();
    void this.findUse();
  }

  /** The images in their order, those whose work is as far as is asked for. */
  readonly images = $derived.by((): ReviewImage[] => {
    const { stage, session } = this;
    if (stage === null) return this.ordered;
    return this.ordered.filter(({ id }) => {
      const image = session.images.get(id);
      return image !== undefined && (this.isHeld(id) || session.work.stageOf(image) === stage);
    });
  });

  /** The images, worst first; of a chosen pair those that have it, the most pixels first. */
  private readonly ordered = $derived.by((): ReviewImage[] => {
    const { classId, order, useful } = this;
    const { result, fixes, other } = this.review;
    if (!result) return [];
    const { pair } = fixes;
    if (pair) {
      const count = (image: ReviewImage) => this.pixelsOf(image, pair);
      return result.images.filter((image) => count(image) > 0).sort((a, b) => count(b) - count(a));
    }
    return inOrder(result.images, { order, classId, useful, gainOf: (image) => other.gainOf(image) });
  });

  /** Pixels of an image with one label that are predicted as another class, when the split was predicted. */
  pixelsOf({ confusion }: ReviewImage, { label, predicted }: Pair): number {
    return confusion?.[label * this.review.classes.length + predicted] ?? 0;
  }

  /** The class that it is sorted by keeps its name from one result to the next, not its place. @param name null for none */
  sortByClass(name: string | null): void {
    this.classId = this.review.result?.prediction.classes.find((each) => each.name === name)?.id ?? null;
  }

  /** Keeps an image that is opened where it is in the list. */
  hold(imageId: string): void {
    const { stage } = this;
    this.held = stage !== null && this.images.some(({ id }) => id === imageId) ? { id: imageId, stage } : null;
  }

  private isHeld(imageId: string): boolean {
    return this.held?.id === imageId && this.held.stage === this.stage;
  }

  /** Looks at the images of the prediction where they are ordered by what would teach its run most. */
  async findUse(): Promise<void> {
    if (this.order !== 'useful') return;
    const { session, doubt } = this;
    const { result } = this.review;
    const subject = result ? `${result.prediction.id} ${result.prediction.checkpointSha256}` : '';
    if (!result || (this.usefulOf === subject && result.images.every(({ id }) => this.useful?.[id] !== undefined))) return;
    [this.useful, this.usefulOf] = [null, subject];
    const images = result.images.flatMap(({ id }) => session.images.get(id) ?? []);
    await session.attempt(async () => {
      const { runId, checkpointSha256 } = result.prediction;
      const ids = await doubt.order(images, runId, checkpointSha256);
      if (ids && this.usefulOf === subject) this.useful = Object.fromEntries(ids.map((id, place) => [id, place]));
    });
  }

  /** Ends looking at images. */
  stop(): void {
    this.doubt.stop();
  }
}
