import type { ClassInfo } from '#shared/classes/class-info';
import type { KeptLabel, ReviewResult } from '#shared/contract/review';
import { isSameClass, mapClasses, translated } from '#shared/classes/class-map';
import { AppError } from '#shared/errors';
import { forEachChanged, sameIds } from '#shared/mask/patch';
import { voidId } from '#shared/mask/void-id';
import { Serial } from '#shared/serial';
import { Disagreement, usualSmallest, type DisagreementOptions, type Pair, type Patch } from '../editor/disagreement.ts';
import { everyId, type Ink } from '../editor/ink.ts';
import type { Sureness } from '#shared/metrics/sureness';
import { confident } from '#shared/metrics/sureness';
import { forEachSelected, type Region } from '../editor/region.ts';
import { MaskSession } from './mask-session.svelte.ts';
import type { Session } from './session.svelte.ts';

/** The masks of one image under review, in the prediction's class ids. */
export interface ReviewedImage {
  id: string;
  /** The prediction that its masks are of, and in whose classes. */
  predictionId: string;
  width: number;
  height: number;
  label: Uint8Array;
  hasLabel: boolean;
  prediction: Uint8Array;
  /** How sure the network is; null where that was not kept. */
  sureness: Sureness | null;
  /** What another run predicts, in the same ids; null where none is compared. */
  other: Uint8Array | null;
}

/** What is under review. */
interface UnderReview {
  readonly image: ReviewedImage | null;
  readonly result: ReviewResult | null;
  readonly classes: readonly ClassInfo[];
  /** The label of an image is another one now. */
  labelIs(imageId: string, label: Uint8Array, differs: boolean): void;
  /** Images whose label is another than it was scored. */
  readonly changedLabels: readonly string[];
  /** Whether the label of an image is another than it was scored. */
  noteChanged(imageId: string, differs: boolean): void;
  /**
   * Brings an image under review.
   * @param again whether nobody has asked for it: the patch that is looked at stays
   * @param back the patch that something was taken back on
   */
  open(imageId: string, again?: boolean, back?: Patch | null): Promise<void>;
}

/** The labels of strokes that are made here, as undo and history name them. */
const labels = { prediction: 'Prediction', void: 'Not labelled', sure: 'Sure predictions' };

/** Which patches are asked of. */
export type AskedPatches = Pick<DisagreementOptions, 'smallest' | 'sureFrom'>;

/** How an image was before something was done on it. */
interface Before {
  imageId: string;
  /** Whether the label was another than it was scored before. */
  differed: boolean;
  /** What it was scored as then. */
  result: ReviewResult | null;
  /** The patch that was in hand, and is again after it was taken back. */
  patch: Patch | null;
}

/** A thing that was done here, which undo takes back: also after the next image has come. */
type Deed = Before & ({ kind: 'stroke'; stroke: string } | { kind: 'kept'; id: number });

/**
 * Where label and prediction of the image under review differ, patch by patch, and what a person does about it: take the prediction,
 * keep the label, or label nothing. Labels are painted with the editor's own session of the mask, which ends with the image.
 */
export class ReviewFixes {
  /** The pair of label and prediction that alone is asked of. */
  pair = $state.raw<Pair | null>(null);
  patches = $state.raw<readonly Patch[]>([]);
  /** Patches of fewer pixels are not asked of, nor those that the network is less sure of, 0 to 1. */
  asked = $state.raw<AskedPatches>({ smallest: usualSmallest, sureFrom: 0 });
  /** The patch that is asked of. */
  chosen = $state.raw<Patch | null>(null);
  /** Whether the patches that the network is sure of are shown alone, to be taken together. */
  previews = $state(false);
  private readonly session: Session;
  private readonly review: UnderReview;
  private disagreement: Disagreement | null = null;
  private kept: readonly KeptLabel[] = [];
  private deeds = $state.raw<readonly Deed[]>([]);
  private mask: MaskSession | null = null;
  private stopListening: () => void = () => undefined;
  private renewing = false;
  private readonly undos = new Serial();
  /** Grows with every image: what was asked for the one before is for nobody. */
  private turn = 0;
  /** The patch that comes into hand with the next finding of patches: something was taken back on it. */
  private wanted: Patch | null = null;
  /** The label as it was scored; null where that is not known. */
  private scored: Uint8Array | null = null;

