import { messageOf } from '#shared/errors';
import { inflate } from './mask-session.svelte.ts';
import type { Session } from './session.svelte.ts';

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

  /** Shows a revision; without one the oldest that is kept. Why it cannot be is told. */
  async begin(imageId: string, revision?: string): Promise<void> {
    const turn = ++this.turn;
    const { session } = this;
    const { edits } = session.client;
    try {
      const revisions = await edits.revisions({ imageId });
      const wanted = revision ?? revisions.find(({ origin }) => origin === 'original')?.revision ?? revisions.at(-1)?.revision;
      const info = revisions.find((each) => each.revision === wanted);
      if (!info) return void session.toasts.show('info', 'There is no earlier mask of this image to compare with.');
      const seen = await edits.look({ imageId, revision: info.revision });
      const ids = await inflate(seen.ids);
      if (turn === this.turn) [this.ids, this.madeAt] = [ids, info.createdAt];
    } catch (error) {
      if (turn === this.turn) session.toasts.show('error', messageOf(error));
    }
  }

  /** The mask at hand is shown again. */
  end(): void {
    this.turn++;
    this.ids = null;
  }
}
