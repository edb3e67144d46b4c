import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isWritable } from '#files/writable';
import type { DatasetInfo, ImageEntry, ImageProblem } from '#shared/contract/datasets';
import { AppError } from '#shared/errors';
import type { Sample } from '#shared/data/sample';
import type { Db } from '../database.ts';
import type { Outbox } from '../jobs/outbox.ts';
import { inTurns } from '../turns.ts';
import type { Workers } from '../workers/workers.ts';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { DatasetAccess } from './dataset-access.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import type { Arrangement } from '#shared/data/arrangement';
import type { LocatedDataset } from '../layouts/recognise.ts';
import { ImageRows } from './image-rows.ts';
import { MaskPhotos } from './mask-photos.ts';
import { fileStamp, noMask, otherPhoto, surveyStamp, type Survey } from './survey.ts';
import { historyName, leaseName, workFolderIn, type WorkFolder } from './work-folder.ts';

export interface OpenDatasetOptions {
  path: string;
  isSample: boolean;
  located: LocatedDataset;
  workFolder: WorkFolder;
  access: DatasetAccess;
  db: Db;
  outbox: Outbox;
  workers: Workers;
}

/** The stamp of no image: it is read anew at the next start. */
const refusedStamp = 'refused';

/** Names a data set in addresses and calls. */
export const datasetId = (folder: string): string => createHash('sha256').update(folder).digest('hex').slice(0, 12);

/** The workbench's own folder for a data set that may not be written. */
export const asideOf = (userData: string, folder: string): string => path.join(userData, 'read-only-datasets', datasetId(folder));

/** The folders that masks lie in. */
export const labelFoldersOf = ({ images }: LocatedDataset): string[] => [...new Set(images.map(({ maskFile }) => path.dirname(maskFile)))];

/** What the workbench keeps in a data set; another user of the machine may have begun it. */
const ownFiles = ['.', leaseName, historyName];

/** Whether the system lets a data set's masks be written, and what the workbench keeps beside them. */
export function masksPermitted(folder: string, located: LocatedDataset): boolean {
  const inside = [...ownFiles.map((name) => path.join(workFolderIn(folder), name)), ...labelFoldersOf(located)];
  return [folder, ...inside.filter((at) => existsSync(at))].every(isWritable);
}

/** The images of an open data set and what is known of each. */
export class OpenDataset {
  readonly id: string;
  readonly path: string;
  readonly classSet: ClassSet;
  readonly workFolder: WorkFolder;
  private readonly openedAt = Date.now();
  private listedAt = this.openedAt;
  private readonly options: OpenDatasetOptions;
  private readonly rows: ImageRows;
  private found: LocatedDataset;
  private byId: Map<string, LocatedImage>;
  private entries: Map<string, ImageEntry>;
  /** Images by their files; null until it is asked for. */
  private byFile: Map<string, string> | null = null;
  private folders: string[] | null = null;
  /** What files were when they were last read, by image. */
  private readonly stamps = new Map<string, string>();
  private readonly photos = new MaskPhotos();
  /** The pictures whose size was read here, and not told by the history, as they were then. */
  private readonly measuredStamps = new Map<string, string>();

  constructor(options: OpenDatasetOptions) {
    this.options = options;
    this.path = options.path;
    this.id = datasetId(options.path);
    this.classSet = options.located.classSet;
    this.workFolder = options.workFolder;
    this.found = options.located;
    const { images } = options.located;
    this.byId = new Map(images.map((image) => [image.id, image]));
    this.rows = new ImageRows(options.db);
    this.entries = new Map(images.map((image) => [image.id, this.knownEntry(image)]));
  }

  /** Changes with image, mask and class set: what was read under another class set is read again. */
  private stampOf(image: LocatedImage): string {
    return `${surveyStamp(image)}|${this.classSet.key}`;
  }

  private knownEntry(image: LocatedImage): ImageEntry {
    const row = this.rows.find(image.id);
    const stamp = this.stampOf(image);
    const known = row && row.stamp === stamp ? row.survey : null;
    const isSame = known !== null && !known.problems.some(isOtherPhoto);
    if (row) this.photos.remember(image.id, { photo: row.photo, mask: row.revision, now: isSame ? row.photo : null }, row.isAccepted);
    if (known) {
      this.stamps.set(image.id, stamp);
      return toEntry(image, known, row!.editedAt);
    }
    const hasMask = existsSync(image.maskFile);
    return {
      id: image.id,
      split: image.split,
      name: image.name,
      width: 0,
      height: 0,
      hasMask,
      state: hasMask ? 'labelled' : 'unlabelled',
      problems: [],
      classPixels: null,
      imageStamp: fileStamp(image.imageFile),
      revision: null,
      surveyed: false,
      editedAt: row?.editedAt ?? null,
    };
  }

