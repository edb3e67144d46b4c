import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { assetUrl } from '../api/assets.ts';
import { copiedLabels, Proposed } from '../editor/proposed.ts';
import { inflate, type MaskSession } from './mask-session.svelte.ts';
import type { PhotoVision } from './photo-vision.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Which image's mask is proposed: the one before or after, or one by its id. */
export type OtherImage = 'previous' | 'next' | { id: string };

/** What is not of the class set is not proposed: it has other codes in another mask. */
const classesOnly = (ids: Uint8Array, classes: number): Uint8Array => ids.map((id) => (id < classes ? id : voidId));

/** Another image's mask as a proposal for the one at hand, moved to where things are by now. */
export class OtherMask {
  status = $state<'off' | 'looking' | 'ready' | 'failed'>('off');
  /** Why nothing is proposed. */
  problem = $state('');
  proposed = $state.raw<Proposed | null>(null);
  /** The image whose mask it is. */
  from = $state<string | null>(null);
  /** Share of the mask that was moved. */
  moved = $state(0);
  private readonly session: Session;
  private readonly vision: PhotoVision;
  private turn = 0;

  constructor(session: Session, vision: PhotoVision) {
    this.session = session;
    this.vision = vision;
  }

  private idOf(other: OtherImage): string | null {
    if (typeof other === 'object') return other.id;
    return this.session.neighbour(other === 'next' ? 1 : -1)?.id ?? null;
  }

  /** Looks at another image's mask. @param fixed cells of the proposal that are not to be taken over */
  async look(mask: MaskSession, other: OtherImage, fixed: Uint16Array | null): Promise<void> {
    this.drop();
    const turn = this.turn;
    const { session } = this;
    const id = this.idOf(other);
    const image = id === null ? undefined : session.images.get(id);
    if (!image || !session.dataset) return this.fail(`There is no ${typeof other === 'string' ? other : 'such'} image here`);
    if (image.id === mask.imageId) return this.fail('That is the image at hand: choose another one');
    [this.status, this.from] = ['looking', image.id];
    try {
      const opened = await session.client.edits.open({ imageId: image.id, window: session.windowId });
      for (const note of opened.notes) session.toasts.show('info', note);
      const ids = classesOnly(await inflate(opened.ids), session.dataset.classes.length);
      const size = { width: opened.width, height: opened.height };
      const found = await this.vision.follow({ address: assetUrl.image(session.dataset.id, image), ids, size });
      if (turn !== this.turn) return;
      if (found.regions.length === 0) return this.fail(`Nothing of ${image.name} is labelled`);
      this.proposed = new Proposed(found, mask.document.size, fixed, copiedLabels);
      [this.status, this.moved] = ['ready', found.moved];
    } catch (error) {
      if (turn === this.turn) this.fail(`The mask of ${image.name} is not proposed: ${messageOf(error)}`);
    }
  }

  private fail(problem: string): void {
    [this.status, this.problem] = ['failed', problem];
  }

  /** Nothing is proposed any more; what is on its way comes to nothing. */
  drop(): void {
    this.turn++;
    [this.status, this.problem, this.proposed, this.from] = ['off', '', null, null];
  }
}
