import { counted } from '#shared/counted';
import type { EditChange, EditProblem, EditState, OpenedMask, SaveState } from '#shared/contract/edits';
import { packPatch, sameIds, type MaskPatch, type WirePatch } from '#shared/mask/patch';
import type { ClassInfo } from '#shared/classes/class-info';
import { areSameClasses, classesKey } from '#shared/classes/class-map';
import { AppError, messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import { learnedLabel } from './assist-labels.ts';
import { OwnSteps, type Move } from './own-steps.ts';
import { successorOf } from './class-successor.ts';
import { inTermsOf, withAgain, type Pending } from './pending-strokes.ts';
import { MaskDocument, type Stroke } from '../editor/document.ts';
import type { Session } from './session.svelte.ts';

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes.slice()]).stream().pipeThrough(stream)).arrayBuffer());
}

/** The bytes of raw deflate. */
export const inflate = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, new DecompressionStream('deflate-raw'));

/** Bytes as raw deflate. */
const deflate = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, new CompressionStream('deflate-raw'));

async function unpackPatch({ packed, ...patch }: WirePatch): Promise<MaskPatch> {
  return packed ? { ...patch, changed: await inflate(patch.changed), values: await inflate(patch.values) } : patch;
}

/** An answer usually takes a few of these; a stroke that waits longer is on a line that may break. */
const quietMs = 1000;
const readAgainMs = 1500;
/** How often it is looked whether the stroke in hand has ended. */
const strokeLookMs = 100;

/**
 * The mask of one image in this window: paints at once, sends every stroke to main and takes over what others paint. What main has not
 * acknowledged is sent again after a lost connection, under its name, so that it is done once. Undo and redo of the window's own newest
 * strokes are painted at once too; main does the same step or none, and what it did is what the mask becomes.
 */
export class MaskSession {
  readonly imageId: string;
  readonly document: MaskDocument;
  saveState = $state<SaveState>('saved');
  savedAt = $state<string | null>(null);
  /** What undo and redo would do; null where there is nothing. */
  undoLabel = $state<string | null>(null);
  redoLabel = $state<string | null>(null);
  problem = $state.raw<EditProblem | null>(null);
  /** Whether the image has another size by now: the mask is then to be opened anew. */
  isOutgrown = $state(false);
  /** Grows with every change, for what is derived from the mask. */
  version = $state(0);
  private readonly session: Session;
  /** The data set that it was opened in: its strokes go nowhere else. */
  private readonly datasetId: string | undefined;
  /** Those that what waits is painted with. */
  private classes: readonly ClassInfo[];
  private readonly unsubscribes: (() => void)[];
  private pending: Pending[] = [];
  /** What is being sent and is not answered: main has painted it maybe, and may yet give it up. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly unanswered = new Set<Pending>();
  private readonly own = new OwnSteps();
  /** What main's undo and redo would do. */
  private next: { undo: string | null; redo: string | null } = { undo: null, redo: null };
  private readonly incoming = new Serial();
  private readonly outgoing = new Serial();
  private readonly readings = new Serial();
  private closed = false;
  /** The newest that main has said. */
  private heard: EditState | null = null;
  /** When main answered last, or was first asked since: what waits for long may be lost with the window. */
  private heardAt = 0;
  private again: ReturnType<typeof setTimeout> | null = null;
  /** Why the mask could not be read last; null where it could. */
  private unread: string | null = null;
  private undoEnds = false;
  /** Whether the window shows what is not in the mask. */
  private astray = false;
  /** Whether something that was done could not be sent, or the mask is being read anew: what comes after it waits behind it. */
  private stalled = false;
  /** Changes that come while the whole mask is being read anew; null while it is not. */
  private held: EditChange[] | null = null;

