import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { CleanUp, CleanUpKind } from '../editor/clean-up.ts';
import type { Region } from '../editor/region.ts';
import type { Box } from '../editor/units.ts';
import type { MaskSession } from './mask-session.svelte.ts';
import type { PhotoVision } from './photo-vision.svelte.ts';

/** A hand that paints on, or turns a number, is followed at its own pace. */
const restMs = 150;
/** More pixels at once would take more memory than a browser gives. */
const mostPixels = 16e6;

/** Of which kinds all classes can be cleaned at once. */
export const cleansAll = (kind: CleanUpKind): boolean => kind === 'specks' || kind === 'smooth';

/** What a person has set of a clean-up, and what would change in the mask at hand. Its owner closes it. */
export class CleanUpState implements CleanUp {
  kind = $state<CleanUpKind>('holes');
  /** Pixels: the largest hole, what is a speck, or how far. */
  readonly amounts = $state<Record<CleanUpKind, number>>({ holes: 200, specks: 50, grow: 1, shrink: 1, smooth: 2, join: 0, replace: 0 });
  /** Whether all classes are cleaned, where that can be. */
  all = $state(true);
  /** The class that is replaced. */
  replaced = $state(voidId);
  part = $state.raw<Box | null>(null);
  change = $state.raw<Region | null>(null);
  /** How many pixels would change. */
  count = $state(0);
  status = $state<'off' | 'looking' | 'ready' | 'failed'>('off');
  problem = $state('');
  private readonly vision: PhotoVision;
  private turn = 0;
  private resting: ReturnType<typeof setTimeout> | null = null;

  constructor(vision: PhotoVision) {
    this.vision = vision;
  }

  look(part: Box | null): void {
    this.part = part;
  }

  /** Looks anew, in a moment. @param id the class in hand @param classes how many there are */
  lookSoon(mask: MaskSession, id: number, classes: number): void {
    this.drop();
    if (this.kind === 'join') return;
    this.status = 'looking';
    this.resting = setTimeout(() => void this.find(mask, id, classes), restMs);
  }

  private async find(mask: MaskSession, id: number, classes: number): Promise<void> {
    const { turn, kind, all, replaced } = this;
    const { document } = mask;
    const box = this.part ?? { left: 0, top: 0, ...document.size };
    try {
      if (box.width * box.height > mostPixels) {
        const have = `this image has ${document.size.width} x ${document.size.height}`;
        throw new Error(`at most ${mostPixels / 1e6} million pixels are cleaned up at once, and ${have}: drag a box around a part`);
      }
      const ids = document.within(box);
      const size = { width: box.width, height: box.height };
      const amount = this.amounts[kind];
      const task = { kind: kind as Exclude<CleanUpKind, 'join'>, id, all: all && cleansAll(kind), replaced, amount, classes };
      const cleaned = await this.vision.cleanUp({ ...task, ids, size });
      if (turn !== this.turn) return;
      const selected = cleaned.map((each, at) => (each !== ids[at] && document.mayPaint(ids[at]) ? 1 : 0));
      this.count = selected.reduce((sum, is) => sum + is, 0);
      this.change = this.count > 0 ? { box, selected, ids: cleaned } : null;
      this.status = 'ready';
    } catch (error) {
      const text = messageOf(error);
      const wayOut = /memory/i.test(text) ? '. Drag a box around a part of the image: that takes less' : '';
      if (turn === this.turn) [this.status, this.problem] = ['failed', `Nothing is cleaned up: ${text}${wayOut}`];
    }
  }

  /** Another image, or none: the part was of the one before. */
  leave(): void {
    this.part = null;
    this.drop();
  }

  /** Nothing is shown any more; what is on its way comes to nothing. */
  drop(): void {
    if (this.resting) clearTimeout(this.resting);
    this.turn++;
    [this.resting, this.change, this.count, this.status, this.problem] = [null, null, 0, 'off', ''];
  }
}
