import type { EditProblem, EditState, OpenedMask, ReplacedMask } from '#shared/contract/edits';
import { fileStamp } from '../datasets/survey.ts';
import type { MaskFileForm } from '#files/mask-form';
import { AppError } from '#shared/errors';
import { assertPatchInTurns, type MaskSize, type PatchBox, type WirePatch } from '#shared/mask/patch';
import { classesKey, storedValues } from '#shared/classes/class-map';
import { Serial } from '#shared/serial';
import { nowText } from '../database.ts';
import type { EditStep } from '#shared/mask/edit-history';
import type { EditSessionOptions, OtherMask, SavedMask } from './edit-session-options.ts';
import { Autosave } from './autosave.ts';
import { EditRecorder } from './edit-recorder.ts';
import { EditTroubles } from './edit-troubles.ts';
import { recordsOf, type FileState } from './journal.ts';
import { labelsOf, type JournalRecord } from './journal-record.ts';
import { applyStep, copyRows, mapValues, stepBetween, union, valuesAt } from './mask-values.ts';
import { unpackPatch } from './packing.ts';
import { codesNamed } from './pixel-kinds.ts';
import { breathe } from '../turns.ts';
import { foreignPixels, shownIdsOf } from './shown-ids.ts';
import { sideOf, stepWithKinds } from './step-patches.ts';

/** Changes are numbered through the whole workbench, so that a window can tell a newer one from one it has. */
let newestSeq = 0;

/** Likewise for what is told of a mask; a workbench that is started again goes on from more than the one before had told. */
let newestTold = Date.now();

const retryMs = 1000;

/**
 * The mask of one image under edit, owned by main: stored values, history, journal, autosave. Windows send strokes and are told of every
 * change in one order. A stroke is durable when `stroke` resolves; until then the state says that it is not.
 */
export class EditSession {
  readonly imageId: string;
  readonly size: MaskSize;
  /** What its file is besides labels, and what its codes stand for and are read as. */
  form: MaskFileForm;
  toId: number[];
  private readonly options: EditSessionOptions;
  private readonly values: Uint8Array;
  /** What is being saved: a copy in step with the file, so that strokes go on meanwhile. */
  private readonly snapshot: Uint8Array;
  private readonly toValue: number[];
  /** The id of each code, as windows see it. */
  private shownIds: number[];
  private readonly work = new Serial();
  private readonly recorder: EditRecorder;
  private readonly saving = new Serial();
  private readonly known: Map<number, string | null>;
  private dirty: PatchBox | null = null;
  /** The state that was in the file when this workbench wrote or read it last. */
  private inFile: FileState;
  /** The changes since then, so that the journal can be written anew whatever undo and redo have led past. */
  private changes: JournalRecord[];
  /** Whether the file is another program's, and a person has chosen to write over it. */
  private foreign = false;
  private revision: string | null;
  private stamp: string;
  private savedAt: string | null = null;
  private readonly troubles: EditTroubles;
  /** What another program wrote, for a person to choose; nothing is saved until then. */
  private conflict: { found: string | null; problem: EditProblem } | null = null;
  private seq = newestSeq;
  private durable = newestSeq;
  private busySaving = false;
  private readonly autosave = new Autosave(() => void this.save());
  /** Of a mask that another workbench paints on: what waits in its journal is that one's to save. */
  private readonly isReader: boolean;
  private origin = 'edit';
  private ended: Promise<void> | null = null;
  /** Whether the end came before the disk took all changes. */
  gaveUp = false;

