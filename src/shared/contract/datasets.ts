import { z } from 'zod';
import type { ClassInfo, Rgb } from '../classes/class-info.ts';
import { arrangementSchema, openArrangementSchema, type Arrangement, type OpenArrangement } from '../data/arrangement.ts';
import type { KnownClassSet } from '../data/advice.ts';
import type { Progress } from '../throttled-progress.ts';
import { event, latest, method } from './define.ts';

export interface SplitInfo {
  name: string;
  images: number;
  labelled: number;
}

export interface DatasetInfo {
  /** Short hash of the path: names the data set in asset addresses. */
  id: string;
  path: string;
  /** Differs for each time that it was opened: what windows know of another time is old. */
  openedAt: number;
  /** Differs whenever images have come or gone since. */
  listedAt: number;
  name: string;
  /** Which folder layout was recognised, in words. */
  layout: string;
  isSample: boolean;
  /** False where the folder cannot be written: masks are then read only. */
  writable: boolean;
  /** Why masks are read only; null where they are not. */
  readOnlyReason: string | null;
  /** The other workbench that has the data set, in words; null if this one has it. */
  heldBy: string | null;
  classes: ClassInfo[];
  /** Name of the class set, such as "CamVid-11". */
  classSet: string;
  /** Changes with the class set, and with how masks are read. */
  classesKey: string;
  /** What a mask file holds where nothing is labelled. */
  voidValue: number;
  /** Colours that classes have besides their own, by their names. */
  alsoColors: Readonly<Record<string, Rgb[]>>;
  /** How it is read, and whether a person said so. */
  arrangement: Arrangement;
  isArranged: boolean;
  splits: SplitInfo[];
  /** Findings about the folder as a whole. */
  problems: string[];
}

/** What a problem is about: the photo, the mask's file, its size, what it holds, that its photo is another one, or that there is none. */
/** What cannot be used comes before what can. */
export const problemKinds = ['image', 'mask', 'turned', 'size', 'foreign', 'photo', 'no-mask'] as const;
export type ProblemKind = (typeof problemKinds)[number];
/** What a mask is that helps to make it usable. */
export const maskIs = ['on-its-side', 'convertible', 'in-doubt'] as const;

export interface ImageProblem {
  kind: ProblemKind;
  /** With its file, the rule and the value. */
  text: string;
  /** What of a mask is not in the class set, in words: `value 20`, `colour 12 34 56`. */
  foreign?: string;
  /** What a mask is that helps to make it usable: its image's width is its height, it can be converted, or a person may know better. */
  is?: (typeof maskIs)[number];
}

export type ImageState = 'unlabelled' | 'labelled' | 'edited' | 'problem';

export interface ImageEntry {
  /** `<split>/<name>` without extension. */
  id: string;
  split: string;
  name: string;
  /** In pixels; 0 until the image has been surveyed. */
  width: number;
  height: number;
  hasMask: boolean;
  state: ImageState;
  problems: ImageProblem[];
  /** Pixels of each class, then of void; null without a readable mask. */
  classPixels: number[] | null;
  /** Changes when the image file does; part of its address. */
  imageStamp: string;
  /** sha256 of the mask file, shortened; null without one. */
  revision: string | null;
  /** Whether image and mask have been read yet. */
  surveyed: boolean;
  editedAt: string | null;
}

export interface FolderListing {
  path: string;
  parent: string | null;
  folders: { name: string; path: string; looksLikeDataset: boolean }[];
  /** Zips that a data set may lie in. */
  zips: { name: string; path: string }[];
  /** Weight files, by their names. */
  weights: { name: string; path: string; bytes: number }[];
}

/** An image and its mask as they would be matched, small. */
export interface MatchedPair {
  image: string;
  mask: string | null;
  /** JPEG; null if it cannot be read. */
  picture: Uint8Array | null;
  /** PNG in the classes' colours; null without classes, or if it cannot be read. */
  maskPicture: Uint8Array | null;
  problem: string | null;
}

/** What a folder holds, and what would be read of it in one way. */
export interface ImportLook {
  path: string;
  /** Folders that hold images, by their paths from there. */
  folders: { path: string; images: number }[];
  /** Files that list classes, and lists of splits by the split's name. */
  classFiles: string[];
  lists: Record<string, string>;
  /** The way that was asked for, or was found; null where nothing fits. */
  arrangement: OpenArrangement | null;
  classes: ClassInfo[] | null;
  images: number;
  withMask: number;
  splits: { name: string; images: number }[];
  problems: string[];
  pairs: MatchedPair[];
}

export const datasets = {
  methods: {
    current: method(z.undefined()).returns<DatasetInfo | null>(),
    /** What is being opened, as it was asked for; null if nothing. */
    opening: method(z.undefined()).returns<string | null>(),
    open: method(z.strictObject({ path: z.string().min(1).max(4096) })).returns<DatasetInfo>(),
    /** Gives up what was asked to be opened, by the same path: while it waits, and while a zip is unpacked. It answers 'cancelled'. */
    cancelOpening: method(z.strictObject({ path: z.string().min(1).max(4096) })).returns<void>(),
    /** Takes a zip whose path the window does not know, part after part. @returns what its parts are sent under */
    dropBegin: method(z.strictObject({ name: z.string().min(1).max(300), bytes: z.int().min(1) })).returns<number>(),
    dropPart: method(
      z.strictObject({ drop: z.int(), content: z.custom<Uint8Array>((value) => value instanceof Uint8Array) }),
    ).returns<void>(),
    /** @returns where the whole file is now */
    dropEnd: method(z.strictObject({ drop: z.int() })).returns<string>(),
    dropCancel: method(z.strictObject({ drop: z.int() })).returns<void>(),
    openSample: method(z.undefined()).returns<DatasetInfo>(),
    /** Takes the data set from the workbench that has it, because a person has chosen so. */
    takeOver: method(z.undefined()).returns<DatasetInfo>(),
    /** Reads the open data set in another way, and keeps that in it; null forgets what was kept. */
    arrange: method(z.strictObject({ arrangement: arrangementSchema.nullable() })).returns<DatasetInfo>(),
    /** The masks of images whose photo is another one fit these: they are used again. */
    acceptPhotos: method(z.strictObject({ imageIds: z.array(z.string().max(4096)).min(1).max(1_000_000) })).returns<void>(),
    /** Reads the open folder again: files that are new, gone or changed. */
    refresh: method(z.undefined()).returns<DatasetInfo>(),
    /** Looks at a folder that may be opened. @param arrangement how it would be read; null has it recognised */
    look: method(
      z.strictObject({ path: z.string().min(1).max(4096), arrangement: openArrangementSchema.nullable() }),
    ).returns<ImportLook>(),
    /** Keeps in a folder how it is read, and opens it. */
    openAs: method(z.strictObject({ path: z.string().min(1).max(4096), arrangement: arrangementSchema })).returns<DatasetInfo>(),
    /** The class sets that come with the workbench. */
    classSets: method(z.undefined()).returns<KnownClassSet[]>(),
    recent: method(z.undefined()).returns<string[]>(),
    images: method(z.undefined()).returns<ImageEntry[]>(),
    listFolders: method(z.strictObject({ path: z.string().max(4096).nullable() })).returns<FolderListing>(),
  },
  events: {
    changed: latest<DatasetInfo>(),
    opening: latest<string | null>(),
    images: event<ImageEntry[]>(),
    /** How far a zip is unpacked; null once it is done. */
    unpacking: latest<Progress | null>(),
    /** How far reading images and masks is; null once it is done. */
    survey: latest<{ done: number; total: number } | null>(),
  },
};
