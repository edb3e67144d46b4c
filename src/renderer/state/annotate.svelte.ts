import type { ClassInfo } from '#shared/classes/class-info';
import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { sameJson } from '#shared/same-json';
import { assignKey, keyedClasses, type KeyAssignment } from './class-keys.ts';
import { successorOf } from './class-successor.ts';
import { commandsByChord, keyOf, withChord, type CommandId, type KeyChoices } from './commands.ts';
import { Assist } from './assist.svelte.ts';
import { Doubt } from './doubt.svelte.ts';
import { applyCleanUp } from '../editor/clean-up.ts';
import { Comparing } from './comparing.svelte.ts';
import { CleanUpState } from './clean-up.svelte.ts';
import { MaskSession } from './mask-session.svelte.ts';
import { OtherMask, type OtherImage } from './other-mask.svelte.ts';
import type { LeftOpen } from '../editor/hand.ts';
import type { Proposed } from '../editor/proposed.ts';
import { take } from '../editor/tools/take.ts';
import type { Viewport } from '../editor/viewport.ts';
import { Painting, type RememberedPainting } from './painting.svelte.ts';
import { PhotoVision } from './photo-vision.svelte.ts';
import { ShownPhoto } from './shown-photo.svelte.ts';
import { timeOnImages, type TimeSpent } from './time-spent.ts';
import { Viewing, type RememberedViewing } from './viewing.svelte.ts';
import type { Session } from './session.svelte.ts';
import { SvelteSet } from 'svelte/reactivity';

type Remembered = RememberedPainting & RememberedViewing;

/** What is not labelled, among names of classes: none is called so. */
const voidName = '';

/** Classes that are locked and hidden, by name. */
interface ClassMarks {
  locked: string[];
  hidden: string[];
}

/** By name as well: the class in hand, and those that alone may be painted over. */
interface ClassesInHand {
  inHand?: string;
  over?: string[];
}

const noDrafts: LeftOpen['drafts'] = new Map();

/** What shows the mask at hand, and has the hand. */
interface Canvas {
  leave(): LeftOpen;
  rest(): void;
  /** @returns whether anything was open */
  undoOpen(): boolean;
}

/** What the Annotate place holds: the open mask, the hand and how things are shown. */
export class AnnotateState {
  mask = $state.raw<MaskSession | null>(null);
  error = $state('');
  readonly hand = new Painting();
  readonly assist: Assist;
  readonly doubt: Doubt;
  readonly vision: PhotoVision;
  readonly other: OtherMask;
  readonly cleanUp: CleanUpState;
  /** What proposes: a model, or another image's mask. */
  source = $state.raw<'model' | OtherImage>('model');
  readonly view = new Viewing();
  readonly comparing: Comparing;
  readonly time: TimeSpent;
  readonly hiddenClasses = new SvelteSet<number>();
  readonly lockedClasses = new SvelteSet<number>();
  /** What a person said of the keys of commands. */
  keyChoices = $state.raw<KeyChoices>({});
  /** The commands by their chords. */
  readonly chords = $derived(commandsByChord(this.keyChoices));
  /** What a person said of the keys of classes, in this data set. */
  private assigned = $state.raw<KeyAssignment>({});
  /** The ids of classes by their keys. */
  readonly keyed = $derived.by(() => keyedClasses(this.classNames, this.assigned));
  /** The canvas that shows the mask, while it does. */
  editor: Canvas | null = null;
  /** Whether a tool waits for more presses. */
  handIsOpen = $state(false);
  /** The photo of the image at hand: nobody paints where it is not there. */
  readonly photo = new ShownPhoto();
  /** Puts the hand where a class is found by typing; null while that is not on the page. */
  findClass: (() => void) | null = null;
  private readonly session: Session;
  private datasetId: string | null = null;
  /** Of the photo that the image at hand was opened with. */
  private photoStamp: string | null = null;
  /** The data set and the classes that the hand's and the marks' numbers are of: these may be others before this is told. */
  private marked: { of: string; names: readonly string[] } = { of: '', names: [] };
  private readonly stopListening: () => void;
  private loading = 0;
  /** How the image before was looked at, for one of its size. */
  private lastView: { view: Viewport; width: number; height: number } | null = null;