  private constructor(options: EditSessionOptions) {
    const { image, classSet, mask, recovered } = options;
    this.options = options;
    this.imageId = image.id;
    this.isReader = options.readOnlyReason() !== null;
    this.size = { width: mask.width, height: mask.height };
    this.values = mask.values;
    this.snapshot = mask.snapshot;
    this.toValue = storedValues(classSet.format);
    this.form = mask.form;
    this.toId = mask.toId;
    this.shownIds = shownIdsOf(mask.toId, classSet.format);
    this.known = recovered.saved;
    this.inFile = recovered.inFile;
    this.changes = recovered.changes;
    this.revision = mask.revision;
    this.stamp = options.stamp;
    this.troubles = new EditTroubles(image.id, options.log, () => this.tell());
    this.recorder = new EditRecorder({
      imageId: image.id,
      journal: recovered.journal,
      log: options.log,
      assertWritable: options.assertWritable,
      whole: () => [
        ...recordsOf({ image: image.id, ...this.size, ...codesNamed(this.form, classSet.format) }, this.inFile),
        ...this.changes,
      ],
      failed: (error) => this.troubles.failed('journal', error),
      kept: () => this.troubles.mended('journal'),
    });
  }

  /** Brings a mask to where its journal ends. What came back is saved at once. */
  static async open(options: EditSessionOptions): Promise<EditSession> {
    const session = new EditSession(options);
    for (const { step, side } of options.recovered.replay) {
      await applyStep(session.values, session.size.width, step, side);
      session.dirty = union(session.dirty, step);
    }
    if (session.isDirty) session.schedule();
    return session;
  }

  private useCodes(form: MaskFileForm, toId: number[]): void {
    this.form = form;
    this.toId = toId;
    this.shownIds = shownIdsOf(toId, this.options.classSet.format);
  }

  private get history() {
    return this.options.recovered.history;
  }

  private get isDirty(): boolean {
    return !this.isReader && (this.foreign || this.history.mark() !== this.inFile.mark);
  }

  /** Whether the mask file is not what is seen. */
  get isBehind(): boolean {
    return this.isDirty || this.conflict !== null;
  }

  /** Whether nothing would be lost by closing it. */
  get idle(): boolean {
    return !this.work.busy && this.isSaved;
  }

  /** Whether everything that has happened is in the mask file. */
  private get isSaved(): boolean {
    return !this.isDirty && !this.busySaving && this.durable === this.seq && this.problem === null;
  }

  /** Why a mask is not saved: a person's choice comes before what is tried again by itself. */
  private get problem(): EditProblem | null {
    return this.conflict?.problem ?? this.troubles.problem;
  }

  /** Whether it takes nothing more. */
  get closing(): boolean {
    return this.ended !== null;
  }

  /** Bytes that it holds in memory. */
  get bytes(): number {
    return 2 * this.values.length;
  }

  /** The revision that the mask file has as far as this session knows; null without one. */
  get fileRevision(): string | null {
    return this.revision;
  }

  /** Whether the mask file is another one than it was read or written as, while nothing here waits for it. */
  get isStale(): boolean {
    return this.idle && fileStamp(this.options.image.maskFile) !== this.stamp;
  }

  state(): EditState {
    const unsaved = this.problem ? 'failed' : this.busySaving ? 'saving' : 'unsaved';
    return {
      imageId: this.imageId,
      seq: this.seq,
      told: ++newestTold,
      durable: this.durable,
      state: this.isSaved ? 'saved' : unsaved,
      savedAt: this.savedAt,
      revision: this.revision,
      undo: this.history.nextUndo?.label ?? null,
      redo: this.history.nextRedo?.label ?? null,
      undoEnds: this.history.truncated,
      problem: this.problem,
    };
  }

  /** The mask as a window opens it. @param window whose strokes it wants to know of */
  opened(window: string): Promise<OpenedMask> {
    const { workers, recovered, readOnlyReason } = this.options;
    return this.work.run(async () => {
      const { ids, codes } = await workers.run('packIds', { values: this.values, shownIds: this.shownIds });
      const foreign = foreignPixels(codes, this.shownIds, this.toId, this.form);
      const notes = recovered.notes.splice(0);
      return { ...this.state(), ...this.size, ids, foreign, readOnlyReason: readOnlyReason(), notes, known: this.strokesOf(window) };
    });
  }

