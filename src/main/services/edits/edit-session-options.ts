import type { MaskFileForm } from '#files/mask-form';
import type { ImageProblem } from '#shared/contract/datasets';
import type { EditChange, EditState } from '#shared/contract/edits';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import type { Logger } from '../log.ts';
import type { ReadMask } from '../workers/mask-tasks.ts';
import type { Workers } from '../workers/workers.ts';
import type { RecoveredJournal } from './journals.ts';

/** What was written into a mask file, for the library and the history. */
export interface SavedMask {
  imageId: string;
  revision: string | null;
  savedAt: string;
  origin: string;
  /** What was done since the file before, as undo names it. */
  work: string[];
  classPixels: number[] | null;
  problems: ImageProblem[];
}

/** Another mask of the same image. Without a form its values are those of classes and void alone. */
export interface OtherMask {
  values: Uint8Array;
  form?: MaskFileForm;
  toId?: number[];
}

export interface EditSessionOptions {
  image: LocatedImage;
  classSet: ClassSet;
  mask: ReadMask;
  recovered: RecoveredJournal;
  workers: Workers;
  /** The names of all strokes that were ever done on this image: one that is sent again is done once, also where it was undone. */
  strokes: Set<string>;
  /** What `fileStamp` told of the mask file before it was read. */
  stamp: string;
  /** Folder of revisions. */
  store: string;
  /** Folders of masks of the data set. */
  maskFolders: () => readonly string[];
  log: Logger;
  /** @throws AppError if masks may not be written now: the folder is gone, another workbench has it */
  assertWritable: () => void;
  /** @throws AppError if another workbench has the data set */
  assertOwned: () => void;
  /** Why masks are read only; null where they are not. */
  readOnlyReason: () => string | null;
  changed: (change: EditChange) => void;
  stateChanged: (state: EditState) => void;
  /** What was painted here, and gives way to another program's version, is a mask in the store. */
  keptMine: (revision: string, work: readonly string[]) => void;
  /** A kept revision is in the file and is about to be replaced: should a kill come next, it is known where it is. */
  replacing: (revision: string) => void;
  saved: (mask: SavedMask) => void;
  /** Another program's version of the file was found, and is kept. */
  met: (revision: string) => void;
  /**
   * The session ends with what another program has written over: what was painted is kept as this revision.
   * @param revision null where it could not be kept beside the journal
   * @param work as undo names it
   */
  left: (revision: string | null, work: readonly string[]) => void;
}
