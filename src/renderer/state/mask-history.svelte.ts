import type { RevisionInfo } from '#shared/contract/edits';
import { messageOf } from '#shared/errors';
import type { Session } from './session.svelte.ts';
import { unrepair } from './problem-fixes.ts';
import { takeBack } from './take-back.ts';
import { offerBack } from './way-back.ts';

/** The past of one image's mask, newest first. */
export class MaskHistoryState {
  revisions = $state.raw<RevisionInfo[]>([]);
  error = $state('');
  private readonly session: Session;
  private readonly imageId: string;
  private closed = false;

  constructor(session: Session, imageId: string) {
    this.session = session;
    this.imageId = imageId;
  }

  async load(): Promise<void> {
    try {
      const revisions = await this.session.client.edits.revisions({ imageId: this.imageId });
      if (this.closed) return;
      this.revisions = revisions;
      this.error = '';
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  /** Takes an earlier mask again, as one step that can be undone. */
  async restore({ revision }: RevisionInfo): Promise<void> {
    const { session, imageId } = this;
    const { dataset: of } = session;
    await session.attempt(async () => {
      const { undo: step, stepped, replaced } = await session.client.edits.restore({ imageId, revision });
      if (!stepped && !replaced) return void session.toasts.show('info', `The mask of ${imageId} has the same labels already.`);
      const text = `The earlier mask of ${imageId} is its mask again.`;
      const back = () => (replaced ? unrepair(session, [imageId]) : takeBack(session, imageId, step));
      offerBack(session, { of, text, back });
    });
  }

  close(): void {
    this.closed = true;
  }
}
