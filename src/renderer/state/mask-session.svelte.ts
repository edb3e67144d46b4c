import type { LoadedMask } from '#shared/contract/masks';
import { AppError, messageOf } from '#shared/errors';
import { MaskDocument } from '../editor/document.ts';
import type { Session } from './session.svelte.ts';

export type SaveState = 'saved' | 'unsaved' | 'saving' | 'failed';

const autosaveMs = 600;

/** The mask of one image under edit: loads it, journals every stroke, saves it by itself. */
export class MaskSession {
  readonly imageId: string;
  readonly document: MaskDocument;
  readonly readOnlyReason: string | null;
  saveState = $state<SaveState>('saved');
  savedAt = $state<string | null>(null);
  canUndo = $state(false);
  canRedo = $state(false);
  /** Grows with every finished change, for what is derived from the mask. */
  version = $state(0);
  private readonly session: Session;
  /** Whether the last save failed because another program had changed the file. */
  conflict = false;
  readonly datasetId: string;
  private revision: string | null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private saving: Promise<void> | null = null;
  private journaling: Promise<unknown> = Promise.resolve();

  constructor(session: Session, imageId: string, mask: LoadedMask) {
    this.session = session;
    this.imageId = imageId;
    this.datasetId = session.dataset!.id;
    this.revision = mask.revision;
    this.readOnlyReason = mask.readOnlyReason;
    this.document = new MaskDocument(mask.ids, { width: mask.width, height: mask.height });
    this.document.onCommit((patch) => {
      this.journaling = session.client.masks
        .journal({ imageId, datasetId: this.datasetId, baseRevision: this.revision, patch })
        .catch((error: unknown) => session.toasts.error(error));
      this.refresh();
      this.schedule();
    });
    if (mask.recoveredStrokes > 0) {
      session.toasts.show('info', `${mask.recoveredStrokes} strokes that had not been saved were recovered.`);
      this.document.history.markSaved(-1);
      this.refresh();
      this.schedule();
    }
  }

  private refresh(): void {
    const { history } = this.document;
    this.canUndo = history.canUndo;
    this.canRedo = history.canRedo;
    this.version++;
    if (this.saveState !== 'saving') this.saveState = history.dirty ? 'unsaved' : 'saved';
  }

  private schedule(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), autosaveMs);
  }

  /** Writes the mask file if it differs. A failed save keeps the mask unsaved and says why. */
  async save(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    // An open stroke may still be rolled back: what it has painted must not reach the file.
    if (this.document.strokeOpen) return this.schedule();
    while (this.saving) await this.saving;
    if (!this.document.history.dirty || this.readOnlyReason || this.document.strokeOpen) return;
    this.saving = this.write();
    await this.saving;
    this.saving = null;
  }

  /** After a conflict, and only when the person asks for it: saves this mask over the other program's. */
  private async keepMine(): Promise<void> {
    const theirs = await this.session.client.masks.load({ imageId: this.imageId, datasetId: this.datasetId });
    this.revision = theirs.revision;
    await this.save();
  }

  private async write(): Promise<void> {
    const { document } = this;
    const mark = document.history.mark();
    this.saveState = 'saving';
    try {
      // A stroke journaled for this revision must not arrive after the save that makes a new one.
      await this.journaling;
      const saved = await this.session.client.masks.save({
        imageId: this.imageId,
        datasetId: this.datasetId,
        ...document.size,
        ids: document.ids.slice(),
        baseRevision: this.revision,
      });
      this.revision = saved.revision;
      this.savedAt = saved.savedAt;
      this.conflict = false;
      document.history.markSaved(mark);
      this.saveState = document.history.dirty ? 'unsaved' : 'saved';
    } catch (error) {
      this.saveState = 'failed';
      this.conflict = error instanceof AppError && error.code === 'conflict';
      const again = this.conflict
        ? { label: 'Keep mine', run: () => void this.session.attempt(() => this.keepMine()) }
        : { label: 'Try again', run: () => void this.save() };
      this.session.toasts.show('error', messageOf(error), again);
    }
  }
}