  constructor(session: Session, review: UnderReview) {
    this.session = session;
    this.review = review;
    this.asked = session.remembered('reviewAsked', this.asked);
  }

  /** Asks of other patches. */
  askOf(changes: Partial<AskedPatches>): void {
    this.asked = { ...this.asked, ...changes };
    this.session.remember('reviewAsked', this.asked);
    this.renew();
  }

  /** Another image is under review, or none. What was painted is main's. */
  leave(): void {
    this.turn++;
    this.stopListening();
    this.stopListening = () => undefined;
    this.mask?.close();
    [this.mask, this.disagreement, this.kept] = [null, null, []];
    [this.patches, this.chosen, this.previews, this.wanted] = [[], null, false, null];
  }

  /** The image has been scored anew while it stayed under review: with which label is not known here. */
  forgetScored(): void {
    this.scored = null;
  }

  /** Whether the mask of an image is painted here. */
  holds(imageId: string): boolean {
    return this.mask?.imageId === imageId;
  }

  /**
   * The image under review has its masks.
   * @param at the patch that was looked at where they are read anew: no other one is asked of then
   * @param back the patch that something was taken back on: it comes into hand, where it is found again
   */
  async begin(at?: Patch | null, back: Patch | null = null): Promise<void> {
    const { image } = this.review;
    this.leave();
    if (!image?.hasLabel) return;
    this.scored = this.review.changedLabels.includes(image.id) ? null : image.label;
    // Whoever asks of one pair sees the first of its patches, also where the image came after the question.
    this.choosePair(this.pair);
    if (at !== undefined) this.chosen = this.foundAgain(at);
    this.chosen = this.foundAgain(back) ?? this.chosen;
    const kept = await this.session.client.review.kept({ imageId: image.id });
    if (this.review.image?.id !== image.id || kept.length === 0) return;
    this.kept = kept;
    this.renew();
  }

  /** Whether something is to be taken back. */
  get canUndo(): boolean {
    return this.deeds.length > 0;
  }

  /** The image on which something would be taken back; null where that is the one under review, or nothing is. */
  get undoesOn(): string | null {
    const imageId = this.deeds.at(-1)?.imageId ?? null;
    return imageId === this.review.image?.id ? null : imageId;
  }

  /** Why nothing can be changed here; null where it can. */
  get blocked(): string | null {
    return this.review.result?.foreign ?? this.session.blocked ?? this.session.dataset?.readOnlyReason ?? null;
  }

  /** Asks of one pair alone, or of all again. */
  choosePair(pair: Pair | null): void {
    this.pair = pair;
    this.renew();
    this.chosen = pair ? (this.patches[0] ?? null) : null;
  }

  /** Finds the patches anew: the label is another one, or what counts is. */
  private renew(): void {
    const { image } = this.review;
    if (!image?.hasLabel) return;
    const { label, prediction, width, height } = image;
    const { chosen, wanted } = this;
    this.wanted = null;
    const at = chosen ? this.patches.indexOf(chosen) : -1;
    this.disagreement = new Disagreement(
      label,
      prediction,
      { width, height },
      {
        pair: this.pair,
        kept: this.keptPixels(),
        ...this.asked,
        sureness: image.sureness,
      },
    );
    this.patches = this.disagreement.patches;
    // The one that is looked at stays; where it is gone the next one comes up in its place.
    const next = at < 0 ? null : (this.patches[Math.min(at, this.patches.length - 1)] ?? null);
    this.chosen = this.foundAgain(wanted) ?? this.foundAgain(chosen) ?? next;
  }

  /** A patch that was found before, where it is still there. */
  private foundAgain(sought: Patch | null): Patch | null {
    return sought && (this.patches.find((patch) => isSame(patch, sought)) ?? null);
  }

  /** Pixels that still have the label that a person has kept. */
  private keptPixels(): Uint8Array | null {
    const { image, classes } = this.review;
    if (!image || this.kept.length === 0) return null;
    const pixels = new Uint8Array(image.label.length);
    for (const { left, top, width, height, pixels: bits, name, value } of this.kept) {
      if (left + width > image.width || top + height > image.height) continue;
      const own = classes.find((each) => isSameClass(each, value === null ? { name } : { name, value }));
      forEachChanged({ left, top, width, height, changed: bits }, image.width, (index) => {
        if (image.label[index] === own?.id) pixels[index] = 1;
      });
    }
    return pixels;
  }

