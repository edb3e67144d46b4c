import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { encodeMask, readMask, type MaskFileForm } from '#files/mask-png';
import type { Services } from '#shared/contract/index';
import type { LoadedMask } from '#shared/contract/masks';
import { AppError } from '#shared/errors';
import { applyPatch, type MaskPatch } from '#shared/mask/patch';
import { voidId } from '#shared/mask/void-id';
import { nowText } from '../database.ts';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { LocatedImage } from '../datasets/layout.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { maskRevision } from '../datasets/survey.ts';
import { Journal } from './journal.ts';

interface SaveInput {
  imageId: string;
  width: number;
  height: number;
  ids: Uint8Array;
  baseRevision: string | null;
  datasetId?: string;
}

/** Loads and saves label masks; every write is atomic and keeps the first original. */
export class MaskService {
  private readonly datasets: DatasetService;
  /** What a revision became by a save: a stroke sent before its sender knew belongs to the new one. */
  private readonly successors = new Map<string, string>();

  constructor(datasets: DatasetService) {
    this.datasets = datasets;
  }

  /** @throws AppError 'corrupt-file' if the mask cannot be read: it is then never replaced by an empty one */
  async load(imageId: string, datasetId?: string): Promise<LoadedMask> {
    const dataset = this.openDataset(datasetId);
    const image = dataset.image(imageId);
    if (!dataset.entry(imageId).surveyed) await this.datasets.refresh(dataset, imageId);
    const { width, height } = dataset.entry(imageId);
    if (width === 0)
      throw new AppError('corrupt-file', dataset.entry(imageId).problems[0] ?? `${image.imageFile} cannot be decoded`, {
        file: image.imageFile,
      });
    const loaded = this.read(image, dataset, width, height);
    const strokes = new Journal(dataset.workFolder).strokes(imageId, loaded.revision);
    for (const stroke of strokes) applyPatch(loaded.ids, loaded, stroke);
    return { ...loaded, recoveredStrokes: strokes.length, readOnlyReason: readOnlyReason(dataset) };
  }

  private read(
    image: LocatedImage,
    dataset: OpenDataset,
    width: number,
    height: number,
  ): Omit<LoadedMask, 'recoveredStrokes' | 'readOnlyReason'> {
    if (!existsSync(image.maskFile)) return { width, height, ids: new Uint8Array(width * height).fill(voidId), revision: null };
    const mask = readMask(image.maskFile, dataset.classSet.format);
    if (mask.width !== width || mask.height !== height) {
      throw new AppError(
        'corrupt-file',
        `${image.maskFile} must be ${width} x ${height} as its image, received ${mask.width} x ${mask.height}`,
        { file: image.maskFile },
      );
    }
    return { width, height, ids: mask.ids, revision: maskRevision(mask.file) };
  }

  /** @throws AppError 'conflict' if the file is no longer the revision the edit began with, 'read-only', 'disk-full' */
  async save(input: SaveInput): Promise<{ revision: string; savedAt: string }> {
    const dataset = this.writableDataset(input.datasetId);
    const image = dataset.image(input.imageId);
    assertSize(input, dataset);
    const current = assertRevision(image, input.baseRevision);
    const form = this.formOf(image, dataset);
    const content = encodeMask(input, dataset.classSet.format, form);
    if (current) keepOriginal(dataset, image);
    writeAtomic(image.maskFile, content);
    new Journal(dataset.workFolder).clear(input.imageId);
    const revision = maskRevision(content);
    if (revision !== current) this.successors.set(`${input.imageId}\n${current}`, revision);
    const savedAt = nowText();
    dataset.db
      .prepare('INSERT OR REPLACE INTO mask_revision (image_id, revision, created_at, origin) VALUES (?, ?, ?, ?)')
      .run(input.imageId, revision, savedAt, 'edit');
    await this.datasets.refresh(dataset, input.imageId, savedAt);
    return { revision, savedAt };
  }

  /** A mask is written back in the form it came in; a new one takes that of the data set's other masks: grey. */
  private formOf(image: LocatedImage, dataset: OpenDataset): MaskFileForm {
    return existsSync(image.maskFile) ? readMask(image.maskFile, dataset.classSet.format).form : { palette: null };
  }