  get info(): DatasetInfo {
    const { access, isSample } = this.options;
    const { found } = this;
    const splits = [...new Set(found.images.map(({ split }) => split))].map((name) => {
      const images = [...this.entries.values()].filter((entry) => entry.split === name);
      return { name, images: images.length, labelled: images.filter((entry) => entry.hasMask).length };
    });
    const readOnlyReason = access.readOnlyReason();
    return {
      id: this.id,
      path: this.path,
      openedAt: this.openedAt,
      listedAt: this.listedAt,
      name: isSample ? 'Sample street' : path.basename(this.path),
      layout: found.arrangement.title,
      isSample,
      writable: readOnlyReason === null,
      readOnlyReason,
      heldBy: access.heldBy(),
      classes: this.classSet.classes,
      classSet: this.classSet.name,
      classesKey: this.classSet.key,
      voidValue: this.classSet.format.voidValue,
      alsoColors: this.classSet.alsoColors,
      arrangement: found.arrangement,
      isArranged: found.isArranged,
      splits,
      problems: found.problems,
    };
  }

  /** How masks are read, and whether any is there that shows it. */
  get reading(): { arrangement: Arrangement; seen: boolean } {
    return { arrangement: this.found.arrangement, seen: this.found.maskFiles.length > 0 };
  }

  /** The folders that masks lie in. */
  labelFolders(): string[] {
    return labelFoldersOf(this.found);
  }

  images(): ImageEntry[] {
    return [...this.entries.values()];
  }

  /** Its images with their files, as they are now. */
  located(): LocatedImage[] {
    return [...this.byId.values()];
  }

  /** The image whose photo or mask a file is; null if it is of none. */
  imageWith(file: string): string | null {
    this.byFile ??= new Map(
      [...this.byId.values()].flatMap(({ id, imageFile, maskFile }) => [imageFile, maskFile].map((name) => [name, id])),
    );
    return this.byFile.get(file) ?? null;
  }

  /** Folders of its masks: where a mask has another name in one of these, that is another image's. */
  get maskFolders(): readonly string[] {
    return (this.folders ??= [...new Set([...this.byId.values()].map(({ maskFile }) => path.dirname(maskFile)))]);
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /**
   * Takes over which images the folder holds now, where it is read as it was; what is known of those that are new is asked in turns.
   * @returns the images that are new, those that are gone, and those that are in another split
   */
  async relocate(found: LocatedDataset): Promise<{ added: string[]; gone: string[]; moved: string[] }> {
    const isKnown = ({ id, imageFile, maskFile }: LocatedImage) => {
      const known = this.byId.get(id);
      return known?.imageFile === imageFile && known.maskFile === maskFile;
    };
    const fresh = new Map<string, ImageEntry>();
    await inTurns(
      found.images.filter((image) => !isKnown(image)),
      (image) => fresh.set(image.id, this.knownEntry(image)),
    );
    const { byId: before, entries } = this;
    const added = found.images.filter((image) => !isKnown(image));
    const isNew = new Set(added.map(({ id }) => id));
    this.found = found;
    this.byFile = this.folders = null;
    this.byId = new Map(found.images.map((image) => [image.id, image]));
    const moved: string[] = [];
    const entryOf = (image: LocatedImage) => {
      if (isNew.has(image.id)) return fresh.get(image.id) ?? this.knownEntry(image);
      const entry = entries.get(image.id)!;
      if (entry.split === image.split) return entry;
      moved.push(image.id);
      return { ...entry, split: image.split };
    };
    this.entries = new Map(found.images.map((image) => [image.id, entryOf(image)]));
    const gone = [...before.keys()].filter((id) => !this.byId.has(id));
    // Windows read the list anew.
    if (added.length + gone.length + moved.length > 0) this.listedAt = Math.max(Date.now(), this.listedAt + 1);
    return { added: [...isNew], gone, moved };
  }

  /**
   * Forgets what was read of images whose files are others now.
   * @param ids those that are looked at
   * @returns those whose photo is another file, and those of which the mask alone is
   */
  forgetChanged(ids: readonly string[]): { photos: string[]; masks: string[] } {
    const changed: ReturnType<OpenDataset['forgetChanged']> = { photos: [], masks: [] };
    for (const id of ids) {
      const entry = this.entry(id);
      const image = this.image(id);
      if (!entry.surveyed || this.stamps.get(id) === this.stampOf(image)) continue;
      (entry.imageStamp === fileStamp(image.imageFile) ? changed.masks : changed.photos).push(id);
      this.forget(entry);
    }
    return changed;
  }

  /** The masks of images whose photo is another one are for these: the photos are read again. */
  acceptPhotos(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.entry(id);
      this.photos.accept(id);
      this.forget({ ...entry, width: 0, height: 0 });
    }
  }