  constructor(session: Session) {
    this.session = session;
    this.assist = new Assist(session);
    this.doubt = new Doubt(session);
    this.vision = new PhotoVision(session);
    this.other = new OtherMask(session, this.vision);
    this.cleanUp = new CleanUpState(this.vision);
    this.comparing = new Comparing(session);
    this.time = timeOnImages(session);
    const remembered = session.remembered<Partial<Remembered>>('annotate', {});
    this.keyChoices = session.remembered<KeyChoices>('keys', {});
    this.view.restore(remembered);
    this.hand.restore(remembered);
    this.recall();
    // What could not be opened while the workbench did not answer is opened now.
    this.stopListening = session.onResync(async () => {
      if (!this.mask) await this.retry();
    });
  }

  /** Whether another image's mask is proposed, not what a model says. */
  get takesOther(): boolean {
    return this.hand.tool === 'take' && this.source !== 'model';
  }

  /** What is proposed for the image at hand. */
  get proposal(): Proposed | null {
    return this.takesOther ? this.other.proposed : this.assist.proposed;
  }

  /** Proposes the mask of an image beside, or again what a model says. */
  takeFrom(other: 'previous' | 'next'): void {
    const isOn = this.takesOther && this.source === other;
    this.hand.tool = 'take';
    this.source = isOn ? 'model' : other;
  }

  /** Looks at what is to be proposed besides what a model says. */
  lookAtOther(): void {
    const { mask, source, assist } = this;
    assist.guardsOthers = mask !== null && this.takesOther && source !== 'model';
    if (mask && this.takesOther && source !== 'model') void this.other.look(mask, source, assist.fixed);
    else this.other.drop();
  }

  /** Looks at what the clean-up in hand would change. */
  lookAtCleanUp(): void {
    const { mask, hand, session } = this;
    if (mask && hand.tool === 'clean') this.cleanUp.lookSoon(mask, hand.paintedId, session.dataset?.classes.length ?? 0);
    else this.cleanUp.drop();
  }

  applyCleanUp(): void {
    const { mask, cleanUp } = this;
    // A stroke in hand is a step of its own.
    this.finish();
    if (mask && this.blocked === null) applyCleanUp(mask.document, cleanUp);
  }

  /** Takes everything that is proposed, where tools may write. */
  takeAll(): void {
    this.finish();
    const { mask, proposal } = this;
    if (this.blocked !== null) return;
    const changes = mask && proposal?.changes(mask.document.ids);
    if (mask && proposal && changes) take(mask, changes, proposal.labels.all);
    else this.session.toasts.show('info', proposal ? 'All that is proposed is there already.' : 'Nothing is proposed for this image.');
  }

  private get classNames(): string[] {
    return this.session.dataset?.classes.map(({ name }) => name) ?? [];
  }

  private get keysName(): string {
    return `classKeys:${this.session.dataset?.id}`;
  }

  /** What a person has said of the classes of this data set, by the names that they have now. */
  private recall(): void {
    const { session } = this;
    this.marked = { of: String(session.dataset?.id), names: this.classNames };
    const now = this.namesNow();
    const assigned = session.remembered<KeyAssignment>(this.keysName, {});
    this.assigned = Object.fromEntries(Object.entries(assigned).map(([key, name]) => [key, now(name)]));
    const { locked, hidden } = session.remembered<ClassMarks>(`classMarks:${this.marked.of}`, { locked: [], hidden: [] });
    const { inHand, over } = session.remembered<ClassesInHand>(`classInHand:${this.marked.of}`, {});
    this.takeInHand({ inHand: inHand === undefined ? inHand : now(inHand), over: over?.map(now) });
    const marks = [
      [this.lockedClasses, locked.map(now)],
      [this.hiddenClasses, hidden.map(now)],
    ] as const;
    for (const [ids, names] of marks) {
      ids.clear();
      this.classNames.forEach((name, id) => names.includes(name) && ids.add(id));
    }
    const gone = locked.filter((name) => !this.classNames.includes(now(name)));
    if (gone.length > 0) session.toasts.show('info', `${gone.join(', ')}: locked before, and no class any more.`);
    this.rememberClasses(assigned);
  }

  /** @returns what a class of before is called now: where it has been renamed or become a part of another one, by that's name */
  private namesNow(): (name: string) => string {
    const { dataset } = this.session;
    const were = this.session.remembered<ClassInfo[]>(this.classesName, []);
    return (name) => {
      const before = this.classNames.includes(name) ? undefined : were.find((each) => each.name === name);
      const heir = before && dataset ? successorOf(before, dataset) : null;
      return heir === null ? name : heir === voidId ? voidName : this.classNames[heir];
    };
  }

