import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import { AppError } from '#shared/errors';
import type { Sample } from '#shared/data/sample';
import { nowText, openDatabase, type Db } from '../database.ts';
import { classSetOf, type ClassSet } from './class-set.ts';
import { locateDataset, type LocatedDataset, type LocatedImage } from './layout.ts';
import { fileStamp, surveyImage, surveyStamp, type Survey } from './survey.ts';
import { WorkFolder } from './work-folder.ts';

interface ImageRow {
  id: string;
  stamp: string;
  width: number;
  height: number;
  revision: string | null;
  class_pixels: string | null;
  problems: string;
  edited_at: string | null;
}

/** Whether masks may be written. Root may write anywhere; a folder whose mode forbids it to everyone is left alone all the same. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return process.platform === 'win32' || (statSync(folder).mode & 0o222) !== 0;
  } catch {
    return false;
  }
}

/** A data set that is open: its images, its class set and its history database. */
export class OpenDataset {
  readonly id: string;
  readonly path: string;
  readonly classSet: ClassSet;
  readonly writable: boolean;
  /** `<dataset>/.encnet`, or a folder of the user's where the data set is read only. */
  readonly workFolder: WorkFolder;
  readonly db: Db;
  private readonly located: LocatedDataset;
  private readonly byId: Map<string, LocatedImage>;
  private readonly entries: Map<string, ImageEntry>;
  private readonly isSample: boolean;

  /** @throws AppError 'not-found' or 'not-a-dataset' */
  constructor(folder: string, options: { userData: string; isSample?: boolean }) {
    this.path = path.resolve(folder);
    this.located = locateDataset(this.path);
    this.id = createHash('sha256').update(this.path).digest('hex').slice(0, 12);
    this.isSample = options.isSample ?? false;
    this.classSet = classSetOf(this.path, this.located);
    const labelFolders = new Set(this.located.images.map(({ maskFile }) => path.dirname(maskFile)).filter((labels) => existsSync(labels)));
    this.writable = [this.path, ...labelFolders].every(isWritable);
    this.workFolder = new WorkFolder(
      this.writable ? path.join(this.path, '.encnet') : path.join(options.userData, 'read-only-datasets', this.id),
    );
    this.db = openDatabase(this.workFolder.at('history.db'));
    this.byId = new Map(this.located.images.map((image) => [image.id, image]));
    const rows = new Map(
      this.db
        .prepare<[], ImageRow>('SELECT * FROM image')
        .all()
        .map((row) => [row.id, row]),
    );
    this.entries = new Map(this.located.images.map((image) => [image.id, this.knownEntry(image, rows.get(image.id))]));
    this.db
      .prepare(
        `INSERT INTO dataset (id, path, opened_at) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET path = excluded.path, opened_at = excluded.opened_at`,
      )
      .run(this.id, this.path, nowText());
  }

  /** Changes with image, mask and class set: what was read under another class set is read again. */
  private stampOf(image: LocatedImage): string {
    return `${surveyStamp(image)}|${this.classSet.key}`;
  }

  private knownEntry(image: LocatedImage, row: ImageRow | undefined): ImageEntry {
    if (row && row.stamp === this.stampOf(image)) return toEntry(image, fromRow(row), row.edited_at);
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
      editedAt: row?.edited_at ?? null,
    };
  }

  get info(): DatasetInfo {
    const splits = [...new Set(this.located.images.map(({ split }) => split))].map((name) => {
      const images = [...this.entries.values()].filter((entry) => entry.split === name);
      return { name, images: images.length, labelled: images.filter((entry) => entry.hasMask).length };
    });
    return {
      id: this.id,
      path: this.path,
      name: this.isSample ? 'Sample street' : path.basename(this.path),
      layout: this.located.layoutTitle,
      isSample: this.isSample,
      writable: this.writable,
      classes: this.classSet.classes,
      classSet: this.classSet.name,
      splits,
      problems: this.located.problems,
    };
  }

  images(): ImageEntry[] {
    return [...this.entries.values()];
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

  /**
   * Reads an image and its mask anew and records what it finds.
   * @param editedAt when its mask was edited here; null forgets it, undefined keeps it
   */
  async survey(id: string, editedAt?: string | null): Promise<ImageEntry> {
    const image = this.image(id);
    const stamp = this.stampOf(image);
    const known = this.entry(id);
    // A mask that was saved does not change its photo: that is not decoded again.
    const size = known.width > 0 && known.imageStamp === fileStamp(image.imageFile) ? known : null;
    const survey = await surveyImage(image, this.classSet, size);
    const edited = editedAt === undefined ? known.editedAt : editedAt;
    const entry = toEntry(image, survey, edited);
    this.entries.set(id, entry);
    if (this.db.open) {
      this.db
        .prepare(
          `INSERT OR REPLACE INTO image (id, split, stamp, width, height, revision, class_pixels, problems, edited_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          image.split,
          stamp,
          survey.width,
          survey.height,
          survey.revision,
          survey.classPixels && JSON.stringify(survey.classPixels),
          JSON.stringify(survey.problems),
          edited,
        );
    }
    return entry;
  }

  /** The labelled samples of a split; those with a problem are left out, as the library shows them. */
  labelledSamples(split: string): Sample[] {
    return this.samples(split).filter(({ maskFile }) => maskFile);
  }

  /** Every image of a split, with its mask where there is a sound one. */
  samples(split: string): Sample[] {
    return this.located.images
      .filter((image) => image.split === split)
      .map((image) => {
        const entry = this.entries.get(image.id)!;
        return { id: image.id, imageFile: image.imageFile, maskFile: entry.hasMask && entry.problems.length === 0 ? image.maskFile : null };
      });
  }

  /** Changes whenever an image or a mask does. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const image of this.located.images) hash.update(`${image.id}|${this.entries.get(image.id)?.revision ?? surveyStamp(image)}\n`);
    return hash.digest('hex').slice(0, 16);
  }

  close(): void {
    this.db.close();
  }
}

function fromRow(row: ImageRow): Survey {
  return {
    width: row.width,
    height: row.height,
    revision: row.revision,
    classPixels: row.class_pixels ? (JSON.parse(row.class_pixels) as number[]) : null,
    problems: JSON.parse(row.problems) as string[],
  };
}

function toEntry(image: LocatedImage, survey: Survey, editedAt: string | null): ImageEntry {
  const missingOnly = survey.revision === null && survey.problems.length === 1 && survey.width > 0;
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