  /** @throws AppError 'not-found' */
  image(id: string): LocatedImage {
    const image = this.byId.get(id);
    if (!image) throw new AppError('not-found', `There is no image "${id}" in ${this.path}`);
    return image;
  }

  entry(id: string): ImageEntry {
    this.image(id);
    return this.entries.get(id)!;
  }

  /** Of some images, those that are not in the data set, and how many were not read since it was opened. */
  standing(ids: readonly string[]): { gone: string[]; unsure: number } {
    const entries = ids.map((id) => this.entries.get(id));
    return { gone: ids.filter((_, i) => !entries[i]), unsure: entries.filter((entry) => entry && !entry.surveyed).length };
  }

  /** What is known of an image, read now if it was not yet. */
  async surveyed(id: string): Promise<ImageEntry> {
    const entry = this.entry(id);
    return entry.surveyed ? entry : this.survey(id);
  }

  /**
   * The same for somebody who writes: the history came with the folder, and a size that it tells is held against the picture's own.
   */
  async measured(id: string): Promise<ImageEntry> {
    const entry = await this.surveyed(id);
    if (entry.width === 0 || this.measuredStamps.get(id) === entry.imageStamp) return entry;
    const { width, height } = await this.options.workers.run('pictureSize', { imageFile: this.image(id).imageFile });
    this.measuredStamps.set(id, entry.imageStamp);
    if (width === entry.width && height === entry.height) return entry;
    this.entries.set(id, { ...entry, width: 0, height: 0 });
    return this.survey(id);
  }

  /** Reads an image and its mask anew and records what it finds. @param isOurs whether the mask was written by this workbench */
  async survey(id: string, isOurs = false): Promise<ImageEntry> {
    for (;;) {
      const [entry] = await this.surveyAll([id], isOurs);
      if (entry.surveyed) return entry;
    }
  }

  /** The same for several at once, in one thread. */
  async surveyAll(ids: readonly string[], isOurs = false): Promise<ImageEntry[]> {
    const { classSet } = this;
    const asked = ids.map((id) => {
      const image = this.image(id);
      const known = this.entry(id);
      // A mask that was saved does not change its photo: that is not read again.
      const imageStamp = fileStamp(image.imageFile);
      const orientation = this.photos.orientationOf(id, imageStamp);
      const isKnown = known.width > 0 && known.imageStamp === imageStamp && orientation !== null;
      const size = isKnown ? { width: known.width, height: known.height, orientation } : null;
      return { image, known, size, imageStamp, stamp: this.stampOf(image) };
    });
    const images = asked.map(({ image: { imageFile, maskFile }, size }) => ({ imageFile, maskFile, size }));
    const found = await this.options.workers.run('survey', { images, classSet });
    return asked.map(({ image, known, size, stamp, imageStamp }, index) => {
      const { id, maskFile } = image;
      if (!size) this.measuredStamps.set(id, imageStamp);
      // A folder that is away has no images and masks to tell of.
      this.options.access.assertThere(path.dirname(maskFile));
      const now = this.entries.get(id);
      // A save has told newer things meanwhile, or the image is gone.
      if (now !== known) return now ?? known;
      // What was read is not what is there: it is read again.
      if (this.stampOf(image) !== stamp) return this.forget(known);
      // What the limits refused may be read under others at the next start, and what could not be decoded is tried again.
      const isUnread = found[index].refused || found[index].width === 0;
      const read = { stamp: isUnread ? refusedStamp : stamp, imageStamp, isOurs };
      return this.record(image, found[index], known.editedAt, read);
    });
  }

  /** A repaired mask may be another file than the one that was found. @param maskFile null: the one that was found again */
  useMask(id: string, maskFile: string | null): void {
    const found = this.found.images.find((image) => image.id === id);
    this.byFile = null;
    if (found) this.byId.set(id, maskFile === null ? found : { ...found, maskFile });
  }

  /** Images with problems count as not read: they may be read under other limits now. */
  forgetProblems(): void {
    for (const entry of this.entries.values()) if (entry.problems.length > 0) this.forget(entry);
  }