  /** Goes to the patch under a point. @returns whether there is one */
  pick(at: { x: number; y: number }): boolean {
    const patch = this.disagreement?.at(at) ?? null;
    if (patch) this.chosen = patch;
    return patch !== null;
  }

  unpick(): void {
    this.chosen = null;
  }

  /** Goes to the next patch. @returns whether the image has one more */
  step(by: 1 | -1): boolean {
    const at = this.chosen ? this.patches.indexOf(this.chosen) : by > 0 ? -1 : this.patches.length;
    const next = this.patches[at + by];
    if (next) this.chosen = next;
    return next !== undefined;
  }

  /** Labels the chosen patch with what is predicted, or with nothing. */
  async take(what: 'prediction' | 'void'): Promise<void> {
    const { image, result } = this.review;
    const patch = this.chosen;
    if (!image || !result || !patch || !this.disagreement || this.blocked !== null) return;
    const region = this.disagreement.region(patch);
    await this.session.attempt(async () => {
      const mask = await this.editing(image.id);
      if (!mask) return;
      const { ids } = mapClasses(result.prediction.classes, this.session.dataset!.classes);
      const id = what === 'void' ? voidId : ids[patch.predicted];
      this.paint(mask, patch, labels[what], region, { id, only: ids[patch.label] });
    });
  }

  /** The patches that the network is sure of, by 95 %: of those that are asked of. */
  get sure(): readonly Patch[] {
    return this.patches.filter(({ confidence }) => confidence !== null && confidence >= confident);
  }

  /** What taking all sure patches would paint, in the prediction's ids; null while that is not being looked at. */
  get preview(): Required<Region> | null {
    return this.previews ? (this.disagreement?.together(this.sure) ?? null) : null;
  }

  /** Labels all patches that the network is sure of with what is predicted, as one step. */
  async takeSure(): Promise<void> {
    const { image, result } = this.review;
    const { chosen } = this;
    const region = this.disagreement?.together(this.sure);
    this.previews = false;
    if (!image || !result || !region || this.blocked !== null) return;
    await this.session.attempt(async () => {
      const mask = await this.editing(image.id);
      if (!mask) return;
      const { ids } = mapClasses(result.prediction.classes, this.session.dataset!.classes);
      // What has another label by now was not looked at.
      const [now, { box }] = [mask.document.within(region.box), region];
      const own = mapClasses(this.session.dataset!.classes, result.prediction.classes).ids;
      const selected = new Uint8Array(region.selected.length);
      forEachSelected(region, (x, y, i) => (selected[i] = own[now[i]] === image.label[y * image.width + x] ? 1 : 0));
      this.paint(mask, chosen, labels.sure, { box, selected, ids: region.ids.map((id) => ids[id]) }, { id: voidId });
    });
  }

  /** Remembers that the label of the chosen patch is right, so that it is not asked of again. */
  async keep(): Promise<void> {
    const { image, classes } = this.review;
    const patch = this.chosen;
    if (!image || !patch || !this.disagreement || this.blocked !== null) return;
    const { name, value = null } = classes[patch.label];
    const label = { ...patch.box, pixels: bitsOf(this.disagreement.region(patch)), name, value };
    await this.session.attempt(async () => {
      const id = await this.session.client.review.keep({ imageId: image.id, label });
      if (this.review.image?.id !== image.id) return;
      this.kept = [...this.kept, { ...label, id }];
      this.done({ ...this.before(image.id, patch), kind: 'kept', id });
      this.renew();
    });
  }

  /** Takes back what was done last, and shows the image that it was done on. */
  async undo(): Promise<void> {
    const deed = this.deeds.at(-1);
    if (!deed) return;
    const { blocked, mask } = this;
    if (blocked !== null) return this.session.toasts.show('info', blocked);
    // Whoever presses again at once takes back what lies below.
    const { deeds } = this;
    this.deeds = deeds.filter((each) => each !== deed);
    if (!this.session.images.has(deed.imageId)) return;
    if (deed.kind === 'stroke' && mask?.imageId === deed.imageId && mask.newestOwn === deed.stroke) {
      this.wanted = deed.patch;
      return mask.undo();
    }
    const isBack = await this.session.attempt(() => this.undos.run(() => this.takeBack(deed)));
    if (!isBack) this.deeds = this.deeds.toSpliced(deeds.indexOf(deed), 0, deed);
  }

