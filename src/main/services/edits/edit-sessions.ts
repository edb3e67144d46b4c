import path from 'node:path';
import type { EditState, OpenedMask, ReplacedMask, SeenMask } from '#shared/contract/edits';
import type { Services } from '#shared/contract/index';
import type { PixelKind } from '#files/mask-form';
import { counted } from '#shared/counted';
import { AppError } from '#shared/errors';
import { mapClasses, storedValues } from '#shared/classes/class-map';
import type { MaskSize } from '#shared/mask/patch';
import type { Db } from '../database.ts';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import { fileStamp } from '../datasets/survey.ts';
import type { Emitter } from '../events.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { Logger } from '../log.ts';
import type { PredictionStore } from '../review/prediction-store.ts';
import type { ReadMask } from '../workers/mask-tasks.ts';
import type { Workers } from '../workers/workers.ts';
import { breathe } from '../turns.ts';
import { EditSession } from './edit-session.ts';
import type { SavedMask } from './edit-session-options.ts';
import { Journals, type RecoveredJournal } from './journals.ts';
import { KeptMasks } from './kept-masks.ts';
import { MaskPast } from './mask-past.ts';
import { MaskRepairs } from './mask-repairs.ts';
import { codesNamed } from './pixel-kinds.ts';
import { shownIdsOf } from './shown-ids.ts';
import { surveyAndTell } from './survey-and-tell.ts';
import { keepUnsaved } from './unsaved-strokes.ts';

export interface EditSessionsOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  workers: Workers;
  events: Emitter;
  outbox: Outbox;
  log: Logger;
  predictions: PredictionStore;
}

/** Sessions that stay open though nothing of them is unsaved: the images one goes back to. */
const keptSessions = 6;
const keptBytes = 600_000_000;

const otherMask = (imageId: string): string => `The mask of ${imageId} was changed by another program and is shown as it is now.`;

