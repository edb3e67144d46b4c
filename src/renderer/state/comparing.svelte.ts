import type { RevisionInfo } from '#shared/contract/edits';
import { messageOf } from '#shared/errors';
import { inflate } from './mask-session.svelte.ts';
import type { Session } from './session.svelte.ts';

/** Earlier masks that are tried: an image's first ones may have had another size, until they were put right. */
const mostTried = 4;

/** Those of before anybody painted first, then the rest; of each the oldest first. @param revisions newest first */
function oldestFirst(revisions: readonly RevisionInfo[]): RevisionInfo[] {
  const oldest = [...revisions].reverse();
  return [...oldest.filter(({ origin }) => origin === 'original'), ...oldest.filter(({ origin }) => origin !== 'original')];
}

/** An earlier mask of the image at hand that is looked at for as long as something is held. */
export class Comparing {
  /** The mask that is shown instead; null while none is. */
  ids = $state.raw<Uint8Array | null>(null);
  /** When it was made. */
  madeAt = $state('');
  private readonly session: Session;
  private turn = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** Shows a revision; without one the oldest that fits the image. Why it cannot be is told. */
  async begin(imageId: string, revision?: string): Promise<void> {
    const turn = ++this.turn;
    const { session } = this;
    try {
      const revisions = await session.client.edits.revisions({ imageId });
      const wanted = revision === undefined ? oldestFirst(revisions) : revisions.filter((each) => each.revision === revision);
      const seen = await this.firstOf(imageId, wanted.slice(0, mostTried));
      if (!seen) return void session.toasts.show('info', 'There is no earlier mask of this image to compare with.');
      if (turn === this.turn) [this.ids, this.madeAt] = [seen.ids, seen.madeAt];
    } catch (error) {
      if (turn === this.turn) session.toasts.show('error', messageOf(error));
    }
  }

  /** @returns the first that can be shown; null of none @throws why the last cannot be */
  private async firstOf(imageId: string, [info, ...others]: readonly RevisionInfo[]): Promise<{ ids: Uint8Array; madeAt: string } | null> {
    if (!info) return null;
    try {
      const { ids } = await this.session.client.edits.look({ imageId, revision: info.revision });
      return { ids: await inflate(ids), madeAt: info.createdAt };
    } catch (error) {
      if (others.length === 0) throw error;
      return this.firstOf(imageId, others);
    }
  }

  /** The mask at hand is shown again. */
  end(): void {
    this.turn++;
    this.ids = null;
  }
}
