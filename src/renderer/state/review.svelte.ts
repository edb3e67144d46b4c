import type { BrokenPrediction, PredictionInfo, PredictionProgress, ReviewImage, ReviewResult } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import type { ClassInfo } from '#shared/classes/class-info';
import { counted } from '#shared/counted';
import { messageOf } from '#shared/errors';
import { Confusion } from '#shared/metrics/confusion';
import { sameJson } from '#shared/same-json';
import { voidId } from '#shared/mask/void-id';
import type { Pair, Patch } from '../editor/disagreement.ts';
import { OtherRun } from './other-run.svelte.ts';
import { ReviewFixes, type ReviewedImage } from './review-fixes.svelte.ts';
import { saveText } from './browser.ts';
import { trainOn } from './resume-run.ts';
import { runDetails } from './run-history.ts';
import type { Session } from './session.svelte.ts';
import { lookOf, looks, type Look } from './review-look.ts';
import { ReviewRanking } from './review-ranking.svelte.ts';
import { takeBack } from './take-back.ts';
import { offerBack } from './way-back.ts';
import { timeOnImages, type TimeSpent } from './time-spent.ts';

const rowOf = (result: ReviewResult | null, imageId: string) => result?.images.find(({ id }) => id === imageId);

/** What the Review place holds: which prediction, its scores, and the image looked at. */
export class ReviewState {
  runId = $state<string | null>(null);
  split = $state('val');
  predictions = $state.raw<PredictionInfo[]>([]);
  /** Predictions that cannot be read any more. */
  broken = $state.raw<BrokenPrediction[]>([]);
  result = $state.raw<ReviewResult | null>(null);
  progress = $state.raw<PredictionProgress | null>(null);
  /** Whether what is there has been asked for, and answered. */
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  /** Whether a prediction was asked for that has not begun: images are being read first. */
  asking = $state(false);
  image = $state.raw<ReviewedImage | null>(null);
  imageId = $state<string | null>(null);
  error = $state('');
  /** Images whose label was changed here since the split was predicted: its scores are of the labels before. */
  changedLabels = $state<string[]>([]);
  /** How the images are looked at when they are predicted next. */
  look = $state<Look>('run');
  /** The prediction that this one is held against. */
  readonly other: OtherRun;
  readonly fixes: ReviewFixes;
  readonly ranking: ReviewRanking;
  /** What is spent on the image under review: labels are fixed here too. */
  readonly time: TimeSpent;
  /** The prediction whose way of looking the next one has been given. */
  private lookedAt: string | null = null;
  /** The image whose split was turned to. */
  private sentFor: string | null = null;
  /** Grows with every image that is opened: an earlier one's answer, or one beside another run, is for nobody. */
  private opening = 0;
  /** Grows with every run or split that is chosen, likewise. */
  private choosing = 0;
  /** What was shown when the first of the choices under way was made; null while none is. */
  private shownBefore: { chosen: Pick<ReviewState, 'runId' | 'split' | 'changedLabels'>; other: OtherRun['known'] } | null = null;
  /** Whether the image under review was left for a choice: it is opened anew, also where that led back to it. */
  private opensAnew = false;
  /** How the runs of what is shown stood when it was read. */
  private readonly runsAsRead: Record<string, string> = {};
  private readonly session: Session;
  private readonly unsubscribes: (() => void)[];

  constructor(session: Session) {
    this.session = session;
    this.split = session.remembered('reviewSplit', 'val');
    this.other = new OtherRun(session, this);
    this.fixes = new ReviewFixes(session, this);
    this.ranking = new ReviewRanking(session, this);
    this.time = timeOnImages(session);
    this.unsubscribes = [
      session.onResync(() => this.load()),
      // Weights that are better by now, or gone, are told while one looks at what earlier ones predicted.
      session.on('runs.changed', (run) => void this.onRun(run)),
      session.on('review.progress', (progress) => {
        this.progress = progress;
        if (progress.state === 'finished') this.changedLabels = [];
        // What is cancelled keeps what there is of it.
        if (progress.state !== 'running') void session.attempt(() => this.refresh());
      }),
    ];
  }

