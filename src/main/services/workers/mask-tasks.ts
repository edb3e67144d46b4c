import type { ClassInfo, MaskFormat } from '#shared/classes/class-info';
import type { ReadLimits } from '#shared/data/read-limits';
import type { RepairKind } from '#shared/contract/edits';
import type { ImageProblem } from '#shared/contract/datasets';
import type { ReviewMasks } from '#shared/contract/review';
import type { MaskFileForm, PixelKind } from '#files/mask-form';
import type { StoredMask } from '#files/mask-png';
import type { WireError } from '#shared/rpc/frames';
import type { ExportedImage, ExportImageInput } from '../dataset-exports/export-image.ts';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { LocatedDataset } from '../layouts/recognise.ts';
import type { KnownPhoto, Survey } from '../datasets/survey.ts';

/** A mask as it was read: codes in memory that threads share. */
export interface ReadMask extends Omit<StoredMask, 'file'> {
  /** A copy of them, for what is saved while strokes go on. */
  snapshot: Uint8Array;
  /** null where there is no file: the values are then all void. */
  revision: string | null;
}

interface ReadMaskInput {
  maskFile: string;
  /** Size of its image; the mask must have it. */
  width: number;
  height: number;
  format: MaskFormat;
  /** What codes of this image have stood for before. */
  known: readonly PixelKind[];
}

interface AdoptInput {
  maskFile: string;
  width: number;
  height: number;
  classSet: ClassSet;
  /** What its codes stand for now, and what they are read as: those of the file are told in their terms. */
  form: MaskFileForm;
  toId: number[];
  /** Folder of revisions. */
  store: string;
}

interface EditedInput {
  width: number;
  height: number;
  values: Uint8Array;
  form: MaskFileForm;
  /** Folder of revisions. */
  store: string;
}

interface StageInput extends EditedInput {
  maskFile: string;
  toId: number[];
  classSet: ClassSet;
  /** The revision that the file must still have. */
  expected: string | null;
  /** The revision of these very values, if they were a file before; it is not encoded again. */
  known: string | null;
}

/** What staging found: the file changed meanwhile, or the mask lies ready in the store. */
type Staged = { conflict: string | null } | { revision: string; classPixels: number[]; problems: ImageProblem[] };

interface PublishInput {
  maskFile: string;
  /** Revision in the store that becomes the file; null takes the file away. */
  revision: string | null;
  /** Folders of masks of the data set. */
  among: readonly string[];
  expected: string | null;
  store: string;
}

type Published = { conflict: string | null } | { published: true };

interface RepairInput {
  maskFile: string;
  /** Folders of masks of the data set. */
  among: readonly string[];
  imageFile: string;
  how: RepairKind;
  /** Of its image. */
  width: number;
  height: number;
  format: MaskFormat;
  /** Folder of revisions. */
  store: string;
}

interface RewriteInput {
  maskFile: string;
  /** Folders of masks of the data set. */
  among: readonly string[];
  /** What of it is rewritten as the class that it is read as: `value 20`, `colour 12 34 56`. */
  of: readonly string[];
  format: MaskFormat;
  /** Folder of revisions. */
  store: string;
}

interface Repaired {
  /** The file that is the mask now: a PNG of the same name where it was none. */
  maskFile: string;
  /** The revision that was in its place; null if nothing was. */
  before: string | null;
  after: string;
}

interface KeepInput {
  maskFile: string;
  store: string;
}

interface SurveyInput {
  /** Their sizes where they are known to be sound; null looks. */
  images: { imageFile: string; maskFile: string; size: KnownPhoto | null }[];
  classSet: ClassSet;
}

interface KeptInput {
  store: string;
  revision: string;
  width: number;
  height: number;
  format: MaskFormat;
  /** What the image's codes stand for now, and what they are read as: those of the revision are told in their terms. */
  form: MaskFileForm;
  toId: number[];
}

interface PackInput {
  values: Uint8Array;
  /** Class id of each stored value, as windows see it. */
  shownIds: number[];
}

interface PackedIds {
  ids: Uint8Array;
  /** The codes that there are. */
  codes: number[];
}

interface PictureInput {
  maskFile: string;
  /** How its stored values become ids; null where it holds ids. */
  format: MaskFormat | null;
  classes: readonly ClassInfo[];
  /** At most this many pixels wide; null leaves it as it is. */
  maxWidth: number | null;
}

interface ReviewInput {
  predictionFile: string;
  surenessFile: string;
  maskFile: string;
  format: MaskFormat;
  /** The prediction's id of each class id of the data set; -1 for one that it does not know. */
  toPredicted: readonly number[];
}

interface PredictionInput {
  file: string;
  width: number;
  height: number;
  /** Stored value of each predicted class id; -1 for a class that the data set does not have. */
  toValue: number[];
  classes: ClassInfo[];
}

/** What the workers do: the name of each task, what it takes and what it gives. */
export interface MaskTasks {
  readMask: (input: ReadMaskInput) => Promise<ReadMask>;
  /** `isOtherForm`: whether the file's pixels are coded otherwise than the mask is from now on. */
  adoptMask: (input: AdoptInput) => ReadMask & { classPixels: number[] | null; problems: ImageProblem[]; isOtherForm: boolean };
  readKept: (input: KeptInput) => ReadMask;
  keepEdited: (input: EditedInput) => string;
  stageMask: (input: StageInput) => Staged;
  publishMask: (input: PublishInput) => Published;
  exportImage: (input: ExportImageInput) => Promise<ExportedImage>;
  repairMask: (input: RepairInput) => Promise<Repaired>;
  holdsAny: (input: Omit<RewriteInput, 'store' | 'among'>) => boolean;
  rewriteMask: (input: RewriteInput) => Repaired | null;
  keepMask: (input: KeepInput) => string | null;
  packIds: (input: PackInput) => PackedIds;
  maskPicture: (input: PictureInput) => Promise<Uint8Array>;
  /** `damaged` is why it cannot be told how sure the network is, where that was kept: the masks are shown all the same. */
  reviewMasks: (input: ReviewInput) => ReviewMasks & { damaged: string | null };
  reportPicture: (input: ReviewInput & { imageFile: string; classes: readonly ClassInfo[] }) => Promise<Uint8Array>;
  readPrediction: (input: PredictionInput) => Uint8Array;
  pictureSize: (input: { imageFile: string }) => Promise<{ width: number; height: number }>;
  survey: (input: SurveyInput) => Promise<Survey[]>;
  locate: (input: { folder: string; aside: string }) => LocatedDataset;
}

export type TaskName = keyof MaskTasks;
export type TaskInput<Name extends TaskName> = Parameters<MaskTasks[Name]>[0];
export type TaskResult<Name extends TaskName> = Awaited<ReturnType<MaskTasks[Name]>>;

/** What a worker is given: a task's input, and the limits to read under. */
export interface Given<Input> {
  input: Input;
  limits: ReadLimits;
}

/** A worker's answer: errors cross threads without their class. */
export type Answer<T> = { ok: true; value: T } | { ok: false; error: WireError };
