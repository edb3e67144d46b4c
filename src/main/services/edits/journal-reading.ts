import type { PixelKind } from '#files/mask-form';
import { messageOf } from '#shared/errors';
import type { MaskSize } from '#shared/mask/patch';
import { breathe } from '../turns.ts';
import { EditHistory, type EditStep } from '#shared/mask/edit-history';
import { mergedKinds, readKinds } from './pixel-kinds.ts';
import { assertStep, decodeRecord, labelsOf, type JournalRecord } from './journal-record.ts';

/** What is done to a mask to bring it from its file to where the journal ends. */
export interface Replay {
  step: EditStep;
  side: 'before' | 'after';
}

/** What a record did. */
export interface Deed {
  replay: Replay | null;
  /** The record of a change; null for what tells of the file. */
  change: JournalRecord | null;
  /** Mark of the state after it. */
  state: number;
  /** The file that a state was, or was about to become; `isSure` where it was, or is in the mask's past. */
  file?: { revision: string | null; mark: number; isSure: boolean };
  /** Whether it tells that the file had become that. */
  saved: boolean;
}

/** What a journal's records tell. */
export interface Told {
  history: EditHistory;
  deeds: Deed[];
  /** The names of all strokes that it tells of, also of such as were undone and are in no past any more. */
  strokes: Set<string>;
  /** What codes stand for that are in no class set. */
  kinds: PixelKind[];
  /** What codes mean in a mask of colours, by the name that its first record gives. */
  codes?: string;
  /** Of the mask that it was made on; null of an empty or damaged one. */
  size: MaskSize | null;
  /** Why reading stopped before the end; null if it did not. */
  broken: string | null;
}

const bytesOf = ({ changed, before, after }: EditStep): number => changed.length + before.length + after.length;

/** Steps that are in no file yet are held, unpacked, until they are: more than this no hand paints between two saves. */
const mostHeldOf = ({ width, height }: MaskSize): number => Math.min(2 ** 32, Math.max(2 ** 31, 48 * width * height));

/** Deeds in their order. Those that are in a file for good are not done anew: their steps are let go of, but for what can be undone. */
class Deeds {
  readonly all: Deed[] = [];
  private readonly lastOf = new Map<number, number>();
  private readonly bytes: number[] = [];
  private letGo = 0;
  private held = 0;

  /** @returns bytes that steps of what is in no file take */
  add(deed: Deed, record: JournalRecord): number {
    const bytes = record.kind === 'step' ? bytesOf(record.step) : 0;
    this.lastOf.set(deed.state, this.all.push(deed) - 1);
    this.bytes.push(bytes);
    this.held += bytes;
    if (record.kind === 'saved') this.letGoTo(this.lastOf.get(record.mark) ?? -1);
    return this.held;
  }

  private letGoTo(last: number): void {
    for (; this.letGo <= last; this.letGo++) {
      this.all[this.letGo] = { ...this.all[this.letGo], replay: null, change: null };
      this.held -= this.bytes[this.letGo];
    }
  }
}

/** Small records between two turns of others. */
const framesATurn = 1000;

/**
 * Goes through a journal's records as they were made. What cannot be applied ends it.
 * @param now size of the image, whatever the journal claims: of larger masks more steps are held
 */
export async function tell(frames: readonly Uint8Array[], imageId: string, now: MaskSize): Promise<Told> {
  const deeds = new Deeds();
  const mostHeld = mostHeldOf(now);
  const strokes = new Set<string>();
  const kinds: PixelKind[] = [];
  let history = new EditHistory();
  let broken: string | null = null;
  let codes: string | undefined;
  let size: MaskSize | null = null;
  for (const [index, payload] of frames.entries()) {
    if (payload.length > 65_536 || index % framesATurn === 0) await breathe();
    try {
      const record = await decodeRecord(payload, size);
      if (index === 0) ({ history, size, codes } = beginning(record, imageId));
      const replay = index === 0 ? null : await perform(record, history, size!);
      if (record.kind === 'step' && record.step.stroke !== null) strokes.add(record.step.stroke);
      if (record.kind === 'step' && record.step.kinds) kinds.push(...readKinds(record.step.kinds));
      const deed = { replay, change: replay && record, state: history.mark(), saved: record.kind === 'saved', ...fileOf(record) };
      const held = deeds.add(deed, record);
      if (held > mostHeld) throw new Error(`its steps since the last save take more than ${mostHeld} bytes`);
    } catch (error) {
      broken = messageOf(error);
      break;
    }
  }
  return { history, deeds: deeds.all, strokes, kinds: mergedKinds(kinds), codes, size, broken };
}