  /** Keeps what is said of classes by the names of now, and what these are. */
  private rememberClasses(assigned: KeyAssignment): void {
    const { session } = this;
    const classes = session.dataset?.classes ?? [];
    if (sameJson(session.remembered(this.classesName, []), classes)) return;
    session.remember(this.classesName, classes);
    this.rememberMarks();
    this.rememberInHand();
    if (!sameJson(assigned, this.assigned)) session.remember(this.keysName, this.assigned);
  }

  private get classesName(): string {
    return `classesWere:${this.marked.of}`;
  }

  /** The hand keeps its classes where their numbers are others now; what is gone from the class set is told. */
  private takeInHand({ inHand, over }: ClassesInHand): void {
    const idOf = (name: string) => (name === voidName ? voidId : this.classNames.indexOf(name));
    this.hand.classId = inHand === undefined ? 0 : Math.max(0, idOf(inHand));
    const ids = (over ?? []).map(idOf).filter((id) => id >= 0);
    if (over) this.hand.writeOver({ on: 'classes', ids });
    // Where none of them is left nothing is painted over until a person has chosen.
    if (over && over.length > 0 && ids.length === 0)
      this.session.toasts.show('info', `${over.join(', ')}: no class any more. Choose what tools may paint over.`);
    if (!over && this.hand.where.on === 'classes') this.hand.writeOver({ on: 'all' });
    if (inHand === undefined || idOf(inHand) >= 0) return;
    this.session.toasts.show('info', `${inHand} is no class any more: ${this.classNames[0] ?? 'nothing'} is in hand now.`);
  }

  private nameOf(id: number): string | undefined {
    return id === voidId ? voidName : this.marked.names[id];
  }

  private rememberMarks(): void {
    const namesOf = (ids: Iterable<number>) => [...ids].flatMap((id) => this.nameOf(id) ?? []);
    const marks = { locked: namesOf(this.lockedClasses), hidden: namesOf(this.hiddenClasses) } satisfies ClassMarks;
    this.session.remember(`classMarks:${this.marked.of}`, marks);
  }

  private rememberInHand(): void {
    const { classId, where } = this.hand;
    const over = where.on === 'classes' ? where.ids.flatMap((id) => this.nameOf(id) ?? []) : undefined;
    this.session.remember(`classInHand:${this.marked.of}`, { inHand: this.nameOf(classId), over } satisfies ClassesInHand);
  }

  assignKey(key: string, classId: number): void {
    this.assigned = assignKey(this.classNames, this.assigned, key, classId);
    this.session.remember(this.keysName, this.assigned);
  }

  /** Gives a command a key of its own. @returns the command that has lost it; null where it was free */
  giveKey(command: CommandId, chord: string): CommandId | null {
    const { choices, taken } = withChord(this.keyChoices, command, chord);
    this.keyChoices = choices;
    this.session.remember('keys', choices);
    return taken;
  }

  /** Every command has the keys again that it came with. @returns what brings back the keys that a person had chosen */
  resetKeys(): () => void {
    const before = this.keyChoices;
    const use = (choices: KeyChoices) => {
      this.keyChoices = choices;
      this.session.remember('keys', choices);
    };
    use({});
    return () => use(before);
  }

  rememberSettings(): void {
    this.session.remember('annotate', { ...this.hand.remembered, ...this.view.remembered } satisfies Remembered);
    this.rememberInHand();
  }

  /** Opens another image's mask. The one before leaves the window at once: main saves it. */
  async open(imageId: string | null): Promise<void> {
    const { mask, session } = this;
    if (mask !== null && mask.imageId === imageId && this.datasetId === session.dataset?.id) return;
    const turn = ++this.loading;
    // Nothing may be painted on the image before while this one is being read.
    this.letGo();
    this.error = '';
    if (this.datasetId !== session.dataset?.id) this.recall();
    this.datasetId = session.dataset?.id ?? null;
    if (imageId === null) return;
    try {
      const opened = await MaskSession.open(session, imageId);
      if (turn !== this.loading) return opened.close();
      opened.document.setLocked(this.lockedClasses);
      opened.document.setWhere(this.hand.where);
      this.mask = opened;
      this.photoStamp = session.images.get(imageId)?.imageStamp ?? null;
      this.assist.attach(opened);
      this.vision.attach(opened.imageId);
      this.time.turnTo(opened.imageId);
    } catch (error) {
      if (turn === this.loading) this.error = messageOf(error);
    }
  }

