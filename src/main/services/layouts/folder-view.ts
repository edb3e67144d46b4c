import { readdirSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { asReadError } from '#files/atomic-write';
import { lookAt } from '#files/file-identity';
import { counted } from '#shared/counted';
import { imagePattern, maskPattern, unreadMaskPattern, unreadPhotoPattern } from '#shared/data/image-names';
import { linkRefusal, linkTarget } from '#files/link-target';
import { composed } from '#shared/folded';
import { AppError } from '#shared/errors';

/** Whether a path leads to a folder. */
export function isFolder(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // A link in a circle, a file in the place of a folder on the way, or what may not be looked into.
    return false;
  }
}

/** Whether a file lies in a folder, both by their paths from one place; in the place itself, `.`, nothing is told to lie. */
export const isIn = (folder: string, file: string): boolean => folder !== '.' && file.startsWith(`${folder}/`);

/** What of the files of a folder, by their paths from it, lies in none of some folders. */
export function outsideOf(folders: readonly string[], around: string, files: readonly string[]): readonly string[] {
  if (folders.length === 0) return files;
  const known = new Set(folders);
  const liesInOne = (at: string): boolean => at !== '.' && at !== '/' && (known.has(at) || liesInOne(path.posix.dirname(at)));
  return files.filter((file) => !liesInOne(path.posix.dirname(path.posix.join(around, file))));
}

/** Folders below each other that are looked into, and files that are read of one data set: more are none that a person made. */
const deepest = 6;
const mostFiles = 500_000;
/** What other systems and programs leave in folders, and nobody labelled. */
const foreignNames =
  /^(\.|(__MACOSX|Thumbs\.db|desktop\.ini|@eaDir|#recycle|#snapshot|@Recycle|\$RECYCLE\.BIN|System Volume Information|lost\+found)$)/i;

/** What lies in the folder of a data set, read once. Paths are from there, with `/` between. */
export class FolderView {
  readonly root: string;
  private readonly entries = new Map<string, Map<string, Dirent>>();
  private read = 0;
  /** What was passed over, each with its reason: folders that could not be looked into, what was said and does not fit. */
  readonly leftOut = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  at(relative: string): string {
    return path.join(this.root, ...relative.split('/'));
  }

  /** @throws AppError 'forbidden' if a folder is a link that may not be followed, 'read-only' if it cannot be read */
  private listed(relative: string): Map<string, Dirent> {
    const known = this.entries.get(relative);
    if (known) return known;
    this.assertFollowed(relative);
    const folder = this.at(relative);
    if (!isFolder(folder)) return new Map();
    const found = entriesOf(folder).filter(({ name }) => !foreignNames.test(name));
    this.read += found.length;
    if (this.read > mostFiles) throw new AppError('too-large', `${this.root} holds more than ${mostFiles} files: open a part of it`);
    const byName = new Map(found.map((entry) => [entry.name, entry]));
    this.entries.set(relative, byName);
    return byName;
  }

  /** A link on the way leads elsewhere as one at the end does, and so does what is not there yet. @throws AppError 'forbidden' */
  private assertFollowed(relative: string): void {
    if (relative === '.') return;
    const parts = relative.split('/');
    for (let count = 1; count <= parts.length; count++) {
      const at = this.at(parts.slice(0, count).join('/'));
      const found = lookAt(at);
      if (!found) return;
      if (found.isSymbolicLink() && linkTarget(at) === null) throw new AppError('forbidden', linkRefusal(at), { file: at });
    }
  }

  /** A file that is to be read, as what lies in this folder. @throws AppError 'forbidden' if a link on its way may not be followed */
  file(relative: string): string {
    this.assertFollowed(path.posix.dirname(relative));
    return this.at(relative);
  }

  /** A folder that is read, or made. @throws AppError 'forbidden' likewise */
  folder(relative: string): string {
    this.assertFollowed(relative);
    return this.at(relative);
  }

  private list(relative: string): Dirent[] {
    return [...this.listed(relative).values()];
  }

  /** A path in the letters that the folder has: names that differ in how their accents are written are the same to whoever reads them. */
  asThere(relative: string): string {
    if (lookAt(this.at(relative))) return relative;
    let at = '.';
    for (const part of relative.split('/')) {
      const here = this.listed(at);
      const name = here.has(part) ? part : ([...here.keys()].find((each) => composed(each) === composed(part)) ?? part);
      at = path.posix.join(at, name);
    }
    return at;
  }

  hasFolder(relative: string): boolean {
    return isFolder(this.at(relative));
  }

  hasFile(relative: string): boolean {
    return this.entry(relative) !== null;
  }

  /** Names of the folders in a folder. */
  folders(relative = '.'): string[] {
    return this.list(relative)
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && this.hasFolder(path.posix.join(relative, entry.name))))
      .map(({ name }) => name);
  }

  /** What is found in a folder that need not be part of the data set: one that may not be looked into has nothing, and is told. */
  ifReadable<T>(look: () => T, nothing: T): T {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'too-large') throw error;
      this.leftOut.add(`${error.message}; it is left out`);
      return nothing;
    }
  }

  /** Names of the plain files in a folder, and of the links that lead to none. */
  files(relative = '.'): string[] {
    const folders = new Set(this.folders(relative));
    return this.list(relative)
      .filter(({ name }) => !folders.has(name))
      .map(({ name }) => name);
  }

  /** The image files of a folder, by their paths from there. @param below whether those of folders below it too */
  images(relative: string, below = false): string[] {
    return this.filesAt(imagePattern, relative, '', below ? deepest : 0);
  }

  /** The photos of a folder that are of a kind that is not read, as `images`. */
  unreadPhotos(relative: string, below = false): string[] {
    return this.filesAt(unreadPhotoPattern, relative, '', below ? deepest : 0);
  }

  /** The files of a folder that may be masks, as `images`. */
  masks(relative: string, below = false): string[] {
    return this.filesAt(maskPattern, relative, '', below ? deepest : 0);
  }

  /** The files of a folder that may be masks of a kind that is not read, as `images`. */
  unreadMasks(relative: string): string[] {
    return this.filesAt(unreadMaskPattern, relative, '', deepest);
  }

  private filesAt(pattern: RegExp, relative: string, before: string, deep: number): string[] {
    const here = this.list(relative)
      .filter((entry) => pattern.test(entry.name))
      .map(({ name }) => `${before}${name}`);
    if (deep === 0) return here;
    const inside = this.folders(relative).flatMap((name) =>
      this.ifReadable(() => this.filesAt(pattern, path.posix.join(relative, name), `${before}${name}/`, deep - 1), []),
    );
    return [...here, ...inside];
  }

  /** The kind of entry that a path is; null if it is not there. */
  entry(relative: string): Dirent | null {
    return this.listed(path.posix.dirname(relative)).get(path.posix.basename(relative)) ?? null;
  }
}

/** What is said of photos that are not read. @param where the folder that their paths are from */
export const unreadText = (photos: readonly string[], where: string): string =>
  `${ofUnreadKind(photos, 'photo', where)}. Convert them to JPEG or PNG`;

/** @param what one of them is, in a word */
export function ofUnreadKind(files: readonly string[], what: string, where: string): string {
  const kinds = [...new Set(files.map((file) => path.extname(file).toLowerCase()))].join(', ');
  const are = files.length === 1 ? 'is' : 'are';
  return `${counted(files.length, what)} in ${where} ${are} of a kind that is not read (${kinds}), the first: ${files[0]}`;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw asReadError(error, folder);
  }
}