/** The masks under edit of one data set. Owns every session: opens it once, and closes it when it is idle and others are newer. */
export class EditSessions {
  private readonly options: EditSessionsOptions;
  private readonly journals: Journals;
  private readonly store: string;
  private readonly kept: KeptMasks;
  private readonly past: MaskPast;
  private readonly repairs: MaskRepairs;
  /** By image, oldest use first. */
  private readonly sessions = new Map<string, Promise<EditSession>>();
  /** What the mask file of an image was when its session was put away. */
  private readonly lastRevisions = new Map<string, string | null>();
  private readonly strokes = new Map<string, Set<string>>();
  /** Images whose photo is another file than when their session was opened. */
  private readonly outgrown = new Set<string>();
  /** Images whose mask somebody writes without a session: nobody opens one until that has ended. */
  private readonly held = new Map<string, Promise<unknown>>();
  private settling: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: EditSessionsOptions) {
    this.options = options;
    const tooLarge = (error: unknown) => options.log.warn({ err: error }, 'a large journal could not be written anew');
    this.journals = new Journals(options.dataset.workFolder, tooLarge);
    this.store = options.dataset.workFolder.at('revisions');
    this.kept = new KeptMasks(options.db, this.store);
    this.past = new MaskPast(options.db, options.outbox);
    this.repairs = new MaskRepairs({
      ...options,
      store: this.store,
      putAway: async (imageId) => {
        const session = await this.sessions.get(imageId)?.catch(() => null);
        if (!session) return;
        const { problem } = await session.save();
        if (problem)
          throw new AppError('conflict', `The mask of ${imageId} waits for a person before anything else is done: ${problem.text}`);
        await this.putAway(imageId, session);
      },
      holding: (imageId, work) => this.holding(imageId, work),
      past: this.past,
    });
  }

  /**
   * Works with the session of an image, opened if it is not yet.
   * @throws AppError 'not-found', 'corrupt-file' if image or mask cannot be read
   */
  private async using<T>(imageId: string, work: (session: EditSession) => Promise<T>): Promise<T> {
    for (;;) {
      const session = await this.session(imageId);
      // One that is just being put away takes nothing more: the next one does, once that has ended.
      if (session.closing && !this.closed) await session.close();
      else return work(session);
    }
  }

  private async session(imageId: string): Promise<EditSession> {
    for (let waited = this.inTheWay(imageId, null); waited; waited = this.inTheWay(imageId, waited)) await waited;
    if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
    const known = this.sessions.get(imageId);
    const opening = known ?? this.open(imageId);
    this.sessions.delete(imageId);
    this.sessions.set(imageId, opening);
    try {
      const session = await opening;
      void this.trim(imageId);
      return session;
    } catch (error) {
      // Half a session does not exist: the next one asks the file again.
      if (this.sessions.get(imageId) === opening) this.sessions.delete(imageId);
      throw error;
    }
  }

  /**
   * What whoever comes to a mask waits for; null where nothing is in the way. Once one wait is over another may have begun, so it is
   * asked again, and what follows is done in the same turn.
   * @param waited what was waited for last
   */
  private inTheWay(imageId: string, waited: Promise<unknown> | null): Promise<unknown> | null {
    return this.held.get(imageId) ?? (waited === this.settling ? null : this.settling);
  }

  /** Does something to a mask, and keeps sessions from being opened meanwhile: strokes wait for the mask that there is then. */
  private async holding<T>(imageId: string, work: () => Promise<T>): Promise<T> {
    for (let waited = this.inTheWay(imageId, null); waited; waited = this.inTheWay(imageId, waited)) await waited;
    const working = work();
    this.held.set(
      imageId,
      working.catch(() => undefined),
    );
    return working.finally(() => this.held.delete(imageId));
  }

  /** A mask as a window opens it: one that another program has changed while nobody painted on it is read anew. */
  private async opened(imageId: string, window: string): Promise<OpenedMask> {
    const labels = path.dirname(this.options.dataset.image(imageId).maskFile);
    this.options.access.assertThere(labels);
    const stale = await this.using(imageId, (session) => Promise.resolve(session.isStale && session));
    if (stale) await this.putAway(imageId, stale);
    return this.using(imageId, (session) => session.opened(window));
  }

  /** Photos and masks are others now: an image that nobody is painting on is opened anew where it is shown. */
  async lookAgain({ photos, masks }: { photos: readonly string[]; masks: readonly string[] }): Promise<void> {
    const tell = (text: (imageId: string) => string) => (imageId: string) =>
      this.options.events.emit('edits.reopen', { imageId, text: text(imageId) });
    await this.putAwayEach(masks, (session) => session.isStale, tell(otherMask));
    for (const imageId of photos) this.outgrown.add(imageId);
    await this.reopenOutgrown();
  }

  /** Where a photo has another size now, its mask is opened anew, once nobody's stroke waits. */
  private async reopenOutgrown(): Promise<void> {
    const { dataset, events } = this.options;
    for (const imageId of [...this.outgrown]) {
      const session = await this.sessions.get(imageId)?.catch(() => null);
      if (!session || !dataset.has(imageId)) this.outgrown.delete(imageId);
      if (!session?.idle || session.closing || !dataset.has(imageId)) continue;
      this.outgrown.delete(imageId);
      const { width, height } = await dataset.surveyed(imageId);
      if (width === session.size.width && height === session.size.height) continue;
      await this.putAway(imageId, session);
      // What was painted meanwhile has the size of before.
      events.emit('datasets.images', [await dataset.survey(imageId, true)]);
      events.emit('edits.reopen', { imageId, text: `The photo of ${imageId} has another size and is shown as it is now.` });
    }
  }

  private onState(state: EditState): void {
    this.options.events.emit('edits.state', state);
    if (!this.outgrown.has(state.imageId)) return;
    const untold = (error: unknown) => this.options.log.error({ err: error }, 'a mask of another size could not be opened anew');
    // Another turn: the session is in the middle of saying this.
    setImmediate(() => void this.reopenOutgrown().catch(untold));
  }

  /**
   * Closes the sessions of images that are gone, or have other files; what is painted on them is saved.
   * @returns those that were open
   */
  async letGo(isGone: (imageId: string) => boolean): Promise<string[]> {
    const closed = new Set<string>();
    // One may be opened again while another is closed.
    for (let open = this.openOf(isGone); open.length > 0 && !this.closed; open = this.openOf(isGone)) {
      for (const imageId of open) closed.add(imageId);
      await this.putAwayEach(open, undefined, (imageId, session) => this.tellLeft(imageId, session));
      // One that is being closed by somebody else has its turn.
      await breathe();
    }
    return [...closed];
  }

  private openOf(isGone: (imageId: string) => boolean): string[] {
    return [...this.sessions.keys()].filter(isGone);
  }

  private async putAwayEach(
    imageIds: readonly string[],
    is: (session: EditSession) => boolean = () => true,
    tell: (imageId: string, session: EditSession) => void = () => undefined,
  ): Promise<void> {
    for (const imageId of imageIds) {
      const session = await this.sessions.get(imageId)?.catch(() => null);
      if (!session || session.closing || !is(session)) continue;
      await this.putAway(imageId, session);
      // It is told here.
      this.lastRevisions.delete(imageId);
      tell(imageId, session);
    }
  }

  /** What could not be saved when its image went is not lost, and not kept in silence either. */
  private tellLeft(imageId: string, session: EditSession): void {
    const { problem } = session.state();
    // Of what another program has written over it is told where it is kept.
    if (!problem || problem.kind === 'conflict' || !session.isBehind) return;
    const text = `What was painted on ${imageId} last is not in its mask (${problem.text})`;
    const where = session.gaveUp
      ? 'The disk did not take all of it: the rest is in the window that painted it, for as long as that is open.'
      : 'It is kept, and comes back when the image does.';
    this.options.events.emit('app.notice', { kind: 'error', text: `${text}. ${where}` });
  }

  /** Closes a session. Until that is done it stays the image's own: a second one would write the same journal. */
  private async putAway(imageId: string, session: EditSession): Promise<void> {
    await session.close();
    this.lastRevisions.set(imageId, session.fileRevision);
    const current = await this.sessions.get(imageId)?.catch(() => null);
    if (current === session) this.sessions.delete(imageId);
  }

  private async open(imageId: string): Promise<EditSession> {
    const { dataset, access, workers, events, log } = this.options;
    const image = dataset.image(imageId);
    const entry = await dataset.measured(imageId);
    if (entry.width === 0) {
      throw new AppError('corrupt-file', entry.problems[0]?.text ?? `${image.imageFile} cannot be decoded`, { file: image.imageFile });
    }
    const size = { width: entry.width, height: entry.height };
    const stamp = fileStamp(image.maskFile);
    const { format } = dataset.classSet;
    const read = (known: PixelKind[]) => workers.run('readMask', { maskFile: image.maskFile, ...size, format, known });
    const first = await read([]);
    // A folder that is away has no masks to tell of: nothing of it is void.
    const labels = path.dirname(image.maskFile);
    access.assertThere(labels);
    const subject = { image: imageId, ...size, ...codesNamed(first.form, format) };
    const recovered = await this.journals.open(subject, first.revision, access.readOnlyReason() === null, format);
    await this.keepUnsaved(recovered, image, size);
    // What its journal knows keeps the codes that the journal's steps speak of.
    const mask = recovered.kinds.length > 0 ? await read(recovered.kinds) : first;
    if (mask.revision !== first.revision) throw new AppError('conflict', `${image.maskFile} changed while it was opened: open it again`);
    this.tellChanged(imageId, mask.revision);
    return EditSession.open({
      image,
      classSet: dataset.classSet,
      mask,
      recovered,
      workers,
      strokes: this.strokesOf(imageId, recovered.strokes),
      stamp,
      store: this.store,
      maskFolders: () => dataset.maskFolders,
      log,
      assertWritable: () => access.assertWritable(labels),
      assertOwned: () => access.assertOwned(),
      readOnlyReason: () => access.readOnlyReason(),
      changed: (change) => events.emit('edits.change', change),
      stateChanged: (state) => this.onState(state),
      // What the file was before its first edit here is the first of its past.
      replacing: (revision) => this.past.keep('an original mask', { imageId, revision, origin: 'original' }),
      saved: (saved) => this.onSaved(saved),
      met: (revision) => this.onMet(imageId, revision),
      keptMine: (revision, work) => this.keepPainted(imageId, revision, work),
      left: (revision, work) => this.onLeft(imageId, revision, work),
    });
  }

  /** Puts what is in no file into the mask's past. Where that fails it stays where its note says. Never rejects. */
  private async keepUnsaved(recovered: RecoveredJournal, { id, maskFile }: LocatedImage, size: MaskSize): Promise<void> {
    const { unsaved, notes } = recovered;
    if (!unsaved) return;
    const { dataset, workers, log } = this.options;
    try {
      const revision = await keepUnsaved(unsaved, { maskFile, size, format: dataset.classSet.format, store: this.store, workers });
      this.keepPainted(id, revision, unsaved.work);
      notes.push(`${notes.pop() ?? ''} As a mask they are in its history as well, to be restored.`.trim());
    } catch (error) {
      log.error({ err: error, image: id }, 'strokes that were set aside could not be put into the history');
    }
    // Else every opening would do and tell this again, until something is painted.
    await recovered.journal.start().catch((error: unknown) => log.warn({ err: error, image: id }, 'a journal could not be begun anew'));
  }

  /** The windows that show an image learn that its mask is another one than it was here. */
  private tellChanged(imageId: string, revision: string | null): void {
    if (!this.lastRevisions.has(imageId) || this.lastRevisions.get(imageId) === revision) return;
    this.options.events.emit('edits.reopen', { imageId, text: otherMask(imageId) });
  }

  /** The strokes that were ever done on an image, whatever its journals have forgotten since. */
  private strokesOf(imageId: string, recovered: Set<string>): Set<string> {
    const strokes = new Set([...(this.strokes.get(imageId) ?? []), ...recovered]);
    this.strokes.set(imageId, strokes);
    return strokes;
  }

  private onSaved({ imageId, revision, savedAt, origin, work, classPixels, problems }: SavedMask): void {
    const { dataset, events } = this.options;
    const editedAt = revision === null ? null : savedAt;
    // The image may have gone from its folder meanwhile: what was painted is in its mask all the same.
    if (dataset.has(imageId)) {
      const had = dataset.entry(imageId).hasMask;
      const isPainted = origin === 'edit';
      const entry = dataset.maskWritten(imageId, { revision, classPixels, problems, editedAt, isPainted });
      events.emit('datasets.images', [entry]);
      if (entry.hasMask !== had) events.emit('datasets.changed', dataset.info);
      // A mask that was put here as a whole may lie otherwise than the one before.
      if (!isPainted && dataset.mayLie(imageId)) void surveyAndTell(this.options, imageId);
    }
    if (revision) this.past.keep('a revision of a mask', { imageId, revision, at: savedAt, origin, work });
  }

  /** Another program's version was found and kept: whatever a person chooses, it is in the mask's past. */
  private onMet(imageId: string, revision: string): void {
    this.past.keep("another program's mask", { imageId, revision, origin: 'another program' });
  }

  /** What was painted, and is in no file, is in the mask's past. */
  private keepPainted(imageId: string, revision: string, work: readonly string[]): void {
    this.past.keep('what was painted', { imageId, revision, origin: 'edit', work });
  }

  private onLeft(imageId: string, revision: string | null, work: readonly string[]): void {
    const text = `What was painted on ${imageId} last is not in its mask, which another program has changed`;
    if (revision === null) {
      const where = 'It could not be put into its history; its journal keeps it, and is set aside when the image is opened next.';
      return void this.options.events.emit('app.notice', { kind: 'error', text: `${text}. ${where}` });
    }
    this.keepPainted(imageId, revision, work);
    this.options.events.emit('app.notice', { kind: 'error', text: `${text}. It is in the mask's history, to be restored.` });
  }

  /** Closes sessions that nobody has used for long. */
  private async trim(except: string): Promise<void> {
    const settled = await Promise.allSettled([...this.sessions].map(async ([id, session]) => ({ id, session: await session })));
    const open = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    let bytes = open.reduce((sum, { session }) => sum + session.bytes, 0);
    let count = open.length;
    for (const { id, session } of open) {
      if (count <= keptSessions && bytes <= keptBytes) return;
      if (id === except || session.closing || !session.idle) continue;
      count--;
      bytes -= session.bytes;
      await this.putAway(id, session);
    }
  }

  /** The ids of a prediction as stored values of the data set. @throws AppError 'invalid-argument' if it has a class that the set lacks */
  private async predictedValues(predictionId: string, imageId: string, size: { width: number; height: number }): Promise<Uint8Array> {
    const { predictions, dataset, workers } = this.options;
    const { classes } = predictions.info(predictionId);
    const { ids } = mapClasses(classes, dataset.classSet.classes);
    const values = storedValues(dataset.classSet.format);
    const toValue = Array.from(ids, (id) => (id < 0 ? -1 : values[id]));
    return workers.run('readPrediction', { file: predictions.file(predictionId, imageId), ...size, toValue, classes });
  }

  private takePrediction(imageId: string, predictionId: string): Promise<ReplacedMask> {
    return this.using(imageId, async (session) => {
      const values = await this.predictedValues(predictionId, imageId, session.size);
      return session.replace({ values }, 'Take the prediction', 'prediction');
    });
  }

  private async restore(imageId: string, revision: string): Promise<ReplacedMask> {
    const opened = await this.using(imageId, (session) => Promise.resolve(session.state())).catch((error: unknown) => error);
    if (!(opened instanceof Error))
      return this.using(imageId, async (session) =>
        session.replace(await this.keptMask(session, revision), 'Restore an earlier mask', 'restored'),
      );
    if (!(opened instanceof AppError) || opened.code !== 'corrupt-file') throw opened;
    // The mask that is there is none, or fits its photo no more: that is when an earlier one is needed most.
    await this.repairs.putBack(imageId, revision);
    return this.using(imageId, (session) => Promise.resolve({ ...session.state(), stepped: false, replaced: true }));
  }

  private look(imageId: string, revision: string): Promise<SeenMask> {
    const { workers, dataset } = this.options;
    return this.using(imageId, async (session) => {
      const { values, toId } = await this.keptMask(session, revision);
      const { ids } = await workers.run('packIds', { values, shownIds: shownIdsOf(toId, dataset.classSet.format) });
      return { ...session.size, ids };
    });
  }

  /** A kept mask, in the codes that its image has now. */
  private keptMask({ form, toId, size }: EditSession, revision: string): Promise<ReadMask> {
    const { format } = this.options.dataset.classSet;
    return this.options.workers.run('readKept', { store: this.store, revision, format, form, toId, ...size });
  }

  handlers(): Services['edits'] {
    const on = this.using.bind(this);
    return {
      open: ({ imageId, window }) => this.opened(imageId, window),
      stroke: ({ imageId, stroke, label, patch, classes }) => on(imageId, (session) => session.stroke(stroke, label, patch, classes)),
      undo: ({ imageId, own }) => on(imageId, (session) => session.move('undo', own)),
      redo: ({ imageId, own }) => on(imageId, (session) => session.move('redo', own)),
      save: ({ imageId }) => on(imageId, (session) => session.save()),
      unsaved: () => this.unsaved(),
      resolve: ({ imageId, keep }) => on(imageId, (session) => session.resolve(keep)),
      takePrediction: ({ imageId, predictionId }) => this.takePrediction(imageId, predictionId),
      revisions: ({ imageId }) => this.past.of(imageId, this.options.dataset.entry(imageId).revision),
      repair: ({ imageIds, how }) => this.repairs.repair(imageIds, how),
      rewrite: ({ imageIds, of }) => this.repairs.rewrite(imageIds, of),
      cancelRepair: () => this.repairs.cancel(),
      unrepair: ({ imageIds }) => this.repairs.takeBack(imageIds),
      keptMasks: () => this.kept.use(),
      freeMasks: () => {
        this.options.access.assertOwned();
        return this.kept.free();
      },
      look: ({ imageId, revision }) => this.look(imageId, revision),
      restore: ({ imageId, revision }) => this.restore(imageId, revision),
    };
  }

  /** How the masks stand that are not in their files yet. */
  async unsaved(): Promise<EditState[]> {
    const settled = await Promise.allSettled([...this.sessions.values()]);
    return settled.flatMap((result) => (result.status === 'fulfilled' && !result.value.idle ? [result.value.state()] : []));
  }

  /**
   * Saves what is unsaved and closes the sessions; they open again when they are asked for, which waits until this is done, and so does
   * a repair of the next mask. One that cannot be saved stays open, and is tried again or waits for a person.
   * @throws AppError 'conflict' naming the first of these, once all others are saved: their files do not hold what is seen
   */
  async settle(): Promise<void> {
    const left: EditState[] = [];
    await this.putAwayAll(async (session) => {
      const state = await session.save();
      // Whoever only reads sees what another one is saving.
      const isLeft = session.isBehind && state.problem !== null && this.options.access.readOnlyReason() === null;
      if (isLeft) left.push(state);
      // What waits for the journal alone goes on waiting: given up it would be done to nothing.
      return !isLeft && state.durable === state.seq;
    });
    if (left.length === 0) return;
    const [{ imageId, problem }] = left;
    const others = left.length > 1 ? ` and ${counted(left.length - 1, 'other image')}` : '';
    throw new AppError('conflict', `What was painted last on ${imageId}${others} is not in its mask: ${problem!.text}`);
  }

  /** The same of every session; repairs end with the mask in hand. @param then what follows before any of them opens again */
  handOver(then: () => void): Promise<void> {
    this.repairs.cancel();
    return this.putAwayAll(() => Promise.resolve(true), then);
  }

  private async putAwayAll(is: (session: EditSession) => Promise<boolean>, then: () => void = () => undefined): Promise<void> {
    const each = async (id: string, opening: Promise<EditSession>) => {
      const session = await opening.catch(() => null);
      if (session && (await is(session))) await this.putAway(id, session);
    };
    const open = [...this.sessions].map(([id, opening]) => each(id, opening));
    this.settling = Promise.all([...open, ...this.held.values()]).then(then);
    await this.settling;
  }

  /** The same for good. Never rejects. */
  async close(): Promise<void> {
    await this.repairs.close();
    this.closed = true;
    await this.handOver(() => undefined);
  }
}
