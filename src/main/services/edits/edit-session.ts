import type { EditChange, EditProblem, EditState, OpenedMask } from '#shared/contract/edits';
import type { ClassSet } from '../datasets/class-set.ts';
import type { LocatedImage } from '../datasets/layout.ts';
import { AppError, messageOf } from '#shared/errors';
import { assertPatchInTurns, packPatch, type MaskSize, type PatchBox, type WirePatch } from '#shared/mask/patch';
import { voidId } from '#shared/mask/void-id';
import { storedValues } from '#shared/classes/class-map';
import { Serial } from '#shared/serial';
import { nowText } from '../database.ts';
import type { Logger } from '../log.ts';
import type { ReadMask } from '../workers/mask-tasks.ts';
import type { Workers } from '../workers/workers.ts';
import type { EditStep } from './edit-history.ts';
import { encodeRecord, type JournalRecord } from './journal-record.ts';
import type { RecoveredJournal } from './journal.ts';
import { applyStep, copyRows, mapValues, stepBetween, union, valuesAt } from './mask-values.ts';
import { pack, unpackPatch } from './packing.ts';
import { breathe } from './breathe.ts';

/** What was written into a mask file, for the library and the history. */
export interface SavedMask {
  imageId: string;
  revision: string | null;
  savedAt: string;
  /** The revision before it; null if there was no file. */
  before: string | null;
  origin: string;
  classPixels: number[] | null;
  problems: string[];
}

export interface EditSessionOptions {
  image: LocatedImage;
  classSet: ClassSet;
  mask: ReadMask;
  recovered: RecoveredJournal;
  workers: Workers;
  /** Folder of revisions. */
  store: string;
  log: Logger;
  /** @throws AppError if masks may not be written now: the folder is gone, another workbench has it */
  assertWritable: () => void;
  /** Why masks are read only; null where they are not. */
  readOnlyReason: () => string | null;
  changed: (change: EditChange) => void;
  stateChanged: (state: EditState) => void;
  saved: (mask: SavedMask) => void;
}

/** Changes are numbered through the whole workbench, so that a window can tell a newer one from one it has. */
let newestSeq = 0;

const autosaveMs = 600;
/** A hand that never rests is saved as well. */
const longestWaitMs = 5000;
const retryMs = 1000;

/**
 * The mask of one image under edit, owned by main: stored values, history, journal, autosave. Windows send strokes and are told of every
 * change in one order. A stroke is durable when `stroke` resolves; until then the state says that it is not.
 */
export class EditSession {
  readonly imageId: string;
  readonly size: MaskSize;
  private readonly options: EditSessionOptions;
  private readonly values: Uint8Array;
  /** What is being saved: a copy in step with the file, so that strokes go on meanwhile. */
  private readonly snapshot: Uint8Array;
  private readonly toValue: number[];
  /** The class id of each stored value, as windows see it: one that is in no class is void to them. */
  private readonly shownIds: number[];
  private readonly work = new Serial();
  private readonly recording = new Serial();
  private readonly saving = new Serial();
  private readonly known: Map<number, string | null>;
  private dirty: PatchBox | null = null;
  private fileMark: number;
  private revision: string | null;
  private savedAt: string | null = null;
  private problem: EditProblem | null = null;
  private conflictWith: string | null | undefined = undefined;
  private seq = newestSeq;
  private durable = newestSeq;
  private busySaving = false;
  private timer: NodeJS.Timeout | null = null;
  private unsavedSince = 0;
  private origin = 'edit';
  private closing = false;