  /**
   * Paints. @returns when the stroke is durable
   * @throws AppError 'invalid-argument' if the patch does not lie in the mask or has a class that the class set lacks,
   * 'read-only', 'cancelled', 'conflict' if it is of other classes
   */
  async stroke(stroke: string, label: string, sent: WirePatch, classes?: number): Promise<{ seq: number }> {
    this.options.assertWritable();
    this.assertOpen();
    if (classes !== undefined && classes !== classesKey(this.options.classSet.classes))
      throw new AppError('conflict', 'The classes are others than when this was painted: it waits until the window knows them');
    const { recorded, seq } = await this.work.run(async () => {
      // Sent again after a lost connection: it is there already.
      if (this.options.strokes.has(stroke)) return { recorded: this.recorder.allKept(), seq: this.seq };
      const patch = await unpackPatch(sent, this.size);
      await assertPatchInTurns(patch, this.size, breathe);
      const after = await this.valuesOf(patch.values);
      const box = { left: patch.left, top: patch.top, width: patch.width, height: patch.height, changed: patch.changed };
      const before = await valuesAt(this.values, this.size.width, box, after.length);
      return this.push({ ...box, before, after, id: this.history.nextId(), label, stroke }, sent);
    });
    await recorded;
    return { seq };
  }

  private strokesOf(window: string): string[] {
    return [...this.options.strokes].filter((stroke) => stroke.startsWith(`${window}:`));
  }

  private async valuesOf(ids: Uint8Array): Promise<Uint8Array> {
    const values = await mapValues(ids, this.toValue);
    if (values instanceof Uint8Array) return values;
    throw new AppError('invalid-argument', `a stroke must have class ids of the class set, received ${values.unknown}`);
  }

  /** Does a step, tells the windows, and records it. */
  private async push(step: EditStep, patch: WirePatch): Promise<{ recorded: Promise<void>; seq: number }> {
    await applyStep(this.values, this.size.width, step, 'after');
    const told = stepWithKinds(step, this.form, this.options.classSet.format);
    this.history.push(told);
    return this.happened({ kind: 'step', session: String(process.pid), step: told }, step, patch, step.stroke);
  }

  private happened(
    record: JournalRecord,
    box: PatchBox,
    patch: WirePatch,
    stroke: string | null,
  ): { recorded: Promise<void>; seq: number } {
    const seq = (this.seq = ++newestSeq);
    this.changes.push(record);
    if (stroke !== null) this.options.strokes.add(stroke);
    this.dirty = union(this.dirty, box);
    this.options.changed({ imageId: this.imageId, seq, stroke, patch });
    const recorded = this.recorder.record(record).then(() => {
      this.durable = Math.max(this.durable, seq);
      this.tell();
    });
    // Whoever waits for the stroke hears of a failure; undo and the workbench's own steps have nobody who does.
    recorded.catch(() => {
      this.gaveUp = true;
      // It is nothing that was done: sent again it is.
      if (stroke !== null) this.options.strokes.delete(stroke);
    });
    this.tell();
    this.schedule();
    return { recorded, seq };
  }

  private tell(): void {
    this.options.stateChanged(this.state());
  }

  /**
   * Undo or redo.
   * @param own the stroke that a window has moved already, and the name of that: nothing else is moved, and that once
   * @returns what was moved once that is durable; null if there is nothing, or another step comes next
   * @throws AppError 'read-only', 'cancelled'
   */
  async move(kind: 'undo' | 'redo', own?: { stroke: string; name: string }): Promise<string | null> {
    this.options.assertWritable();
    this.assertOpen();
    const moved = await this.work.run(async () => {
      // Sent again after a lost connection: it is done already.
      if (own && this.options.strokes.has(own.name)) return { label: null, recorded: this.recorder.allKept() };
      const step = kind === 'undo' ? this.history.nextUndo : this.history.nextRedo;
      if (!step || (own && step.stroke !== own.stroke)) return null;
      const side = kind === 'undo' ? 'before' : 'after';
      await applyStep(this.values, this.size.width, step, side);
      const patch = await sideOf(step, side, this.shownIds);
      // In one turn with its record: a journal that is written anew has either both or none.
      this.history[kind]();
      return { label: step.label, ...this.happened({ kind }, step, patch, own?.name ?? null) };
    });
    await moved?.recorded;
    return moved?.label ?? null;
  }

