import { messageOf } from '#shared/errors';
import { assignKey, keyedClasses, type KeyAssignment } from './class-keys.ts';
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
  /** What a person said of the keys of classes, in this data set. */
  private assigned = $state.raw<KeyAssignment>({});
  /** The ids of classes by their keys. */
  readonly keyed = $derived.by(() => keyedClasses(this.classNames, this.assigned));
  /** Puts the hand where a class is found by typing; null while that is not on the page. */
  findClass: (() => void) | null = null;
  private readonly session: Session;
  private datasetId: string | null = null;
  private readonly stopListening: () => void;
  private loading = 0;

  constructor(session: Session) {
    this.session = session;
    Object.assign(this, session.remembered<Partial<Remembered>>('annotate', {}));
    if (this.classId >= (session.dataset?.classes.length ?? 0)) this.classId = 0;
    // Locked and hidden classes stay so over a change of place, as long as the window is open.
    const { locked, hidden } = session.classMarks;
    for (const id of locked) this.lockedClasses.add(id);
    for (const id of hidden) this.hiddenClasses.add(id);
    this.assigned = session.remembered<KeyAssignment>(this.keysName, {});
    // What could not be opened while the workbench did not answer is opened now.
    this.stopListening = session.onResync(async () => {
      if (!this.mask) await this.retry();
    });
  }

  private get classNames(): string[] {
    return this.session.dataset?.classes.map(({ name }) => name) ?? [];
  }

  private get keysName(): string {
    return `classKeys:${this.session.dataset?.id}`;
  }

  assignKey(key: string, classId: number): void {
    this.assigned = assignKey(this.classNames, this.assigned, key, classId);
    this.session.remember(this.keysName, this.assigned);
  }

  rememberSettings(): void {
    const { tool, radius, classId, opacity, brightness } = this;
    this.session.remember('annotate', { tool, radius, classId, opacity, brightness } satisfies Remembered);
  }

  /** Opens another image's mask. The one before leaves the window at once: main saves it. */
  async open(imageId: string | null): Promise<void> {
    const { mask: previous, session } = this;
    if (previous?.imageId === imageId && previous !== null && this.datasetId === session.dataset?.id) return;
    const turn = ++this.loading;
    previous?.close();
    // Nothing may be painted on the image before while this one is being read.
    this.mask = null;
    this.error = '';
    if (this.datasetId !== session.dataset?.id) this.assigned = session.remembered<KeyAssignment>(this.keysName, {});
    this.datasetId = session.dataset?.id ?? null;
    if (imageId === null) return;
    try {
      const mask = await MaskSession.open(session, imageId);
      if (turn !== this.loading) return mask.close();
      for (const id of this.lockedClasses) mask.document.setLocked(id, true);
      this.mask = mask;
    } catch (error) {
      if (turn === this.loading) this.error = messageOf(error);
    }
  }

  /** Opens the image anew: its photo has another size now. */
  reopen(): Promise<void> {
    this.mask?.close();
    this.mask = null;
    return this.retry();
  }

  /** Reads the image's mask again, after an error. */
  retry(): Promise<void> {
    return this.open(this.session.imageId);
  }

  /** The place is left: what is open goes on in main. */
  close(): void {
    this.loading++;
    this.stopListening();
    this.session.classMarks = { locked: [...this.lockedClasses], hidden: [...this.hiddenClasses] };
    this.mask?.close();
    this.mask = null;
  }

  toggleLock(id: number): void {
    if (!this.lockedClasses.delete(id)) this.lockedClasses.add(id);
    this.mask?.document.setLocked(id, this.lockedClasses.has(id));
  }

  /** Nobody should paint blind: the class in hand is shown. */
  showPainted(): void {
    this.maskHidden = false;
    this.hiddenClasses.delete(this.classId);
  }

  toggleHidden(id: number): void {
    if (!this.hiddenClasses.delete(id)) this.hiddenClasses.add(id);
  }

  setRadius(radius: number): void {
    this.radius = Math.min(150, Math.max(0.5, Math.round(radius * 2) / 2));
  }
}