  private async takeBack(deed: Deed): Promise<void> {
    const { imageId } = deed;
    if (deed.kind === 'kept') await this.session.client.review.forgetKept({ id: deed.id });
    else if (!(await this.undoStroke(imageId, deed.stroke, deed.differed || deed.result !== this.review.result))) return;
    if (deed.kind === 'kept' && this.review.image?.id === imageId) {
      this.kept = this.kept.filter(({ id }) => id !== deed.id);
      this.wanted = deed.patch;
      return this.renew();
    }
    if (this.review.result?.images.some(({ id }) => id === imageId)) {
      return this.review.open(imageId, this.review.image?.id === imageId, deed.patch);
    }
    this.session.toasts.show('info', `What was done last on ${imageId} is taken back.`);
  }

  /** Takes a stroke back of whose mask no session is open here. @returns whether it was the newest step: what came since is not ours */
  private async undoStroke(imageId: string, stroke: string, differed: boolean): Promise<boolean> {
    const { client, toasts } = this.session;
    // The stroke itself may not have come to the workbench yet.
    if (this.session.unsafeStrokes > 0) throw new AppError('busy', 'A stroke is still on its way to the workbench: undo in a moment');
    const taken = await client.edits.undo({ imageId, own: { stroke, name: this.session.nextStroke() } });
    if (taken !== null) {
      this.review.noteChanged(imageId, differed);
      // Main saves it by itself in any case.
      await this.session.attempt(() => client.edits.save({ imageId }));
      return true;
    }
    // Nor are the strokes below.
    this.deeds = this.deeds.filter((each) => each.kind !== 'stroke' || each.imageId !== imageId);
    toasts.show('info', `${imageId} has been painted on since: undo it in the editor.`);
    return false;
  }

  /** @param patch that was in hand when it was asked for: another one may be by now */
  private before(imageId: string, patch: Patch | null): Before {
    const { changedLabels, result } = this.review;
    return { imageId, differed: changedLabels.includes(imageId), result, patch };
  }

  /** Paints as one step, which undo takes back. A patch that has its class already is no stroke, and nothing to take back. */
  private paint(mask: MaskSession, patch: Patch | null, label: string, region: Region, ink: Ink): void {
    const { newestOwn: below } = mask;
    mask.document.paintStroke(label, region, ink, everyId);
    const { newestOwn: stroke } = mask;
    if (stroke !== null && stroke !== below) this.done({ ...this.before(mask.imageId, patch), kind: 'stroke', stroke });
  }

  private done(deed: Deed): void {
    this.deeds = [...this.deeds, deed];
  }

  /** The mask of the image under review, opened with the first change. @returns null if the image is another one by then */
  private async editing(imageId: string): Promise<MaskSession | null> {
    if (this.mask) return this.mask;
    const { turn } = this;
    const mask = await MaskSession.open(this.session, imageId);
    if (turn !== this.turn || this.mask) {
      mask.close();
      return turn === this.turn ? this.mask : null;
    }
    this.mask = mask;
    this.stopListening = mask.document.onChange(() => this.labelChanged());
    return mask;
  }

  /** The label is another one: what is shown follows once for all that changes in one turn. */
  private labelChanged(): void {
    if (this.renewing) return;
    this.renewing = true;
    queueMicrotask(() => {
      this.renewing = false;
      const { mask } = this;
      const { result } = this.review;
      if (!mask || !result) return;
      const { ids } = mapClasses(this.session.dataset!.classes, result.prediction.classes);
      const label = translated(mask.document.ids, ids);
      this.review.labelIs(mask.imageId, label, this.scored === null || !sameIds(label, this.scored));
      this.renew();
    });
  }
}

function bitsOf({ box, selected }: Region): Uint8Array {
  const bits = new Uint8Array(Math.ceil((box.width * box.height) / 8));
  selected.forEach((value, i) => value && (bits[i >> 3] |= 1 << (i & 7)));
  return bits;
}

const isSame = (a: Patch, b: Patch): boolean =>
  a.label === b.label &&
  a.predicted === b.predicted &&
  a.pixels === b.pixels &&
  (['left', 'top', 'width', 'height'] as const).every((side) => a.box[side] === b.box[side]);
