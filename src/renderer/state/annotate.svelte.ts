import { MaskSession } from './mask-session.svelte.ts';
import type { ToolName } from '../editor/tools/tool.ts';
import type { Session } from './session.svelte.ts';
import { SvelteSet } from 'svelte/reactivity';

interface Remembered {
  tool: ToolName;
  radius: number;
  classId: number;
  opacity: number;
  brightness: number;
}

/** What the Annotate place holds: the open mask, the tool and how things are shown. */
export class AnnotateState {
  mask = $state.raw<MaskSession | null>(null);
  error = $state('');
  tool = $state<ToolName>('brush');
  /** Brush radius in image pixels. */
  radius = $state(8);
  classId = $state(0);
  opacity = $state(0.55);
  brightness = $state(1);
  maskHidden = $state(false);
  readonly hiddenClasses = new SvelteSet<number>();
  readonly lockedClasses = new SvelteSet<number>();
  private readonly session: Session;
  private loading = 0;

  constructor(session: Session) {
    this.session = session;
    Object.assign(this, session.remembered<Partial<Remembered>>('annotate', {}));
    if (this.classId >= (session.dataset?.classes.length ?? 0)) this.classId = 0;
  }

  rememberSettings(): void {
    const { tool, radius, classId, opacity, brightness } = this;
    this.session.remember('annotate', { tool, radius, classId, opacity, brightness } satisfies Remembered);
  }

  /** Saves the open mask and opens another image's. */
  async open(imageId: string | null): Promise<void> {
    const turn = ++this.loading;
    const previous = this.mask;
    if (previous !== null && previous.imageId === imageId && previous.datasetId === this.session.dataset?.id) return;
    previous?.document.endStroke();
    await previous?.save();
    if (previous?.saveState === 'failed' && previous.imageId !== imageId && turn === this.loading) {
      // Strokes of a revision that is no longer the file's cannot come back by themselves: stay until the person has chosen.
      if (previous.conflict) {
        this.session.select(previous.imageId);
        return;
      }
      this.session.toasts.show(
        'error',
        `The mask of ${previous.imageId} could not be saved; its strokes are kept and come back when the image is opened.`,
      );
    }
    if (turn !== this.loading) return;
    this.error = '';
    if (imageId === null) {
      this.mask = null;
      return;
    }
    try {
      const loaded = await this.session.client.masks.load({ imageId, datasetId: this.session.dataset!.id });
      if (turn !== this.loading) return;
      const mask = new MaskSession(this.session, imageId, loaded);
      for (const id of this.lockedClasses) mask.document.setLocked(id, true);
      this.mask = mask;
    } catch (error) {
      if (turn !== this.loading) return;
      this.mask = null;
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  toggleLock(id: number): void {
    if (!this.lockedClasses.delete(id)) this.lockedClasses.add(id);
    this.mask?.document.setLocked(id, this.lockedClasses.has(id));
  }

  toggleHidden(id: number): void {
    if (!this.hiddenClasses.delete(id)) this.hiddenClasses.add(id);
  }

  setRadius(radius: number): void {
    this.radius = Math.min(150, Math.max(0.5, Math.round(radius * 2) / 2));
  }
}
