import type { PredictionInfo, PredictionProgress, ReviewImage, ReviewResult } from '#shared/contract/review';
import { messageOf } from '#shared/errors';
import type { Session } from './session.svelte.ts';

/** The three masks of one image under review. */
export interface ReviewedImage {
  id: string;
  width: number;
  height: number;
  label: Uint8Array;
  labelRevision: string | null;
  hasLabel: boolean;
  prediction: Uint8Array;
}

/** What the Review place holds: which prediction, its scores, and the image looked at. */
export class ReviewState {
  runId = $state<string | null>(null);
  split = $state('val');
  predictions = $state.raw<PredictionInfo[]>([]);
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
  private readonly unsubscribe: () => void;

  constructor(session: Session) {
    this.session = session;
    this.split = session.remembered('reviewSplit', 'val');
    this.unsubscribe = session.on('review.progress', (progress) => {
      this.progress = progress;
      if (progress.state === 'finished') {
        this.changedLabels = [];
        void this.refresh();
      }
      if (progress.state === 'finished' && progress.message) session.toasts.show('error', progress.message);
      if (progress.state === 'failed') session.toasts.show('error', progress.message ?? 'The prediction failed.');
    });
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

  get prediction(): PredictionInfo | null {
    return this.predictions.find(({ runId, split }) => runId === this.runId && split === this.split) ?? null;
  }

  async choose(runId: string | null, split: string): Promise<void> {
    this.runId = runId;
    this.split = split;
    this.session.remember('reviewRun', runId);
    this.session.remember('reviewSplit', split);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    this.predictions = await this.session.client.review.predictions();
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
      const [label, predicted] = await Promise.all([
        this.session.client.masks.load({ imageId }),
        this.session.client.review.mask({ predictionId: prediction.id, imageId }),
      ]);
      if (this.imageId !== imageId) return;
      this.image = {
        id: imageId,
        width: label.width,
        height: label.height,
        label: label.ids,
        labelRevision: label.revision,
        hasLabel: label.revision !== null,
        prediction: predicted.ids,
      };
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

  /** Saves the prediction as the label; the message that follows takes it back. */
  async acceptPrediction(): Promise<void> {
    const { image } = this;
    if (!image) return;
    const before = image.label;
    const datasetId = this.session.dataset!.id;
    const save = (ids: Uint8Array, baseRevision: string | null) =>
      this.session.client.masks.save({ imageId: image.id, datasetId, width: image.width, height: image.height, ids, baseRevision });
    await this.session.attempt(async () => {
      const saved = await save(image.prediction, image.labelRevision);
      if (this.imageId === image.id)
        this.image = { ...image, label: image.prediction.slice(), labelRevision: saved.revision, hasLabel: true };
      this.changedLabels = [...this.changedLabels.filter((id) => id !== image.id), image.id];
      this.session.toasts.show('info', `The prediction is the label of ${image.id} now.`, {
        label: 'Undo',
        run: () =>
          void this.session.attempt(async () => {
            // An image that had no label has none again.
            const undone = image.hasLabel ? await save(before, saved.revision) : null;
            if (!undone) await this.session.client.masks.remove({ imageId: image.id, datasetId, baseRevision: saved.revision });
            this.changedLabels = this.changedLabels.filter((id) => id !== image.id);
            if (this.imageId === image.id) this.image = { ...image, labelRevision: undone?.revision ?? null, hasLabel: undone !== null };
          }),
      });
    });
  }

  destroy(): void {
    this.unsubscribe();
  }
}
