import { messageOf } from '#shared/errors';
import { assetUrl } from '../api/assets.ts';
import type { Region } from '../editor/region.ts';
import type { Box, ImagePoint } from '../editor/units.ts';
import type { PhotoMap, Vision } from '../editor/vision.ts';
import type { Asks, FollowedMask, SuperpixelPicture } from '../vision/messages.ts';
import { startVisionWorker, type VisionWorker } from '../vision/start-worker.ts';
import type { Session } from './session.svelte.ts';

/** A slider that is being moved is followed at its own pace. */
const restMs = 120;

/** What is seen in the photo at hand, for tools that go by it; a worker looks, from when it is first wanted. Its owner closes it. */
export class PhotoVision implements Vision {
  status = $state<'off' | 'looking' | 'ready' | 'failed'>('off');
  /** Why nothing is seen. */
  problem = $state('');
  photo = $state.raw<PhotoMap | null>(null);
  superpixels = $state.raw<SuperpixelPicture | null>(null);
  private readonly session: Session;
  private worker: VisionWorker | null = null;
  private imageId: string | null = null;
  /** Whether the worker has been given the photo at hand. */
  private begun = false;
  private wanted = $state(false);
  /** Image pixels from one superpixel to the next; null while none are wanted. */
  private spacing = $state<number | null>(null);
  private turn = 0;
  private resting: ReturnType<typeof setTimeout> | null = null;

  readonly isLooking = $derived(
    this.wanted &&
      (this.status === 'off' || this.status === 'looking' || (this.status === 'ready' && this.spacing !== null && !this.superpixels)),
  );

  constructor(session: Session) {
    this.session = session;
  }

  /** An image is at hand; until `detach`. */
  attach(imageId: string): void {
    this.detach();
    this.imageId = imageId;
    if (this.wanted) void this.begin();
  }

  detach(): void {
    this.turn++;
    this.imageId = null;
    this.begun = false;
    this.photo = null;
    this.dropSuperpixels();
    [this.status, this.problem] = ['off', ''];
  }

  private dropSuperpixels(): void {
    if (this.resting) clearTimeout(this.resting);
    this.resting = null;
    this.superpixels?.borders.close();
    this.superpixels = null;
  }

  /** Whether the photo is wanted: without that, nobody looks at it. @param spacing null for no superpixels */
  want(wanted: boolean, spacing: number | null): void {
    const isOther = spacing !== this.spacing;
    [this.wanted, this.spacing] = [wanted, spacing];
    if (wanted && !this.begun) void this.begin();
    else if (isOther && this.status === 'ready') this.cutAnew();
  }

  private cutAnew(): void {
    if (this.resting) clearTimeout(this.resting);
    this.resting = setTimeout(() => void this.cut(this.turn), this.superpixels ? restMs : 0);
  }

  /** Looks at the photo at hand. */
  async begin(): Promise<void> {
    const { session, imageId } = this;
    const image = imageId === null ? undefined : session.images.get(imageId);
    const { dataset } = session;
    if (!image || !dataset) return;
    const turn = ++this.turn;
    this.begun = true;
    [this.status, this.problem] = ['looking', ''];
    try {
      const photo = await this.startedWorker().ask('photo', { address: assetUrl.image(dataset.id, image) });
      if (turn !== this.turn) return;
      this.photo = photo;
      this.status = 'ready';
      await this.cut(turn);
    } catch (error) {
      if (turn === this.turn) [this.status, this.problem] = ['failed', `The photo is not looked at: ${messageOf(error)}`];
    }
  }

  private async cut(turn: number): Promise<void> {
    const { spacing } = this;
    if (spacing === null || !this.worker || this.status !== 'ready') return;
    try {
      const found = await this.worker.ask('superpixels', { spacing });
      if (turn !== this.turn || spacing !== this.spacing) return found.borders.close();
      this.dropSuperpixels();
      this.superpixels = found;
    } catch (error) {
      if (turn === this.turn) [this.status, this.problem] = ['failed', `There are no superpixels: ${messageOf(error)}`];
    }
  }

  private startedWorker(): VisionWorker {
    this.worker ??= startVisionWorker((why) => {
      this.worker?.end();
      this.worker = null;
      // The next one has seen nothing: tools say so, and it is offered to look again.
      [this.begun, this.photo] = [false, null];
      this.dropSuperpixels();
      [this.status, this.problem] = ['failed', `The photo is not looked at any more: ${why}`];
    });
    return this.worker;
  }

  trace(from: ImagePoint, to: ImagePoint, within: Box): Promise<ImagePoint[]> {
    return this.startedWorker().ask('trace', { from, to, within });
  }

  /** Another image's mask as a proposal for this one, once this one has been looked at. */
  follow(asks: Asks<'follow'>): Promise<FollowedMask> {
    // What is asked for later is answered later.
    if (!this.begun) void this.begin();
    return this.startedWorker().ask('follow', asks);
  }

  /** A part of a mask, cleaned up. */
  cleanUp(asks: Asks<'cleanUp'>): Promise<Uint8Array> {
    return this.startedWorker().ask('cleanUp', asks);
  }

  cutOut(box: Box): Promise<Region | null> {
    return this.startedWorker().ask('cutOut', { box });
  }

  close(): void {
    this.detach();
    this.worker?.end();
    this.worker = null;
  }
}