  private constructor(options: EditSessionOptions) {
    const { image, classSet, mask, recovered } = options;
    this.options = options;
    this.imageId = image.id;
    this.size = { width: mask.width, height: mask.height };
    this.values = mask.values;
    this.snapshot = mask.snapshot;
    this.toValue = storedValues(classSet.format);
    this.shownIds = Array.from({ length: 256 }, (_, value) => (classSet.format.toId[value] < 0 ? voidId : classSet.format.toId[value]));
    this.known = recovered.saved;
    this.fileMark = recovered.fileMark;
    this.revision = mask.revision;
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

  private get history() {
    return this.options.recovered.history;
  }

  private get isDirty(): boolean {
    return this.history.mark() !== this.fileMark;
  }

  /** Whether nothing would be lost by closing it. */
  get idle(): boolean {
    return !this.isDirty && !this.busySaving && this.durable === this.seq && this.problem === null;
  }

  /** Bytes that it holds in memory. */
  get bytes(): number {
    return 2 * this.values.length;
  }

  get fileRevision(): string | null {
    return this.revision;
  }

  state(): EditState {
    const unsaved = this.problem ? 'failed' : this.busySaving ? 'saving' : 'unsaved';
    return {
      imageId: this.imageId,
      seq: this.seq,
      durable: this.durable,
      state: this.idle ? 'saved' : unsaved,
      savedAt: this.savedAt,
      revision: this.revision,
      undo: this.history.undoLabel,
      redo: this.history.redoLabel,
      undoEnds: this.history.truncated,
      problem: this.problem,
    };
  }

  /** The mask as a window opens it. @param window whose strokes it wants to know of */
  opened(window: string): Promise<OpenedMask> {
    const { workers, recovered, readOnlyReason } = this.options;
    return this.work.run(async () => {
      const ids = await workers.run('packIds', { values: this.values, shownIds: this.shownIds });
      const notes = recovered.notes.splice(0);
      return { ...this.state(), ...this.size, ids, readOnlyReason: readOnlyReason(), notes, known: this.history.strokesOf(`${window}:`) };
    });
  }

  /**
   * Paints. @returns when the stroke is durable
   * @throws AppError 'invalid-argument' if the patch does not lie in the mask or has a class that the class set lacks,
   * 'read-only', 'cancelled'
   */
  async stroke(stroke: string, label: string, sent: WirePatch): Promise<{ seq: number }> {
    this.options.assertWritable();
    this.assertOpen();
    const { recorded, seq } = await this.work.run(async () => {
      // Sent again after a lost connection: it is there already.
      if (this.history.strokesOf(stroke).includes(stroke)) return { recorded: this.recording.idle(), seq: this.seq };
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

  private async valuesOf(ids: Uint8Array): Promise<Uint8Array> {
    const values = await mapValues(ids, this.toValue);
    if (values instanceof Uint8Array) return values;
    throw new AppError('invalid-argument', `a stroke must have class ids of the class set, received ${values.unknown}`);
  }

  /** Does a step, tells the windows, and records it. */
  private async push(step: EditStep, patch: WirePatch): Promise<{ recorded: Promise<void>; seq: number }> {
    await applyStep(this.values, this.size.width, step, 'after');
    this.history.push(step);
    return this.happened({ kind: 'step', session: String(process.pid), step }, step, patch, step.stroke);
  }

  private happened(
    record: JournalRecord,
    box: PatchBox,
    patch: WirePatch,
    stroke: string | null,
  ): { recorded: Promise<void>; seq: number } {
    const seq = (this.seq = ++newestSeq);
    this.dirty = union(this.dirty, box);
    this.options.changed({ imageId: this.imageId, seq, stroke, patch });
    const recorded = this.record(record).then(() => {
      this.durable = Math.max(this.durable, seq);
      this.tell();
    });
    // Whoever waits for the stroke hears of a failure; undo and the workbench's own steps have nobody who does.
    recorded.catch(() => undefined);
    this.tell();
    this.schedule();
    return { recorded, seq };
  }

  /** Puts a record into the journal; a full disk is waited for. @throws AppError 'cancelled' if the session is closed before */
  private record(record: JournalRecord): Promise<void> {
    return this.recording.run(async () => {
      const payload = await encodeRecord(record);
      for (;;) {
        try {
          this.options.assertWritable();
          await this.options.recovered.journal.append(payload);
          if (this.problem?.kind === 'disk' || this.problem?.kind === 'gone') this.setProblem(null);
          return;
        } catch (error) {
          this.fail(error);
          if (this.closing) throw new AppError('cancelled', `A change of ${this.imageId} could not be kept: ${messageOf(error)}`);
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
      }
    });
  }

  private fail(error: unknown): void {
    const code = error instanceof AppError ? error.code : 'internal';
    const kind = code === 'disk-full' ? 'disk' : code === 'not-found' || code === 'read-only' ? 'gone' : 'other';
    if (kind === 'other') this.options.log.error({ err: error, image: this.imageId }, 'a mask could not be kept');
    const text =
      kind === 'other' && !(error instanceof AppError)
        ? 'Something went wrong inside the workbench; its log has the details'
        : messageOf(error);
    this.setProblem({ kind, text });
  }

  private setProblem(problem: EditProblem | null): void {
    if (this.problem?.text === problem?.text) return;
    this.problem = problem;
    this.tell();
  }

  private tell(): void {
    this.options.stateChanged(this.state());
  }

  /** @returns what was taken back once that is durable, or null @throws AppError 'read-only' */
  async undo(): Promise<string | null> {
    return this.move('undo');
  }

  /** @returns what was done again once that is durable, or null @throws AppError 'read-only' */
  async redo(): Promise<string | null> {
    return this.move('redo');
  }

  private async move(kind: 'undo' | 'redo'): Promise<string | null> {
    this.options.assertWritable();
    this.assertOpen();
    const moved = await this.work.run(async () => {
      const step = kind === 'undo' ? this.history.undo() : this.history.redo();
      if (!step) return null;
      const side = kind === 'undo' ? 'before' : 'after';
      await applyStep(this.values, this.size.width, step, side);
      return { label: step.label, ...this.happened({ kind }, step, await this.patchOf(step, side), null) };
    });
    await moved?.recorded;
    return moved?.label ?? null;
  }

  /** A step's side in class ids, for windows. */
  private async patchOf(step: EditStep, side: 'before' | 'after'): Promise<WirePatch> {
    const { left, top, width, height, changed } = step;
    const values = await mapValues(step[side], this.shownIds);
    return packPatch({ left, top, width, height, changed, values: values as Uint8Array }, pack);
  }

  /** Takes other values as the mask, as one undoable step. @param origin what the history says of the file that follows */
  async replace(values: Uint8Array, label: string, origin: string): Promise<EditState> {
    this.options.assertWritable();
    this.assertOpen();
    await this.work.run(async () => {
      const difference = await stepBetween(this.values, values, this.size);
      if (!difference) return;
      const step = { ...difference, id: this.history.nextId(), label, stroke: null };
      this.origin = origin;
      await this.push(step, await this.patchOf(step, 'after'));
    });
    return this.save();
  }

  private schedule(): void {
    if (this.closing || this.conflictWith !== undefined) return;
    const now = Date.now();
    if (this.timer) clearTimeout(this.timer);
    else this.unsavedSince = now;
    const wait = Math.max(0, Math.min(autosaveMs, this.unsavedSince + longestWaitMs - now));
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.save();
    }, wait);
  }

  /** Writes the mask file if it differs; what comes of it is in the state. Never rejects. */
  save(): Promise<EditState> {
    return this.saving.run(async () => {
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      if (!this.isDirty || this.conflictWith !== undefined) return this.state();
      this.busySaving = true;
      this.tell();
      try {
        await this.write();
      } catch (error) {
        this.fail(error);
        if (!this.closing) setTimeout(() => this.isDirty && this.schedule(), retryMs).unref();
      }
      this.busySaving = false;
      this.tell();
      if (this.isDirty && this.problem === null) this.schedule();
      return this.state();
    });
  }

  private async write(): Promise<void> {
    const { workers, image, mask, classSet, store } = this.options;
    this.options.assertWritable();
    const { mark, origin } = await this.work.run(() => {
      if (this.dirty) copyRows(this.values, this.snapshot, this.size.width, this.dirty);
      this.dirty = null;
      return { mark: this.history.mark(), origin: this.origin };
    });
    const known = this.known.get(mark);
    const staged = await workers.run('stageMask', {
      ...this.size,
      maskFile: image.maskFile,
      values: this.snapshot,
      form: mask.form,
      classSet,
      expected: this.revision,
      store,
      known: known ?? null,
    });
    if ('conflict' in staged) return this.conflict(staged.conflict);
    // A state that was no file before is no file again: undo of the first stroke takes the file away.
    const revision = known === null ? null : staged.revision;
    await this.record({ kind: 'saving', revision, mark });
    const published = await workers.run('publishMask', { maskFile: image.maskFile, revision, expected: this.revision, store });
    if ('conflict' in published) return this.conflict(published.conflict);
    const before = this.revision;
    this.revision = revision;
    this.fileMark = mark;
    this.known.set(mark, revision);
    this.savedAt = nowText();
    this.origin = 'edit';
    this.setProblem(null);
    const found = revision === null ? { classPixels: null, problems: [] } : { classPixels: staged.classPixels, problems: staged.problems };
    this.options.saved({ imageId: this.imageId, revision, savedAt: this.savedAt, before, origin, ...found });
  }

  private conflict(found: string | null): void {
    this.conflictWith = found;
    // What was copied for the save is to be copied again.
    this.dirty = { left: 0, top: 0, ...this.size };
    const what = found === null ? 'was removed' : 'was changed';
    this.setProblem({ kind: 'conflict', text: `${this.options.image.maskFile} ${what} by another program since it was opened` });
  }

  /** Ends a conflict as a person has chosen; the other version is kept as a revision either way. */
  async resolve(keep: 'mine' | 'theirs'): Promise<EditState> {
    const found = this.conflictWith;
    if (found === undefined) return this.state();
    const { workers, image, classSet } = this.options;
    const theirs =
      keep === 'theirs'
        ? await workers.run('readMask', { maskFile: image.maskFile, ...this.size, voidValue: classSet.format.voidValue })
        : null;
    this.conflictWith = undefined;
    this.revision = theirs ? theirs.revision : found;
    this.setProblem(null);
    if (!theirs) return this.save();
    await this.work.run(async () => {
      const difference = await stepBetween(this.values, theirs.values, this.size);
      if (difference) {
        const step = { ...difference, id: this.history.nextId(), label: 'Take the other version', stroke: null };
        await this.push(step, await this.patchOf(step, 'after'));
      }
      this.fileMark = this.history.mark();
      this.known.set(this.fileMark, theirs.revision);
      await this.record({ kind: 'saving', revision: theirs.revision, mark: this.fileMark });
    });
    this.tell();
    return this.state();
  }

  private assertOpen(): void {
    if (this.closing) throw new AppError('cancelled', `${this.imageId} is being closed`);
  }

  /** Saves what is unsaved and ends. Never rejects: what cannot be saved stays in the journal. */
  async close(): Promise<void> {
    if (this.closing) return;
    await this.work.idle();
    if (this.problem === null) await this.save();
    this.closing = true;
    if (this.timer) clearTimeout(this.timer);
    await this.saving.idle();
    await this.recording.idle();
    await this.options.recovered.journal.close();
  }
}