function beginning(record: JournalRecord, imageId: string): { history: EditHistory; size: MaskSize; codes?: string } {
  if (record.kind !== 'begin') throw new Error('it does not tell what it was made on');
  if (record.image !== imageId) throw new Error(`it is of the image "${record.image}"`);
  const { width, height, codes, mark } = record;
  return { history: new EditHistory(mark), size: { width, height }, codes };
}

function fileOf(record: JournalRecord): Pick<Deed, 'file'> {
  if (!('revision' in record) || record.revision === undefined) return {};
  return { file: { revision: record.revision, mark: record.mark, isSure: record.kind !== 'saving' || record.kept === true } };
}

async function perform(record: JournalRecord, history: EditHistory, size: MaskSize): Promise<Replay | null> {
  if (record.kind === 'step') {
    await assertStep(record.step, size);
    history.push(record.step);
    return { step: record.step, side: 'after' };
  }
  if (record.kind === 'undo' || record.kind === 'redo') {
    const step = record.kind === 'undo' ? history.undo() : history.redo();
    if (!step) throw new Error(`there is nothing to ${record.kind}`);
    return { step, side: record.kind === 'undo' ? 'before' : 'after' };
  }
  if (record.kind === 'begin') throw new Error('it begins twice');
  return null;
}

/**
 * The last deed after which the mask was what the file holds; -1 if the file holds none of the states that a kill can have left: a
 * file that is as it was before the last save was put back by somebody.
 */
export function findFile(deeds: readonly Deed[], revision: string | null): number {
  const since = deeds.findLastIndex(({ saved }) => saved);
  const saving = deeds.findLastIndex(({ file }, index) => index >= since && file !== undefined && file.revision === revision);
  // Strokes may have come between the state and the record that it is being saved.
  return saving < 0 ? -1 : deeds.findLastIndex(({ state }, index) => index <= saving && state === deeds[saving].file!.mark);
}

/** What was done and is in no file, where the file is none that it was done on. */
export interface Unsaved {
  /** The last file that it was done on; null where there was none. */
  revision: string | null;
  replay: Replay[];
  /** A whole mask that was made of it and waits in the store, since it has become no file; null where there is none. */
  staged: string | null;
  /** What its codes stand for that are in no class set. */
  kinds: PixelKind[];
  /** As undo names it. */
  work: string[];
}

/**
 * What of a journal was done since its last file; null if there is no such thing, or nothing that tells its file.
 * @param otherCodes whether codes mean others now, so that nothing can be done anew
 */
export function unsavedOf({ deeds, kinds, history }: Pick<Told, 'deeds' | 'kinds' | 'history'>, otherCodes: boolean): Unsaved | null {
  const file = deeds.findLast((deed) => deed.file?.isSure)?.file;
  if (!file) return null;
  const since = deeds.slice(findFile(deeds, file.revision) + 1);
  const replay = otherCodes ? [] : since.flatMap((deed) => deed.replay ?? []);
  const last = deeds.findLast((deed) => deed.file)?.file;
  // What came after it is in what is done anew, where that can be.
  const isWhole = last?.isSure === false && (last.mark === history.mark() || otherCodes);
  const staged = isWhole ? last.revision : null;
  const work = labelsOf(since.flatMap(({ change }) => change ?? []));
  return replay.length === 0 && staged === null ? null : { revision: file.revision, replay, staged, kinds, work };
}