  /** A run of what is shown has other weights now, or does not go on: what is said of them is read anew. */
  private async onRun({ id, status, bestEpoch, hasCheckpoint }: RunSummary): Promise<void> {
    if (id !== this.runId && id !== this.other.result?.prediction.runId) return;
    const now = `${status} ${bestEpoch} ${hasCheckpoint}`;
    if (this.runsAsRead[id] === now) return;
    this.runsAsRead[id] = now;
    if (this.state !== 'ready') return;
    await this.session.attempt(async () => {
      const { result } = this;
      if (id === this.other.result?.prediction.runId) await this.other.refresh();
      if (!result || id !== this.runId) return;
      const { renewal } = await this.session.client.review.result({ predictionId: result.prediction.id });
      // The image at hand, and a hand at its patches, stay as they are.
      if (this.result === result) this.result = { ...result, renewal: { ...result.renewal, newWeights: renewal.newWeights } };
    });
  }

  /** @throws what the workbench says */
  async load(): Promise<void> {
    try {
      await this.loadAll();
      this.state = 'ready';
    } catch (error) {
      if (this.state === 'loading') this.state = 'failed';
      throw error;
    }
  }

  private async loadAll(): Promise<void> {
    this.progress = await this.session.client.review.progress();
    const { session } = this;
    const known = [session.target.runId, this.runId, session.remembered<string | null>('reviewRun', null)].find((id) =>
      session.runs.some((run) => run.id === id),
    );
    this.runId = known ?? session.runs.find(({ hasCheckpoint }) => hasCheckpoint)?.id ?? null;
    // Whoever comes back, or whose connection was lost, is at the run that was sent for.
    if (session.target.runId && this.runId === session.target.runId) {
      session.remember('reviewRun', this.runId);
      session.arrived('runId');
    }
    const sentFor = session.images.get(session.target.imageId ?? '');
    // Once: whoever has chosen another split since is not brought back.
    if (sentFor && sentFor.id !== this.sentFor) session.remember('reviewSplit', (this.split = sentFor.split));
    this.sentFor = sentFor?.id ?? null;
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

  /** Whether what is chosen is being predicted, and not another run or split. */
  get isPredicting(): boolean {
    const { progress, runId, split } = this;
    return progress?.state === 'running' && progress.runId === runId && progress.split === split;
  }

  get prediction(): PredictionInfo | null {
    return this.predictions.find(({ runId, split }) => runId === this.runId && split === this.split) ?? null;
  }

  /** The classes that the prediction was made for: masks and scores of this place are of these. */
  get classes(): readonly ClassInfo[] {
    return this.session.inShownColours(this.result?.prediction.classes ?? this.session.dataset?.classes ?? []);
  }

  /** Predictions of this split by other runs. */
  get others(): PredictionInfo[] {
    return this.predictions.filter(({ runId, split }) => split === this.split && runId !== this.runId);
  }

  /** Holds this prediction against another run's, or against none. */
  async compareWith(predictionId: string | null): Promise<void> {
    await this.other.choose(predictionId);
    if (this.imageId) await this.open(this.imageId);
  }

  async choose(runId: string | null, split: string): Promise<void> {
    const turn = ++this.choosing;
    this.shownBefore ??= {
      chosen: { runId: this.runId, split: this.split, changedLabels: this.changedLabels },
      other: this.other.known,
    };
    this.opensAnew = true;
    // A pair is of the classes of one prediction.
    this.fixes.leave();
    this.fixes.choosePair(null);
    this.ranking.stop();
    this.runId = runId;
    this.split = split;
    this.changedLabels = [];
    this.other.show();
    // Under a name stands what is of it alone: where that cannot be read, what is shown is still of the one before.
    const isRead = await this.session.attempt(() => this.refresh());
    // Another one has been chosen meanwhile.
    if (turn !== this.choosing) return;
    const { shownBefore } = this;
    [this.shownBefore, this.opensAnew] = [null, false];
    if (!isRead && shownBefore) {
      Object.assign(this, shownBefore.chosen);
      this.other.show(shownBefore.other);
      return void (await this.session.attempt(() => this.fixes.begin()));
    }
    this.session.remember('reviewRun', runId);
    this.session.remember('reviewSplit', split);
  }

  async refresh(): Promise<void> {
    const { choosing } = this;
    ({ predictions: this.predictions, broken: this.broken } = await this.session.client.review.predictions());
    const { prediction, result: before, other } = this;
    const otherBefore = other.result;
    const result = prediction ? await this.session.client.review.result({ predictionId: prediction.id }) : null;
    // Another one has been chosen meanwhile, which is read by itself.
    if (choosing !== this.choosing) return;
    this.state = 'ready';
    const sortedBy = this.result?.prediction.classes.find(({ id }) => id === this.ranking.classId)?.name;
    this.result = result;
    this.ranking.sortByClass(sortedBy ?? null);
    // What is painted on the image at hand may not be in its file yet.
    const unsaved = this.changedLabels.filter((id) => id === this.imageId && !this.result?.renewal.changed.includes(id));
    this.changedLabels = [...(this.result?.renewal.changed ?? []), ...unsaved];
    if (prediction && prediction.id !== this.lookedAt) this.look = lookOf(prediction.protocol);
    this.lookedAt = prediction?.id ?? null;
    await this.other.refresh();
    void this.ranking.findUse();
    const wanted = this.session.target.imageId ?? this.imageId ?? this.session.remembered<string | null>('reviewImage', null);
    if (this.result) this.session.arrived('imageId', 'at');
    const next = this.result?.images.find(({ id }) => id === wanted) ?? this.ranking.images[0];
    if (next && !this.opensAnew && this.isAsBefore(before, otherBefore, next.id)) {
      // Scored with another label than when it came under review: that one is not known here.
      if (!sameJson(rowOf(before, next.id), rowOf(result, next.id))) this.fixes.forgetScored();
      return;
    }
    if (next) return this.open(next.id, true);
    this.fixes.leave();
    this.image = null;
  }

  /** Whether the image under review is as it was before a refresh: a hand that is at its patches is then not interrupted. */
  private isAsBefore(before: ReviewResult | null, otherBefore: ReviewResult | null, imageId: string): boolean {
    const { result, image, changedLabels } = this;
    const { result: other } = this.other;
    if (!before || !result || image?.id !== imageId) return false;
    // What is fixed here is shown as it is: its scores are of another label in any case.
    const isFixed = this.fixes.holds(imageId);
    if (!isFixed && changedLabels.includes(imageId)) return false;
    const told = (of: ReviewResult | null) =>
      of && [of.prediction.id, of.prediction.checkpointSha256, of.prediction.protocol, !isFixed && rowOf(of, imageId)];
    return sameJson([told(before), told(otherBefore)], [told(result), told(other)]);
  }

  /** Labels and predictions of the image under review as they are on the screen: its scores follow what is fixed. Null without a label. */
  readonly imageConfusion = $derived.by((): Confusion | null => {
    const { image } = this;
    if (!image?.hasLabel) return null;
    const confusion = new Confusion(this.classes.length);
    confusion.add(image.label, image.prediction);
    return confusion;
  });

  /** Asks of one pair of label and prediction alone: its images, its pixels. @param stays at the image at hand, as far as it has some */
  async choosePair(pair: Pair | null, stays = false): Promise<void> {
    this.fixes.choosePair(pair);
    if (!pair || (stays && this.fixes.chosen)) return;
    const [first] = this.ranking.images;
    if (first && first.id !== this.imageId) await this.open(first.id);
  }

  /**
   * @param again whether it is read anew, and nobody has asked for it: the patch that is looked at stays, or none does
   * @param back the patch that something was taken back on
   */
  async open(imageId: string, again = false, back: Patch | null = null): Promise<void> {
    const { prediction } = this;
    if (!prediction) return;
    const turn = ++this.opening;
    const isLeft = () => turn !== this.opening || this.imageId !== imageId;
    this.ranking.hold(imageId);
    this.imageId = imageId;
    // Whoever comes back from the editor is where they were.
    this.session.remember('reviewImage', imageId);
    this.time.turnTo(imageId);
    this.error = '';
    const at = again && this.image?.id === imageId ? this.fixes.chosen : undefined;
    this.fixes.leave();
    try {
      // What was fixed a moment ago is to be in the file that is read.
      if (this.changedLabels.includes(imageId) && this.session.blocked === null) await this.session.client.edits.save({ imageId });
      const masks = await this.session.client.review.masks({ predictionId: prediction.id, imageId });
      if (isLeft()) return;
      const other = await this.other.maskOf(imageId, masks);
      if (isLeft()) return;
      const { width, height, label } = masks;
      const none = new Uint8Array(width * height).fill(voidId);
      this.image = {
        id: imageId,
        predictionId: prediction.id,
        width,
        height,
        label: label ?? none,
        hasLabel: label !== null,
        prediction: masks.prediction,
        sureness: masks.sureness,
        other,
      };
      await this.fixes.begin(at, back);
    } catch (error) {
      // Of an image, or of a comparison, that was left it is nobody's.
      if (isLeft()) return;
      this.image = null;
      this.error = messageOf(error);
    }
  }

  /** Whether the split is predicted next as it was predicted: then only what changed is. */
  get looksAsBefore(): boolean {
    const { prediction } = this;
    return prediction === null || lookOf(prediction.protocol) === this.look;
  }

  /** The label of the image under review as it is now, in the prediction's ids. @param differs whether it is another than it was scored */
  labelIs(imageId: string, label: Uint8Array, differs: boolean): void {
    if (this.image?.id !== imageId) return;
    this.image = { ...this.image, label, hasLabel: true };
    this.noteChanged(imageId, differs);
  }

  /** Says whether the label of an image is another than it was scored. */
  noteChanged(imageId: string, differs: boolean): void {
    const others = this.changedLabels.filter((id) => id !== imageId);
    this.changedLabels = differs ? [...others, imageId] : others;
  }

  /** Goes to the next patch, and to the next image where this one has no more. */
  async stepPatch(by: 1 | -1): Promise<void> {
    // An image that is on its way is not passed over; one that cannot be opened is.
    if ((this.image?.id !== this.imageId && this.error === '') || (this.image && this.fixes.step(by))) return;
    const next = this.beside(by);
    if (!next) return;
    await this.open(next.id);
    // It may have been left meanwhile.
    if (this.imageId !== next.id || this.image?.id !== next.id) return;
    this.fixes.unpick();
    this.fixes.step(by);
  }

  step(by: 1 | -1): void {
    const next = this.beside(by);
    if (next) void this.open(next.id);
  }

  /** The image before or after the one at hand; that there is none is told. */
  private beside(by: 1 | -1): ReviewImage | null {
    const { images } = this.ranking;
    const at = images.findIndex(({ id }) => id === this.imageId);
    const next = images[at + by];
    if (!next && at >= 0)
      this.session.toasts.show('info', `This is the ${by > 0 ? 'last' : 'first'} of ${counted(images.length, 'image')}.`);
    return next ?? null;
  }

  async predict(): Promise<void> {
    const { runId, split } = this;
    if (runId === null) return;
    const look = looks[this.look];
    this.asking = true;
    await this.session.attempt(async () => {
      this.progress = await this.session.client.review.predict({ runId, split, look });
      if (this.progress.state === 'finished')
        this.session.toasts.show('info', 'Every image is as it was predicted: nothing was to be done.');
    });
    this.asking = false;
  }

  /** Saves a report of this prediction, and of what changed against the other run's, as a page that needs nothing besides itself. */
  async report(): Promise<void> {
    const { prediction, other, session } = this;
    if (!prediction) return;
    await session.attempt(async () => {
      const { name, html } = await session.client.review.report({ predictionId: prediction.id, against: other.id });
      saveText(name, html, 'text/html');
    });
  }

  /** Leaves the run's settings where Train finds them, to go on from what it has learnt with the labels as they are now. */
  async trainOn(): Promise<void> {
    const { runId, session } = this;
    if (runId === null) return;
    await session.attempt(async () => {
      const [run] = await runDetails(session, [runId]);
      trainOn(session, run);
    });
  }

  /** Takes the prediction as the label, as one step of its history; the message that follows takes it back. */
  async acceptPrediction(): Promise<void> {
    const { image, session } = this;
    // What is taken is what is shown: another run may have been chosen, and not be here yet.
    if (image?.predictionId !== this.prediction?.id || !image) return;
    const { predictionId } = image;
    const { dataset: of } = session;
    // A fix of before is still one once this is taken back.
    const differed = this.changedLabels.includes(image.id);
    await session.attempt(async () => {
      const { undo: step, stepped } = await session.client.edits.takePrediction({ imageId: image.id, predictionId });
      if (!stepped) return void session.toasts.show('info', `The label of ${image.id} is what is predicted already.`);
      await this.labelChanged(image.id, true);
      const text = `The prediction is the label of ${image.id} now.`;
      offerBack(session, { of, text, back: () => this.takeBack(image.id, step, differed) });
    });
  }

  private async takeBack(imageId: string, step: string | null, differs: boolean): Promise<void> {
    await takeBack(this.session, imageId, step);
    await this.labelChanged(imageId, differs);
  }

  /** Shows the label as it is now. @param differs whether it is another than the one that was scored */
  private async labelChanged(imageId: string, differs: boolean): Promise<void> {
    this.noteChanged(imageId, differs);
    if (this.imageId === imageId) await this.open(imageId);
  }

  destroy(): void {
    this.time.turnTo(null);
    this.ranking.stop();
    this.fixes.leave();
    for (const unsubscribe of this.unsubscribes) unsubscribe();
  }
}
