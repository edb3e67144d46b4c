import type { BuiltInName } from '#shared/classes/class-set-schema';
import type { Affixes, Arrangement } from '#shared/data/arrangement';
import type { FolderView } from './folder-view.ts';

/** What a recogniser finds; what it leaves out is found by looking at names and masks. */
export interface Draft extends Pick<Arrangement, 'title' | 'sources' | 'except'> {
  below?: boolean;
  affixes?: Partial<Affixes>;
  splits?: Arrangement['splits'];
  /** Classes where no file lists any; without them a person is asked. */
  builtIn?: BuiltInName;
  masks?: Arrangement['masks'];
  newMasks?: Arrangement['newMasks'];
  /** What of the folder is left out, in sentences. */
  problems?: string[];
}

/** A kind of folder that is recognised. */
export interface Layout {
  /** As it is told to a person who looks for what a folder could have. */
  example: string;
  find: (view: FolderView) => Draft | null;
}
