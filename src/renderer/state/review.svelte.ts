import type { BrokenPrediction, PredictionInfo, PredictionProgress, ReviewImage, ReviewResult } from '#shared/contract/review';
import type { ClassInfo } from '#shared/classes/class-info';
import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { Session } from './session.svelte.ts';
import { takeBack } from './take-back.ts';

/** The masks of one image under review, in the prediction's class ids. */
export interface ReviewedImage {
  id: string;
  width: number;
  height: number;
  label: Uint8Array;
  hasLabel: boolean;
  prediction: Uint8Array;
}

/** What the Review place holds: which prediction, its scores, and the image looked at. */
export class ReviewState {
  runId = $state<string | null>(null);
  split = $state('val');
  predictions = $state.raw<PredictionInfo[]>([]);
  /** Predictions that cannot be read any more. */
  broken = $state.raw<BrokenPrediction[]>([]);
  result = $state.raw<ReviewResult | null>(null);
  progress = $state.raw<PredictionProgress | null>(null);
  image = $state.raw<ReviewedImage | null>(null);
  imageId = $state<string | null>(null);
  error = $state('');
  /** Sorts by this class's IoU instead of the mean. */
  classId = $state<number | null>(null);
  /** Images whose label was changed here since the split was predicted: its scores are of the labels before. */
  changedLabels = $state<string[]>([]);
  private readonly session: Session;
  private readonly unsubscribes: (() => void)[];

  constructor(session: Session) {
    this.session = session;
    this.split = session.remembered('reviewSplit', 'val');
    this.unsubscribes = [
      session.onResync(() => this.load()),
      session.on('review.progress', (progress) => {
        this.progress = progress;
        if (progress.state === 'finished') {
          this.changedLabels = [];
          void this.refresh();
        }
        if (progress.state === 'finished' && progress.message) session.toasts.show('error', progress.message);
        if (progress.state === 'failed') session.toasts.show('error', progress.message ?? 'The prediction failed.');
      }),
    ];
  }

  async load(): Promise<void> {
    this.progress = await this.session.client.review.progress();
    const known = [this.session.target.runId, this.session.remembered<string | null>('reviewRun', null)].find((id) =>
      this.session.runs.some((run) => run.id === id),
    );
    this.runId = known ?? this.session.runs.find(({ hasCheckpoint }) => hasCheckpoint)?.id ?? null;
    if (!this.session.dataset?.splits.some(({ name }) => name === this.split)) this.split = this.session.dataset?.splits[0]?.name ?? 'val';
    await this.refresh();
  }

  async cancel(): Promise<void> {
    await this.session.attempt(() => this.session.client.review.cancel());
  }

  /** Removes the predictions that cannot be read: their splits can be predicted again. */
  async removeBroken(): Promise<void> {
    const { review } = this.session.client;
    for (const { id } of this.broken) await this.session.attempt(() => review.removeBroken({ id }));
    await this.refresh();
  }

  get prediction(): PredictionInfo | null {
    return this.predictions.find(({ runId, split }) => runId === this.runId && split === this.split) ?? null;
  }

  /** The classes that the prediction was made for: masks and scores of this place are of these. */
  get classes(): readonly ClassInfo[] {
    return this.session.inShownColours(this.result?.prediction.classes ?? this.session.dataset?.classes ?? []);
  }

  async choose(runId: string | null, split: string): Promise<void> {
    this.runId = runId;
    this.split = split;
    this.session.remember('reviewRun', runId);
    this.session.remember('reviewSplit', split);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    ({ predictions: this.predictions, broken: this.broken } = await this.session.client.review.predictions());
    const { prediction } = this;
    this.result = prediction ? await this.session.client.review.result({ predictionId: prediction.id }) : null;
    const wanted = this.session.target.imageId ?? this.imageId;
    const next = this.result?.images.find(({ id }) => id === wanted) ?? this.ranked[0];
    if (next) await this.open(next.id);
    else this.image = null;
  }

  /** The images, worst first. */
  get ranked(): ReviewImage[] {
    const { result, classId } = this;
    if (!result) return [];
    if (classId === null) return result.images;
    const score = (image: ReviewImage) => image.perClassIou[classId] ?? 2;
    return [...result.images].sort((a, b) => score(a) - score(b));
  }

  async open(imageId: string): Promise<void> {
    const { prediction } = this;
    if (!prediction) return;
    this.imageId = imageId;
    this.error = '';
    try {
      const masks = await this.session.client.review.masks({ predictionId: prediction.id, imageId });
      if (this.imageId !== imageId) return;
      const { width, height, label } = masks;
      const none = new Uint8Array(width * height).fill(voidId);
      this.image = { id: imageId, width, height, label: label ?? none, hasLabel: label !== null, prediction: masks.prediction };
    } catch (error) {
      this.image = null;
      this.error = messageOf(error);
    }
  }

  step(by: 1 | -1): void {
    const { ranked } = this;
    const next = ranked[ranked.findIndex(({ id }) => id === this.imageId) + by];
    if (next) void this.open(next.id);
  }

  async predict(): Promise<void> {
    const { runId, split } = this;
    if (runId === null) return;
    await this.session.attempt(async () => (this.progress = await this.session.client.review.predict({ runId, split })));
  }

  /** Takes the prediction as the label, as one step of its history; the message that follows takes it back. */
  async acceptPrediction(): Promise<void> {
    const { image, prediction, session } = this;
    if (!image || !prediction) return;
    await session.attempt(async () => {
      const { undo: step } = await session.client.edits.takePrediction({ imageId: image.id, predictionId: prediction.id });
      await this.labelChanged(image.id, true);
      session.toasts.show('info', `The prediction is the label of ${image.id} now.`, {
        label: 'Undo',
        run: () => void session.attempt(() => this.takeBack(image.id, step)),
      });
    });
  }

  private async takeBack(imageId: string, step: string | null): Promise<void> {
    await takeBack(this.session, imageId, step);
    await this.labelChanged(imageId, false);
  }

  /** Shows the label as it is now. @param differs whether it is another than the one that was scored */
  private async labelChanged(imageId: string, differs: boolean): Promise<void> {
    const others = this.changedLabels.filter((id) => id !== imageId);
    this.changedLabels = differs ? [...others, imageId] : others;
    if (this.imageId === imageId) await this.open(imageId);
  }

  destroy(): void {
    for (const unsubscribe of this.unsubscribes) unsubscribe();
  }
}