  /** Another program has put another photo of the same size in its place: what tools and proposals have seen was of the one before. */
  onPhoto(stamp: string | null): void {
    const { mask, photoStamp } = this;
    if (!mask || mask.imageId !== this.session.imageId || stamp === null || stamp === photoStamp) return;
    this.photoStamp = stamp;
    this.assist.lookAnew();
    this.vision.attach(mask.imageId);
    this.lookAtOther();
  }

  /** Opens the image anew: its photo has another size now. */
  reopen(): Promise<void> {
    this.letGo();
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
    this.letGo();
    this.assist.close();
    this.doubt.stop();
    this.vision.close();
  }

  /** A press in hand is done, and what is open with tools that wait for more is kept: then the mask is main's alone. */
  private letGo(): void {
    if (this.editor && this.mask) this.leave(this.mask, this.editor.leave());
    this.assist.detach();
    this.vision.detach();
    this.other.drop();
    this.cleanUp.leave();
    this.comparing.end();
    this.time.turnTo(null);
    this.editor = null;
    this.photo.forget();
    this.mask?.close();
    this.mask = null;
  }

  /** Takes back what is open, else the newest step. */
  undo(): void {
    if (!this.editor?.undoOpen()) void this.mask?.undo();
  }

  /** The press in hand is done, as when the window is about to be closed: it may stay all the same. */
  finish(): void {
    this.editor?.rest();
  }

  toggleLock(id: number): void {
    if (!this.lockedClasses.delete(id)) this.lockedClasses.add(id);
    this.mask?.document.setLocked(this.lockedClasses);
    this.rememberMarks();
  }

  toggleHidden(id: number): void {
    if (!this.hiddenClasses.delete(id)) this.hiddenClasses.add(id);
    this.rememberMarks();
  }

  /** The classes that are not shown now. */
  get unseen(): readonly number[] {
    if (!this.view.solo) return [...this.hiddenClasses];
    return [...this.classNames.keys()].filter((id) => id !== this.hand.paintedId);
  }

  /** Shows the class in hand alone, or all again. */
  toggleSolo(): void {
    this.view.solo = !this.view.solo;
    const id = this.hand.paintedId;
    if (!this.view.solo || !this.mask || this.mask.document.pixels[id] > 0) return;
    const name = this.classNames[id] ?? 'What is not labelled';
    const way = keyOf('view.solo', this.keyChoices) ?? 'The view panel';
    this.session.toasts.show('info', `${name} is nowhere on this image, so no label is shown. ${way} shows the others again.`);
  }

  /** Why nothing can be painted now; null where it can. */
  get blocked(): string | null {
    if (this.comparing.ids) return 'An earlier mask is shown, as long as it is held';
    return this.photo.problem ?? this.mask?.blocked ?? null;
  }

  /** Shows an earlier mask for as long as it is held. @param revision the oldest, unless told */
  compare(held: boolean, revision?: string): void {
    if (!held) this.comparing.end();
    else if (this.mask) void this.comparing.begin(this.mask.imageId, revision);
  }

  /** Nobody should paint blind: the class in hand is shown. */
  showPainted(): void {
    this.view.maskHidden = false;
    if (this.hiddenClasses.delete(this.hand.paintedId)) this.rememberMarks();
  }

  /** What was open on an image with tools that wait for more presses, and how the image before was looked at. */
  leftOn({ imageId, document }: MaskSession): LeftOpen {
    const { width, height } = document.size;
    const isAlike = this.lastView?.width === width && this.lastView.height === height;
    return { drafts: this.session.drafts.get(this.draftName(imageId)) ?? noDrafts, view: isAlike ? this.lastView!.view : null };
  }

  private draftName(imageId: string): string {
    return `${this.datasetId}:${imageId}`;
  }

  private leave({ imageId, document }: MaskSession, { drafts, view }: LeftOpen): void {
    const name = this.draftName(imageId);
    if (drafts.size > 0) this.session.drafts.set(name, drafts);
    else this.session.drafts.delete(name);
    this.lastView = view && { view, ...document.size };
  }
}