  private constructor(session: Session, opened: OpenedMask, ids: Uint8Array) {
    this.session = session;
    this.datasetId = session.dataset?.id;
    this.classes = session.dataset?.classes ?? [];
    this.imageId = opened.imageId;
    this.document = new MaskDocument(ids, { width: opened.width, height: opened.height }, foreignOf(opened));
    this.takeState(opened);
    for (const note of opened.notes) session.toasts.show('info', note);
    this.unsubscribes = [
      this.document.onCommit((stroke) => this.send(stroke)),
      this.document.onChange(() => this.version++),
      session.on('edits.change', (change) => change.imageId === this.imageId && this.takeChange(change)),
      session.on('edits.state', (state) => state.imageId === this.imageId && this.takeState(state)),
      session.on('edits.reopen', ({ imageId, text }) => imageId === this.imageId && void this.reopen(text)),
      session.onResync(() => this.resync()),
      session.keep(this),
    ];
  }

  /** @throws AppError if image or mask cannot be read */
  static async open(session: Session, imageId: string): Promise<MaskSession> {
    const early: EditChange[] = [];
    const states: EditState[] = [];
    const stops = [
      session.on('edits.change', (change) => change.imageId === imageId && early.push(change)),
      session.on('edits.state', (state) => state.imageId === imageId && states.push(state)),
    ];
    try {
      const opened = await session.client.edits.open({ imageId, window: session.windowId });
      const mask = new MaskSession(session, opened, await inflate(opened.ids));
      // What others painted while this was on its way is not in it.
      for (const change of early) if (change.seq > opened.seq) mask.takeChange(change);
      for (const state of states) mask.takeState(state);
      return mask;
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Why nothing can be painted now; null where it can. */
  get blocked(): string | null {
    return this.session.blocked;
  }

  /** Why the mask is read only; null where it is not. */
  get readOnlyReason(): string | null {
    return this.session.dataset?.readOnlyReason ?? null;
  }

  /** Strokes that are not safe yet. */
  get unacknowledged(): number {
    return this.pending.length;
  }

  /** Takes over what main says, unless it has said something newer. */
  private takeState(said: EditState): void {
    if (!this.heard || said.told >= this.heard.told) this.heard = said;
    const state = this.heard;
    const unsafe = this.pending.length > 0 || state.durable < state.seq;
    this.saveState = state.state === 'saved' && unsafe ? 'unsaved' : state.state;
    this.savedAt = state.savedAt;
    this.next = state;
    this.tellNext();
    this.undoEnds = state.undoEnds;
    this.problem = state.problem;
  }

  /** On top of main's steps are those that the window knows to be its own, as far as it knows any. */
  private tellNext(): void {
    const { undo, redo, known } = this.own;
    this.undoLabel = undo?.label ?? this.next.undo;
    this.redoLabel = known ? (redo?.label ?? null) : this.next.redo;
  }

  /** Changes are taken over one after the other, as main made them, also where one has to be unpacked first. */
  private takeChange(change: EditChange): void {
    void this.incoming.run(async () => {
      try {
        await this.apply(change);
      } catch (error) {
        // What cannot be taken over leaves the window with another mask than main's: it is read anew.
        this.session.toasts.error(error);
        void this.resync();
      }
    });
  }

  private async apply(change: EditChange): Promise<void> {
    if (this.held) return void this.held.push(change);
    const place = this.pending.findIndex(({ id }) => id === change.stroke);
    const mine = place < 0 ? null : this.pending[place];
    // Its turn has come in main's order; the window has painted it already.
    if (mine?.kind === 'stroke') return this.settled([mine.id]);
    const patch = change.patch.packed ? await unpackPatch(change.patch) : change.patch;
    if (mine) return this.moved(mine, patch);
    // Others' steps lie on the window's now.
    this.own.forget();
    this.tellNext();
    this.document.applyRemote(patch, this.patches());
    // Main has the words for it: an earlier or another program's mask may bring what was not there when this was read.
    if (this.document.hasUnnamed(this.classes.length)) void this.resync();
  }

  /** Main has moved the same step. What lay below it is main's to say: another may have painted there before the stroke came. */
  private moved(mine: Pending, patch: MaskPatch): void {
    const later = this.pending.slice(this.pending.indexOf(mine) + 1);
    if (!sameIds(mine.patch.values, patch.values)) this.document.applyRemote(patch, patchesOf(later));
    this.settled([mine.id]);
  }

  /** These strokes are main's now, or nobody's. */
  private settled(ids: readonly string[]): void {
    this.pending = this.pending.filter(({ id }) => !ids.includes(id));
    this.heardAt = performance.now();
    this.end();
  }

  private patches(): MaskPatch[] {
    return patchesOf(this.pending);
  }

  private send({ label, patch, before }: Stroke): void {
    const id = this.session.nextStroke();
    this.own.push(id, { label, patch, before });
    this.happened({ id, kind: 'stroke', patch, label, stroke: id });
  }

  private happened(pending: Pending): void {
    if (this.pending.length === 0) this.heardAt = performance.now();
    this.pending.push(pending);
    this.saveState = 'unsaved';
    this.tellNext();
    if (!this.stalled) this.transmit(pending);
  }

  /** Sends what was done in its order, also where a stroke has to be packed first. */
  private transmit(pending: Pending): void {
    this.unanswered.add(pending);
    void this.outgoing.run(async () => {
      const patch = pending.kind === 'stroke' ? await packPatch(pending.patch, deflate) : null;
      if (this.isHere) return void this.deliver(pending, patch);
      // It goes nowhere else, and waits.
      this.unanswered.delete(pending);
      this.pending = withAgain(this.pending, pending);
    });
  }

  private ask({ id, kind, label, stroke }: Pending, patch: WirePatch | null): Promise<unknown> {
    const { imageId } = this;
    const { edits } = this.session.client;
    if (kind === 'stroke') return edits.stroke({ imageId, stroke: id, label, patch: patch!, classes: classesKey(this.classes) });
    return edits[kind]({ imageId, own: { stroke, name: id } });
  }

  private async deliver(pending: Pending, patch: WirePatch | null): Promise<void> {
    const { id } = pending;
    const { classes } = this;
    try {
      const done = await this.ask(pending, patch);
      if (done === null && this.pending.includes(pending)) await this.overtaken(pending);
    } catch (error) {
      // While the workbench does not answer, has another data set open or its folder is away, the stroke waits here, and is sent again
      // when that is over.
      const code = error instanceof AppError ? error.code : null;
      if (code === 'cancelled' || code === 'disconnected' || code === 'conflict' || code === 'not-found') {
        this.stalled = true;
        // Main may have painted it and not kept it: its end, or a disk that took nothing, came first.
        for (const again of this.inTerms([pending], classes).pending) this.pending = withAgain(this.pending, again);
        // Its data set is being closed, maybe to be opened again at once.
        if (code === 'cancelled') return this.retrySoon();
        // Where it is this mask that is in the way, and not another data set, nobody else has it read.
        const isOwn = code === 'conflict' && this.isHere && !this.session.isAway;
        return code === 'not-found' || isOwn ? this.readLater(error) : undefined;
      }
      this.session.toasts.error(error);
      await this.takeAway(id);
    } finally {
      this.unanswered.delete(pending);
      this.end();
    }
  }

  /** What was done here is not in the mask: the window shows the mask. */
  private async takeAway(id: string): Promise<void> {
    this.astray = true;
    this.settled([id]);
    await this.resync();
  }

  /** Main's newest step was another one by then, so nothing was moved. */
  private async overtaken({ id, kind, label }: Pending): Promise<void> {
    await this.takeAway(id);
    const what = kind === 'undo' ? 'taken back' : 'done again';
    this.session.toasts.show('info', `"${label}" was not ${what} here: it is not the newest step of ${this.imageId} any more.`);
  }

  private async reopen(text: string): Promise<void> {
    this.session.toasts.show('info', text);
    await this.resync();
  }

  /** The stroke in hand comes to its end before the mask under it is another. */
  private async handRests(): Promise<void> {
    while (this.document.strokeOpen && !this.closed) await new Promise((resolve) => setTimeout(resolve, strokeLookMs));
  }

  /** Reads the mask anew and sends again what main does not know; one reading after the other. */
  async resync(): Promise<void> {
    if (!this.isHere) return;
    try {
      await this.readings.run(() => this.readAnew());
      this.unread = null;
    } catch (error) {
      // Its mask does not fit its photo any more: the place shows why, and what helps.
      if (error instanceof AppError && error.code === 'corrupt-file') this.isOutgrown = true;
      this.readLater(error);
    }
  }

  /** Whether the window shows the data set of this mask. */
  private get isHere(): boolean {
    return this.session.dataset?.id === this.datasetId;
  }

  /** Says why it cannot be read, once. What main does not have is sent, and what only the window shows goes, with a later reading. */
  private readLater(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.unread) this.session.toasts.error(error);
    this.unread = reason;
    this.retrySoon();
  }

  private retrySoon(): void {
    const waits = this.pending.length > 0 || (this.astray && !this.closed);
    if (!waits || this.session.link !== 'open') return;
    this.again ??= setTimeout(() => {
      this.again = null;
      void this.resync();
    }, readAgainMs);
  }

  /**
   * Whether strokes wait that are not on their way: a reading was to send them and did not, they are being packed still, they are of
   * another data set than the open one, or main has not answered for a while.
   */
  get stuck(): boolean {
    const isQuiet = this.pending.length > 0 && (!this.isHere || performance.now() - this.heardAt > quietMs);
    return this.again !== null || this.outgoing.busy || this.stalled || isQuiet;
  }

  private async readAnew(): Promise<void> {
    const held: EditChange[] = (this.held = []);
    this.stalled = true;
    let since = -1;
    try {
      const opened = await this.session.client.edits.open({ imageId: this.imageId, window: this.session.windowId });
      const { width, height } = this.document.size;
      this.isOutgrown = opened.width !== width || opened.height !== height;
      if (this.isOutgrown) return this.leavePending(opened.known);
      const ids = await inflate(opened.ids);
      await this.incoming.idle();
      await this.handRests();
      // What others did while nobody listened is not known.
      this.own.forget();
      const painted = this.takeKnown(opened);
      this.takeClasses();
      this.document.foreign = foreignOf(opened);
      this.document.reset(ids, this.patches());
      this.astray = false;
      since = opened.seq;
      this.takeState(opened);
      for (const note of opened.notes) this.session.toasts.show('info', note);
      this.stalled = false;
      for (const stroke of [...painted, ...this.pending]) this.transmit(stroke);
    } finally {
      // Also where it could not be read: the mask is then as it was, and these come next.
      this.held = null;
      // What comes next has nothing to wait for, and nobody reads again for it.
      if (this.pending.length === 0) this.stalled = false;
      for (const change of held) if (change.seq > since) this.takeChange(change);
      this.end();
    }
  }

  /**
   * What main has painted waits no more.
   * @returns what may not be kept yet, in the classes of now: sent once more, it says what became of it
   */
  private takeKnown({ known, durable, seq }: OpenedMask): Pending[] {
    const painted = this.pending.filter(({ id }) => known.includes(id));
    this.pending = this.pending.filter(({ id }) => !known.includes(id));
    return durable < seq ? this.inTerms(painted, this.classes, this.session.dataset?.classes).pending : [];
  }

  private inTerms(pending: readonly Pending[], from: readonly ClassInfo[], to = this.classes) {
    const { dataset } = this.session;
    return inTermsOf(pending, from, to, (gone) => (dataset && this.isHere ? successorOf(gone, dataset) : null));
  }

  /** What waits is brought to the classes of now; what has none any more is told. */
  private takeClasses(): void {
    const today = this.session.dataset?.classes ?? this.classes;
    if (areSameClasses(this.classes, today)) return;
    const { pending, gone } = this.inTerms(this.pending, this.classes, today);
    const lost = this.pending.length - pending.length;
    [this.pending, this.classes] = [pending, today];
    if (lost === 0) return;
    const strokes = lost === 1 ? '1 stroke' : `${lost} strokes`;
    this.session.toasts.show('error', `${strokes} on ${this.imageId} could not be kept: ${gone.join(', ')} is no class any more.`);
  }

  /** Strokes on a photo of another size fit no more: that is told. */
  private leavePending(known: readonly string[]): void {
    const lost = this.pending.filter(({ id }) => !known.includes(id)).length;
    [this.pending, this.stalled] = [[], false];
    const what = `${counted(lost, 'stroke')} on ${this.imageId} ${lost === 1 ? 'does' : 'do'} not fit its new photo`;
    if (lost > 0) this.session.toasts.show('error', `${what}, which has another size.`);
  }

  async undo(): Promise<void> {
    let taken = await this.move('undo');
    // What was learned from a stroke goes with it.
    if (taken === learnedLabel) taken = await this.move('undo');
    if (taken === null && this.undoEnds) this.session.toasts.show('info', 'Undo ends here: older steps have made room for newer ones.');
  }

  /** The newest step by its name, where that is known to be this window's: undo takes back that or nothing. */
  get newestOwn(): string | null {
    return this.own.undo?.stroke ?? null;
  }

  async redo(): Promise<void> {
    await this.move('redo');
    if (this.redoLabel === learnedLabel) await this.move('redo');
  }

  /** Moves the window's own newest step at once, and another as main says. @returns what was moved, or null */
  private async move(kind: Move): Promise<string | null> {
    const step = this.own[kind];
    if (!step || this.blocked !== null || this.readOnlyReason !== null) return this.moveInMain(kind);
    this.own.move(kind);
    const { left, top, width, height, changed, label, stroke } = step;
    const patch = { left, top, width, height, changed, values: kind === 'undo' ? step.before : step.after };
    this.document.applyRemote(patch, []);
    this.happened({ id: this.session.nextStroke(), kind, patch, label, stroke });
    return label;
  }

  private async moveInMain(kind: Move): Promise<string | null> {
    // Another's step is moved: it lies between the window's own then.
    this.own.forget();
    this.tellNext();
    let moved: string | null = null;
    await this.afterStrokes(async () => (moved = await this.session.client.edits[kind]({ imageId: this.imageId })));
    return moved;
  }

  /** Writes the mask file now. */
  async save(): Promise<void> {
    await this.afterStrokes(async () => this.takeState(await this.session.client.edits.save({ imageId: this.imageId })));
  }

  /** What a person does after a stroke reaches main after it, also where the stroke is still being packed. */
  private async afterStrokes(work: () => Promise<unknown>): Promise<void> {
    await this.session.attempt(async () => {
      await this.outgoing.idle();
      await work();
    });
  }

  /** Ends the window's part: an open stroke is finished and sent. Main keeps and saves the mask. */
  close(): void {
    this.document.endStroke();
    this.closed = true;
    this.end();
  }

  /** Lets go once nothing of the window's is under way: what main has not acknowledged is kept, and sent again if need be. */
  private end(): void {
    if (!this.closed || this.pending.length > 0 || this.unanswered.size > 0) return;
    if (this.again) clearTimeout(this.again);
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
  }
}

const foreignOf = ({ foreign }: OpenedMask): Map<number, string> => new Map(foreign.map(({ id, text }) => [id, text]));

const patchesOf = (pending: readonly Pending[]): MaskPatch[] => pending.map(({ patch }) => patch);