  /** Takes another mask's values, as one undoable step. @param origin what the history says of the file that follows */
  async replace(other: OtherMask, label: string, origin: string): Promise<ReplacedMask> {
    this.options.assertWritable();
    this.assertOpen();
    const stepped = await this.work.run(() => this.become(other, label));
    if (stepped) this.origin = origin;
    return { ...(await this.save()), stepped };
  }

  /** Takes other values as one step, within `work`. @returns whether they differ */
  private async become({ values, form, toId }: OtherMask, label: string): Promise<boolean> {
    if (form && toId) this.useCodes(form, toId);
    const difference = await stepBetween(this.values, values, this.size);
    if (!difference) return false;
    const step = { ...difference, id: this.history.nextId(), label, stroke: null };
    await this.push(step, await sideOf(step, 'after', this.shownIds));
    return true;
  }

  private schedule(): void {
    if (!this.closing && !this.conflict) this.autosave.soon();
  }

  /** Writes the mask file if it differs; what comes of it is in the state. Never rejects. */
  save(): Promise<EditState> {
    return this.saving.run(async () => {
      // What came before the wish to save is part of it.
      await this.work.idle();
      this.autosave.rest();
      // What could not be written before is not to be written any more: undo has led back to what is there.
      if (!this.isDirty) this.troubles.mended('file');
      // Whoever only reads has another one's strokes, who saves them.
      if (!this.isDirty || this.conflict || this.options.readOnlyReason() !== null) return this.state();
      this.busySaving = true;
      this.tell();
      try {
        await this.write();
      } catch (error) {
        this.troubles.failed('file', error);
        if (!this.closing) setTimeout(() => this.isDirty && this.schedule(), retryMs).unref();
      }
      this.busySaving = false;
      this.tell();
      if (this.isDirty && this.problem === null) this.schedule();
      return this.state();
    });
  }

  private async write(): Promise<void> {
    const { workers, image, classSet, store } = this.options;
    this.options.assertWritable();
    // Encoding is for nothing while the journal takes no change: it takes no word of a file either.
    if (!this.closing) this.recorder.assertTaking();
    const { mark, past, changes, origin } = await this.work.run(() => {
      if (this.dirty) copyRows(this.values, this.snapshot, this.size.width, this.dirty);
      this.dirty = null;
      return { mark: this.history.mark(), past: this.history.steps(), changes: this.changes.length, origin: this.origin };
    });
    const known = this.known.get(mark);
    const staged = await workers.run('stageMask', {
      ...this.size,
      maskFile: image.maskFile,
      values: this.snapshot,
      form: this.form,
      toId: this.toId,
      classSet,
      expected: this.revision,
      store,
      known: known ?? null,
    });
    if ('conflict' in staged) return this.meet(staged.conflict);
    // A state that was no file before is no file again: undo of the first stroke takes the file away.
    const revision = known === null ? null : staged.revision;
    await this.announce(revision, mark);
    if (this.revision !== null) this.options.replacing(this.revision);
    const { maskFile } = image;
    const among = this.options.maskFolders();
    const published = await workers.run('publishMask', { maskFile, among, revision, expected: this.revision, store });
    if ('conflict' in published) return this.meet(published.conflict);
    this.origin = 'edit';
    const found = revision === null ? { classPixels: null, problems: [] } : { classPixels: staged.classPixels, problems: staged.problems };
    const work = labelsOf(this.changes.splice(0, changes));
    this.isFile({ revision, mark, past }, { origin, work, ...found });
  }

  /** The journal knows a state before it is the file. At the end, where the journal alone takes nothing, labels are worth more. */
  private async announce(revision: string | null, mark: number): Promise<void> {
    try {
      await this.recorder.record({ kind: 'saving', revision, mark });
    } catch (error) {
      if (!this.closing) throw error;
      this.options.assertWritable();
      this.options.log.warn({ err: error, image: this.imageId }, 'a mask is written of which its journal does not know');
    }
  }