  /** Keeps a stroke until the mask file holds it. */
  journal(imageId: string, baseRevision: string | null, patch: MaskPatch, datasetId?: string): void {
    const dataset = this.openDataset(datasetId);
    const image = dataset.image(imageId);
    const successor = this.successors.get(`${imageId}\n${baseRevision}`);
    const base = successor !== undefined && successor === revisionOf(image) ? successor : baseRevision;
    new Journal(dataset.workFolder).append(imageId, base, patch);
  }

  /** @throws AppError 'conflict' if the data set of a call is no longer the open one */
  private openDataset(datasetId: string | undefined): OpenDataset {
    const dataset = this.datasets.require();
    if (datasetId !== undefined && datasetId !== dataset.id) throw new AppError('conflict', 'Another data set has been opened since');
    return dataset;
  }

  /** @throws AppError 'read-only' where masks may not be written, 'conflict' as `openDataset` */
  private writableDataset(datasetId: string | undefined): OpenDataset {
    const dataset = this.openDataset(datasetId);
    const reason = readOnlyReason(dataset);
    if (reason) throw new AppError('read-only', reason, { file: dataset.path });
    return dataset;
  }

  /** Takes the mask file away; a copy stays beside the originals. @throws AppError 'conflict' if it is no longer that revision */
  async remove(imageId: string, baseRevision: string, datasetId?: string): Promise<void> {
    const dataset = this.writableDataset(datasetId);
    const image = dataset.image(imageId);
    assertRevision(image, baseRevision);
    copyAside(image.maskFile, originalFile(dataset, image, '.removed'));
    rmSync(image.maskFile);
    new Journal(dataset.workFolder).clear(imageId);
    await this.datasets.refresh(dataset, imageId, null);
  }

  /** @throws AppError 'not-found' if the mask was never edited here */
  async restoreOriginal(imageId: string, datasetId?: string): Promise<LoadedMask> {
    const dataset = this.writableDataset(datasetId);
    const image = dataset.image(imageId);
    const original = originalFile(dataset, image);
    if (!existsSync(original))
      throw new AppError('not-found', `${image.maskFile} has no original: it was not edited here`, { file: image.maskFile });
    if (existsSync(image.maskFile)) copyAside(image.maskFile, originalFile(dataset, image, '.before-restore'));
    writeAtomic(image.maskFile, readFileSync(original));
    new Journal(dataset.workFolder).clear(imageId);
    await this.datasets.refresh(dataset, imageId, null);
    return this.load(imageId);
  }

  handlers(): Services['masks'] {
    return {
      load: ({ imageId, datasetId }) => this.load(imageId, datasetId),
      save: (input) => this.save(input),
      journal: ({ imageId, baseRevision, patch, datasetId }) => this.journal(imageId, baseRevision, patch, datasetId),
      remove: ({ imageId, baseRevision, datasetId }) => this.remove(imageId, baseRevision, datasetId),
      restoreOriginal: ({ imageId, datasetId }) => this.restoreOriginal(imageId, datasetId),
    };
  }
}

function readOnlyReason(dataset: OpenDataset): string | null {
  return dataset.writable ? null : `${dataset.path} cannot be written, so its masks are read only`;
}

function assertSize({ imageId, width, height, ids }: SaveInput, dataset: OpenDataset): void {
  const entry = dataset.entry(imageId);
  if (width !== entry.width || height !== entry.height || ids.length !== width * height) {
    throw new AppError(
      'invalid-argument',
      `the mask of ${imageId} must be ${entry.width} x ${entry.height}, received ${width} x ${height} with ${ids.length} pixels`,
    );
  }
}

function originalFile(dataset: OpenDataset, image: LocatedImage, suffix = ''): string {
  return dataset.workFolder.at('originals', image.split, path.basename(image.maskFile) + suffix);
}

/** Copies a mask aside before its first edit, and never again. */
function keepOriginal(dataset: OpenDataset, image: LocatedImage): void {
  const target = originalFile(dataset, image);
  if (!existsSync(target)) copyAside(image.maskFile, target);
}

const copyAside = (file: string, target: string): void => writeAtomic(target, readFileSync(file));

const revisionOf = ({ maskFile }: LocatedImage): string | null => (existsSync(maskFile) ? maskRevision(readFileSync(maskFile)) : null);

function assertRevision(image: LocatedImage, expected: string | null): string | null {
  const current = revisionOf(image);
  if (current === expected) return current;
  throw new AppError('conflict', `${image.maskFile} was changed by another program since it was opened`, { file: image.maskFile });
}
