import { z } from 'zod';
import type { WirePatch } from '../mask/patch.ts';
import type { Progress } from '../throttled-progress.ts';
import { event, latest, method } from './define.ts';
import { imageId, predictionId } from './ids.ts';

/** How a mask under edit stands to its file. */
export type SaveState = 'saved' | 'unsaved' | 'saving' | 'failed';

/** Why a mask is not saved or cannot be painted on, with what a person can do. */
export interface EditProblem {
  /** `conflict`: another program wrote the file, and a person must choose. Others are tried again by themselves. */
  kind: 'conflict' | 'disk' | 'gone' | 'other';
  text: string;
}

/** What every window that shows an image knows of its mask. */
export interface EditState {
  imageId: string;
  /** Number of the newest change; grows by one with each. */
  seq: number;
  /** Grows with all that is told of masks: of two states the one with more is newer, however they come. */
  told: number;
  /** The newest change that a power cut does not take away. */
  durable: number;
  state: SaveState;
  savedAt: string | null;
  /** sha256 of the mask file, shortened; null without one. */
  revision: string | null;
  /** What the next undo and redo take back or do again; null where there is nothing. */
  undo: string | null;
  redo: string | null;
  /** Whether older steps made room: undo ends before the first stroke. */
  undoEnds: boolean;
  problem: EditProblem | null;
}

/** A mask as a window opens it. */
export interface OpenedMask extends EditState {
  width: number;
  height: number;
  /** Ids, row-major, as raw deflate: of classes, of foreign pixels; 255 = void. */
  ids: Uint8Array;
  /** What of it is not in the class set: the ids under which such pixels are shown, above those of classes. */
  foreign: { id: number; text: string }[];
  readOnlyReason: string | null;
  /** What a person should know: strokes that came back after a crash, a journal that was set aside. */
  notes: string[];
  /** Strokes of this window that are in the mask: after a lost connection it sends the others again. */
  known: string[];
}

/** A change that every window makes in this order. */
export interface EditChange {
  imageId: string;
  seq: number;
  /** The stroke it is, or undo or redo of one, as its window named it; null for what has no name and what the workbench did. */
  stroke: string | null;
  patch: WirePatch;
}

/** A mask that was to become another one. */
export interface ReplacedMask extends EditState {
  /** Whether it became that by a step, which is what undo takes back then: it may have been that already. */
  stepped: boolean;
  /** Whether its file could not be read, so that it was replaced as a repair does it: `unrepair` takes that back. */
  replaced?: boolean;
}

/** A mask as it was at some time. */
export interface RevisionInfo {
  revision: string;
  createdAt: string;
  /** What made it: "original", "edit", "prediction", "restored", "repaired", "merged", "another program". */
  origin: string;
  /** What was done since the one before, as undo names it; empty where nobody painted. */
  work: string[];
  /** Runs that were trained on it. */
  runs: string[];
  current: boolean;
}

/** A mask to look at. */
export interface SeenMask {
  width: number;
  height: number;
  /** Ids as windows show them, row-major, as raw deflate. */
  ids: Uint8Array;
}

/** What kept masks take on the disk, and what of it can go. */
export interface KeptMasksUse {
  masks: number;
  bytes: number;
  freeableMasks: number;
  freeableBytes: number;
}

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const patchSchema = z.strictObject({
  left: z.int().min(0),
  top: z.int().min(0),
  width: z.int().min(1),
  height: z.int().min(1),
  changed: bytes,
  values: bytes,
  packed: z.boolean().optional(),
});
const image = z.strictObject({ imageId });
const name = z.string().min(1).max(80);
/** Undo and redo. @param own the stroke that the window has moved already, and the name of that: nothing else is moved, and that once */
const move = image.extend({ own: z.strictObject({ stroke: name, name }).optional() });
const revisionSchema = z.string().regex(/^[0-9a-f]{8,64}$/);
const manyImages = z.array(image.shape.imageId).min(1).max(200_000);

/** Ways to make a mask usable: to its image's size, turned as its photo is before it is shown or otherwise, as a PNG, or empty. */
export const repairKinds = ['fit', 'as-photo', 'turn-left', 'turn-right', 'convert', 'begin'] as const;
export type RepairKind = (typeof repairKinds)[number];

export interface RepairReport {
  /** Ids of the images whose masks are usable now. */
  done: string[];
  /** Why the others are not. */
  failed: string[];
}

export const edits = {
  methods: {
    /** @param window names the window, so that its own strokes are told from others' */
    open: method(image.extend({ window: z.string().min(1).max(40) })).returns<OpenedMask>(),
    /**
     * Paints. Answers once the stroke is durable.
     * @param stroke names it: sent again, it is done once
     * @param classes `classesKey` of those that its ids are of: it is refused where they are others now
     */
    stroke: method(image.extend({ stroke: name, label: z.string().max(60), patch: patchSchema, classes: z.int().optional() })).returns<{
      seq: number;
    }>(),
    /** @returns what was taken back, or null if there is nothing, or if what comes next is not the stroke that was asked for */
    undo: method(move).returns<string | null>(),
    redo: method(move).returns<string | null>(),
    /** Writes the mask file now. */
    save: method(image).returns<EditState>(),
    /** How the masks stand that are not in their files, of images that are open in no window too. */
    unsaved: method(z.undefined()).returns<EditState[]>(),
    /** After a conflict: `mine` writes over the other program's file, `theirs` takes it as one undoable step. Both are kept. */
    resolve: method(image.extend({ keep: z.enum(['mine', 'theirs']) })).returns<EditState>(),
    /** Takes a prediction as the mask, as one undoable step. */
    takePrediction: method(image.extend({ predictionId })).returns<ReplacedMask>(),
    /** The mask's past, newest first. */
    revisions: method(image).returns<RevisionInfo[]>(),
    /** Shows an earlier revision; changes nothing. */
    look: method(image.extend({ revision: revisionSchema })).returns<SeenMask>(),
    /** Takes an earlier revision as the mask, as one undoable step. */
    restore: method(image.extend({ revision: revisionSchema })).returns<ReplacedMask>(),
    /** Makes masks usable that are not; each file is kept as it was. */
    repair: method(z.strictObject({ imageIds: manyImages, how: z.enum(repairKinds) })).returns<RepairReport>(),
    /** Writes into masks what they are read as: of `value 20`, `colour 12 34 56`. Those without it are left and not counted. */
    rewrite: method(z.strictObject({ imageIds: manyImages, of: z.array(z.string().max(60)).min(1).max(256) })).returns<RepairReport>(),
    /** Ends a repair of many masks after the one in hand. */
    cancelRepair: method(z.undefined()).returns<void>(),
    /** Puts back what the last repair of each image replaced. */
    unrepair: method(z.strictObject({ imageIds: manyImages })).returns<RepairReport>(),
    keptMasks: method(z.undefined()).returns<KeptMasksUse>(),
    /** Removes for good the kept masks that nothing needs: originals, what runs saw and each image's newest stay. */
    freeMasks: method(z.undefined()).returns<KeptMasksUse>(),
  },
  events: {
    change: event<EditChange>(),
    state: event<EditState>(),
    /** How far a repair of many masks is; null once it is done. */
    repairing: latest<Progress | null>(),
    /** The mask was read anew as a whole: open it again. */
    reopen: event<{ imageId: string; text: string }>(),
  },
};