  /** The file holds this state now. */
  private isFile(state: FileState, found: Pick<SavedMask, 'origin' | 'work' | 'classPixels' | 'problems'>): void {
    const { revision, mark } = state;
    this.revision = revision;
    this.inFile = state;
    this.troubles.mended('file');
    this.foreign = false;
    this.known.set(mark, revision);
    this.savedAt = nowText();
    this.stamp = fileStamp(this.options.image.maskFile);
    // Without it the journal still tells which states may be the file; an end that comes first gives it up.
    this.recorder.record({ kind: 'saved', revision, mark }).catch(() => undefined);
    void this.recorder.renewWhereLarge();
    this.options.saved({ imageId: this.imageId, revision, savedAt: this.savedAt, ...found });
  }

  private meet(found: string | null): void {
    // What was copied for the save is to be copied again.
    this.dirty = { left: 0, top: 0, ...this.size };
    const what = found === null ? 'was removed' : 'was changed';
    const text = `${this.options.image.maskFile} ${what} by another program since it was opened`;
    this.conflict = { found, problem: { kind: 'conflict', text } };
    if (found !== null) this.options.met(found);
    this.tell();
  }

  /** Ends a conflict as a person has chosen; the other version is kept as a revision either way. */
  async resolve(keep: 'mine' | 'theirs'): Promise<EditState> {
    this.options.assertWritable();
    this.assertOpen();
    const { conflict } = this;
    if (!conflict) return this.state();
    if (keep === 'theirs') return this.takeTheirs();
    this.conflict = null;
    this.revision = conflict.found;
    // The file is none of our states, also where undo has led back to one that was saved.
    this.foreign = true;
    return this.save();
  }

  private async takeTheirs(): Promise<EditState> {
    const { workers, image, classSet, store } = this.options;
    const { form, toId } = this;
    const theirs = await workers.run('adoptMask', { maskFile: image.maskFile, ...this.size, classSet, form, toId, store });
    await this.work.run(async () => {
      if (this.isDirty) {
        this.options.keptMine(await this.keepEdited(), labelsOf(this.changes));
      }
      await this.become(theirs, 'Take the other version');
      this.conflict = null;
      const { revision, classPixels, problems } = theirs;
      this.changes = [];
      const state = { revision, mark: this.history.mark(), past: this.history.steps() };
      this.isFile(state, { work: [], origin: 'another program', classPixels, problems });
      if (!theirs.isOtherForm) return;
      // Its journal speaks of codes of the form that the mask has here: the file is to have that too.
      [this.foreign, this.origin] = [true, 'another program'];
      this.known.delete(state.mark);
    });
    this.tell();
    return this.foreign ? this.save() : this.state();
  }

  private assertOpen(): void {
    if (this.closing) throw new AppError('cancelled', `${this.imageId} is being closed`);
  }

  /** Saves what is unsaved and ends. Never rejects: what cannot be saved stays in the journal. */
  close(): Promise<void> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<void> {
    this.autosave.rest();
    // A disk that takes nothing is asked once more, and not for ever.
    this.recorder.giveUp();
    await this.work.idle();
    await this.save();
    await this.keepMine();
    await this.recorder.close();
  }

  /** Puts the mask as it is seen into the store, whatever its file holds. @returns its revision */
  private keepEdited(): Promise<string> {
    const { workers, store } = this.options;
    return workers.run('keepEdited', { ...this.size, values: this.values, form: this.form, store });
  }

  /** What was painted over another program's version, and nobody has chosen about, goes into the mask's past. Never rejects. */
  private async keepMine(): Promise<void> {
    if (!this.conflict || !this.isDirty) return;
    const { log } = this.options;
    try {
      this.options.assertOwned();
      const revision = await this.keepEdited();
      this.options.left(revision, labelsOf(this.changes));
      // The state is a file in the store: the next opening has nothing to put there once more.
      await this.recorder.record({ kind: 'saving', revision, mark: this.history.mark(), kept: true }).catch(() => undefined);
    } catch (error) {
      log.error({ err: error, image: this.imageId }, 'what was painted could not be kept beside the journal');
      this.options.left(null, labelsOf(this.changes));
    }
  }
}
