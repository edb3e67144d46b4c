import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { asFileError, writeAtomic } from '#files/atomic-write';
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
}

/** Loads and saves label masks; every write is atomic and keeps the first original. */
export class MaskService {
  private readonly datasets: DatasetService;

  constructor(datasets: DatasetService) {
    this.datasets = datasets;
  }

  /** @throws AppError 'corrupt-file' if the mask cannot be read: it is then never replaced by an empty one */
  async load(imageId: string): Promise<LoadedMask> {
    const dataset = this.datasets.require();
    const image = dataset.image(imageId);
    if (!dataset.entry(imageId).surveyed) await this.datasets.refresh(dataset, imageId);
    const { width, height } = dataset.entry(imageId);
    if (width === 0) throw new AppError('corrupt-file', dataset.entry(imageId).problems[0] ?? `${image.imageFile} cannot be decoded`, { file: image.imageFile });
    const loaded = this.read(image, dataset, width, height);
    const strokes = new Journal(dataset.workFolder).strokes(imageId, loaded.revision);
    for (const stroke of strokes) applyPatch(loaded.ids, loaded, stroke);
    return { ...loaded, recoveredStrokes: strokes.length, readOnlyReason: readOnlyReason(dataset) };
  }

  private read(image: LocatedImage, dataset: OpenDataset, width: number, height: number): Omit<LoadedMask, 'recoveredStrokes' | 'readOnlyReason'> {
    if (!existsSync(image.maskFile)) return { width, height, ids: new Uint8Array(width * height).fill(voidId), revision: null };
    const mask = readMask(image.maskFile, dataset.classSet.format);
    if (mask.width !== width || mask.height !== height) {
      throw new AppError('corrupt-file', `${image.maskFile} must be ${width} x ${height} as its image, received ${mask.width} x ${mask.height}`, { file: image.maskFile });
    }
    return { width, height, ids: mask.ids, revision: maskRevision(readFileSync(image.maskFile)) };
  }

  /** @throws AppError 'conflict' if the file is no longer the revision the edit began with, 'read-only', 'disk-full' */
  async save(input: SaveInput): Promise<{ revision: string; savedAt: string }> {
    const dataset = this.datasets.require();
    const image = dataset.image(input.imageId);
    const reason = readOnlyReason(dataset);
    if (reason) throw new AppError('read-only', reason, { file: image.maskFile });
    assertSize(input, dataset);
    const current = existsSync(image.maskFile) ? maskRevision(readFileSync(image.maskFile)) : null;
    if (current !== input.baseRevision) {
      throw new AppError('conflict', `${image.maskFile} was changed by another program since it was opened; open the image again to see its version`, { file: image.maskFile });
    }
    const form = this.formOf(image, dataset);
    const content = encodeMask(input, dataset.classSet.format, form);
    if (current) keepOriginal(dataset, image);
    writeAtomic(image.maskFile, content);
    new Journal(dataset.workFolder).clear(input.imageId);
    const revision = maskRevision(content);
    const savedAt = nowText();
    dataset.db.prepare('INSERT OR REPLACE INTO mask_revision (image_id, revision, created_at, origin) VALUES (?, ?, ?, ?)').run(input.imageId, revision, savedAt, 'edit');
    await this.datasets.refresh(dataset, input.imageId, savedAt);
    return { revision, savedAt };
  }

  /** A mask is written back in the form it came in; a new one takes that of the data set's other masks: grey. */
  private formOf(image: LocatedImage, dataset: OpenDataset): MaskFileForm {
    return existsSync(image.maskFile) ? readMask(image.maskFile, dataset.classSet.format).form : { palette: null };
  }

  journal(imageId: string, baseRevision: string | null, patch: MaskPatch): void {
    const dataset = this.datasets.require();
    dataset.image(imageId);
    new Journal(dataset.workFolder).append(imageId, baseRevision, patch);
  }

  /** @throws AppError 'not-found' if the mask was never edited here */
  async restoreOriginal(imageId: string): Promise<LoadedMask> {
    const dataset = this.datasets.require();
    const image = dataset.image(imageId);
    const original = originalFile(dataset, image);
    if (!existsSync(original)) throw new AppError('not-found', `${image.maskFile} has no original: it was not edited here`, { file: image.maskFile });
    try {
      writeAtomic(image.maskFile, readFileSync(original));
    } catch (error) {
      throw asFileError(error, image.maskFile);
    }
    new Journal(dataset.workFolder).clear(imageId);
    await this.datasets.refresh(dataset, imageId);
    return this.load(imageId);
  }

  handlers(): Services['masks'] {
    return {
      load: ({ imageId }) => this.load(imageId),
      save: (input) => this.save(input),
      journal: ({ imageId, baseRevision, patch }) => this.journal(imageId, baseRevision, patch),
      restoreOriginal: ({ imageId }) => this.restoreOriginal(imageId),
    };
  }
}

function readOnlyReason(dataset: OpenDataset): string | null {
  return dataset.writable ? null : `${dataset.path} cannot be written, so its masks are read only`;
}

function assertSize({ imageId, width, height, ids }: SaveInput, dataset: OpenDataset): void {
  const entry = dataset.entry(imageId);
  if (width !== entry.width || height !== entry.height || ids.length !== width * height) {
    throw new AppError('invalid-argument', `the mask of ${imageId} must be ${entry.width} x ${entry.height}, received ${width} x ${height} with ${ids.length} pixels`);
  }
}

function originalFile(dataset: OpenDataset, image: LocatedImage): string {
  return path.join(dataset.workFolder, 'originals', image.split, path.basename(image.maskFile));
}

/** Copies a mask aside before its first edit, and never again. */
function keepOriginal(dataset: OpenDataset, image: LocatedImage): void {
  const target = originalFile(dataset, image);
  if (existsSync(target)) return;
  mkdirSync(path.dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  copyFileSync(image.maskFile, temporary);
  renameSync(temporary, target);
}