  /** Takes over what a save of a mask has told, without reading it again. */
  maskWritten(
    id: string,
    { isPainted, ...written }: Pick<Survey, 'revision' | 'classPixels' | 'problems'> & { editedAt: string | null; isPainted: boolean },
  ): ImageEntry {
    const image = this.image(id);
    const { width, height, surveyed, imageStamp } = this.entry(id);
    const missing = written.revision === null ? [noMask(image.maskFile)] : [];
    // What was painted lies as the rest of its mask does.
    const lies = written.revision === null || !isPainted ? [] : this.entry(id).problems.filter(({ is }) => is === 'in-doubt');
    const problems = [...missing, ...written.problems, ...lies];
    const survey = { ...written, width, height, orientation: null, photo: null, problems };
    // A photo that is another file by now was not read: that is still to come.
    const isKnown = surveyed && width > 0 && imageStamp === fileStamp(image.imageFile);
    const stamp = isKnown ? this.stampOf(image) : refusedStamp;
    const entry = this.record(image, survey, written.editedAt, { stamp, imageStamp, isOurs: true });
    return isKnown ? entry : this.forget(entry);
  }

  /** Whether a mask that is put here could lie otherwise than its photo is seen. */
  mayLie(id: string): boolean {
    return this.photos.orientationOf(id, this.entry(id).imageStamp) !== 1;
  }

  /** What is known of an image is to be read again. */
  private forget(entry: ImageEntry): ImageEntry {
    const forgotten = { ...entry, surveyed: false };
    this.entries.set(entry.id, forgotten);
    return forgotten;
  }

  /** @param read what the files were when they were read, and whether the mask was written here */
  private record(
    image: LocatedImage,
    survey: Survey,
    editedAt: string | null,
    { stamp, imageStamp, isOurs }: { stamp: string; imageStamp: string; isOurs: boolean },
  ): ImageEntry {
    const { id, split } = image;
    const { outbox, access } = this.options;
    const { revision, photo, orientation } = survey;
    if (orientation !== null) this.photos.isTurned(id, orientation, imageStamp);
    const told = this.photos.isForAnother(id, { photo, mask: revision }, isOurs);
    const isForAnother = told ?? this.entries.get(id)?.problems.some(isOtherPhoto);
    const left = survey.problems.filter(({ is }) => is !== 'in-doubt' || !this.photos.isAccepted(id));
    const problems = [...left, ...(isForAnother ? [otherPhoto(image.imageFile)] : [])];
    const entry = { ...toEntry(image, { ...survey, problems }, editedAt), imageStamp };
    this.entries.set(id, entry);
    this.stamps.set(id, stamp);
    if (access.heldBy()) return entry;
    outbox.write('what is known of an image', () => {
      const madeFor = { photo: this.photos.photoFor(id), isAccepted: this.photos.isAccepted(id) };
      this.rows.put({ ...madeFor, id, split, stamp, revision, editedAt, survey: { ...survey, problems } });
    });
    return entry;
  }

  /** The labelled samples of a split; those with a problem are left out, as the library shows them. */
  labelledSamples(split: string): Sample[] {
    return this.samples(split).filter(({ maskFile }) => maskFile);
  }

  /** Every image of a split, with its mask where there is a sound one. */
  samples(split: string): Sample[] {
    return [...this.byId.values()].filter((image) => image.split === split).map(({ id }) => this.sample(id));
  }

  /** An image, with its mask where there is a sound one. @throws AppError 'not-found' */
  sample(id: string): Sample {
    const { imageFile, maskFile } = this.image(id);
    const { hasMask, problems, revision } = this.entries.get(id)!;
    return { id, imageFile, maskFile: hasMask && problems.length === 0 ? maskFile : null, ...(revision ? { revision } : {}) };
  }

  /** Whether its folders are those that were opened. */
  get isThere(): boolean {
    return this.options.access.isThere;
  }

  /** Changes whenever an image or a mask does. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const image of this.found.images) {
      hash.update(`${image.id}|${this.entries.get(image.id)?.revision ?? surveyStamp(image)}\n`);
    }
    return hash.digest('hex').slice(0, 16);
  }
}

const isOtherPhoto = ({ kind }: ImageProblem): boolean => kind === 'photo';

function toEntry(image: LocatedImage, survey: Survey, editedAt: string | null): ImageEntry {
  const missingOnly = survey.width > 0 && survey.problems.length === 1 && survey.problems[0].kind === 'no-mask';
  const state = missingOnly ? 'unlabelled' : survey.problems.length > 0 ? 'problem' : editedAt ? 'edited' : 'labelled';
  return {
    id: image.id,
    split: image.split,
    name: image.name,
    width: survey.width,
    height: survey.height,
    hasMask: survey.revision !== null,
    state,
    problems: survey.problems,
    classPixels: survey.classPixels,
    imageStamp: fileStamp(image.imageFile),
    revision: survey.revision,
    surveyed: true,
    editedAt,
  };
}
