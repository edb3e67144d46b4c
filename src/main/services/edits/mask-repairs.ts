// Masks that cannot be used are made usable, many at once; each file is kept as it was, and all can be taken back.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isThere } from '#files/file-identity';
import { besideAsPng } from '#files/mask-repair';
import { readPictureFile } from '#files/plain-file';
import { replaceFile } from '#files/replace-file';
import { revisionOf } from '#files/revision';
import type { RepairKind, RepairReport } from '#shared/contract/edits';
import { AppError, messageOf } from '#shared/errors';
import { throttledProgress } from '#shared/throttled-progress';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Emitter } from '../events.ts';
import type { Logger } from '../log.ts';
import type { Workers } from '../workers/workers.ts';
import type { MaskPast } from './mask-past.ts';
import { readRevision, revisionFile } from './revision-store.ts';
import { surveyAndTell } from './survey-and-tell.ts';

interface MaskRepairsOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  workers: Workers;
  events: Emitter;
  log: Logger;
  /** Folder of revisions. */
  store: string;
  /** Closes the mask's session, if it has one. */
  putAway: (imageId: string) => Promise<void>;
  /** Does something to a mask while no session of it is opened. */
  holding: <T>(imageId: string, work: () => Promise<T>) => Promise<T>;
  past: MaskPast;
}

/** What a repair did to one mask. */
interface Done {
  maskFile: string;
  /** The file that it replaced; null if there was none of this name. */
  before: string | null;
  after: string;
}

/** Works on one mask. @returns whether it is another one now */
type Work = (imageId: string) => Promise<boolean>;

export class MaskRepairs {
  private readonly options: MaskRepairsOptions;
  private readonly done = new Map<string, Done>();
  /** Ends the repair that is going on; null while none is. */
  private stop: AbortController | null = null;
  private ended: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(options: MaskRepairsOptions) {
    this.options = options;
  }

  /** Repairs masks one after the other; one that cannot be keeps none of the others. @throws AppError 'busy' while others are repaired */
  async repair(imageIds: readonly string[], how: RepairKind): Promise<RepairReport> {
    return this.each(imageIds, (imageId) => this.repairOne(imageId, how));
  }

  /**
   * Writes into masks what they are read as; those that have nothing of it stay as they are, and are not counted.
   * @param of `value 20`, `colour 12 34 56`
   */
  async rewrite(imageIds: readonly string[], of: readonly string[]): Promise<RepairReport> {
    return this.each(imageIds, (imageId) => this.rewriteOne(imageId, of));
  }

  /**
   * Makes a kept mask the file of its image, in the place of one that cannot be used.
   * @throws AppError 'corrupt-file' if it has another size than the image
   */
  async putBack(imageId: string, revision: string): Promise<void> {
    await this.options.holding(imageId, () => this.putBackOne(imageId, revision));
    await this.tell(imageId, 'was put back as it was and');
  }

  /** Puts back what the last repair of each image replaced. */
  async takeBack(imageIds: readonly string[]): Promise<RepairReport> {
    return this.each(imageIds, (imageId) => this.takeBackOne(imageId));
  }

  /** Ends what is going on after the mask in hand. */
  cancel(): void {
    this.stop?.abort();
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancel();
    await this.ended.catch(() => undefined);
  }

  private async each(imageIds: readonly string[], work: Work): Promise<RepairReport> {
    if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
    if (this.stop) throw new AppError('busy', 'Masks are being repaired: wait for the end of that, or stop it');
    const { signal } = (this.stop = new AbortController());
    try {
      const running = this.inTurn(imageIds, work, signal);
      this.ended = running;
      return await running;
    } finally {
      this.stop = null;
      this.options.events.emit('edits.repairing', null);
    }
  }

  private async inTurn(imageIds: readonly string[], work: Work, signal: AbortSignal): Promise<RepairReport> {
    const report: RepairReport = { done: [], failed: [] };
    const tell = throttledProgress((progress) => this.options.events.emit('edits.repairing', progress));
    for (const [index, imageId] of imageIds.entries()) {
      if (signal.aborted) break;
      try {
        // It may have been stopped while it waited for its turn.
        if (await this.options.holding(imageId, () => (signal.aborted ? Promise.resolve(false) : work(imageId)))) {
          report.done.push(imageId);
          await this.tell(imageId, 'was changed as it was asked for and');
        }
      } catch (error) {
        report.failed.push(messageOf(error));
        // Its session was put away for it: where it is shown it is opened again.
        await this.tell(imageId, 'could not be changed as it was asked for and');
      }
      tell(index + 1, imageIds.length);
    }
    return report;
  }

  /** @param what became of its mask, in words */
  private async tell(imageId: string, what: string): Promise<void> {
    const { dataset, events } = this.options;
    await surveyAndTell(this.options, imageId);
    // Where it is shown it is shown anew, whatever a look at it found.
    if (dataset.has(imageId)) events.emit('edits.reopen', { imageId, text: `The mask of ${imageId} ${what} is shown as it is now.` });
  }

  private async repairOne(imageId: string, how: RepairKind): Promise<boolean> {
    const { dataset, access, workers, store, putAway } = this.options;
    const { maskFile, imageFile } = dataset.image(imageId);
    access.assertWritable(path.dirname(maskFile));
    await putAway(imageId);
    const { width, height } = await dataset.measured(imageId);
    if (width === 0) throw new AppError('corrupt-file', `The image ${imageId} cannot be read, so no mask can be made to fit it`);
    await this.keepOriginal(imageId, maskFile);
    const { format } = dataset.classSet;
    const repaired = await workers.run('repairMask', {
      maskFile,
      among: dataset.maskFolders,
      imageFile,
      how,
      width,
      height,
      format,
      store,
    });
    this.keepRepaired(imageId, repaired, 'repaired');
    dataset.useMask(imageId, repaired.maskFile);
    // One that is begun anew is for the photo that is there.
    if (how === 'begin') dataset.acceptPhotos([imageId]);
    return true;
  }

  private async rewriteOne(imageId: string, of: readonly string[]): Promise<boolean> {
    const { dataset, access, workers, store, putAway } = this.options;
    const { maskFile } = dataset.image(imageId);
    access.assertWritable(path.dirname(maskFile));
    await putAway(imageId);
    if (!isThere(maskFile)) return false;
    const { format } = dataset.classSet;
    // Most masks have nothing of it, and are not to be kept.
    if (!(await workers.run('holdsAny', { maskFile, of, format }))) return false;
    await this.keepOriginal(imageId, maskFile);
    const rewritten = await workers.run('rewriteMask', { maskFile, among: dataset.maskFolders, of, format, store });
    if (!rewritten) return false;
    this.keepRepaired(imageId, rewritten, 'merged');
    return true;
  }

  private async putBackOne(imageId: string, revision: string): Promise<void> {
    const { dataset, access, workers, store, putAway } = this.options;
    const { maskFile } = dataset.image(imageId);
    access.assertWritable(path.dirname(maskFile));
    await putAway(imageId);
    const photo = await dataset.measured(imageId);
    if (photo.width === 0) throw new AppError('corrupt-file', `The image ${imageId} cannot be read, so no mask can be put back for it`);
    const kept = await workers.run('pictureSize', { imageFile: revisionFile(store, revision) });
    if (kept.width !== photo.width || kept.height !== photo.height)
      throw new AppError(
        'corrupt-file',
        `The earlier mask of ${imageId} has ${kept.width} x ${kept.height} pixels, and its photo has ${photo.width} x ${photo.height}`,
      );
    // Where the mask is a TIFF or JPEG, a PNG beside it takes its place, and it stays.
    const target = /\.png$/i.test(maskFile) ? maskFile : besideAsPng(maskFile);
    if (target !== maskFile && isThere(target))
      throw new AppError('conflict', `${target} is there already: it would have to be replaced by the earlier mask`, { file: target });
    await this.keepOriginal(imageId, maskFile);
    const before = await workers.run('keepMask', { maskFile: target, store });
    replaceFile(target, readRevision(store, revision), dataset.maskFolders);
    this.keepRepaired(imageId, { maskFile: target, before, after: revision }, 'restored');
    dataset.useMask(imageId, target);
  }

  /** What is there goes into the mask's past before it is replaced: a kill in between must not leave it where nobody finds it. */
  private async keepOriginal(imageId: string, maskFile: string): Promise<void> {
    const { workers, store, past } = this.options;
    // What is no PNG by its name stays where it is: the repaired one lies beside it.
    if (!/\.png$/i.test(maskFile)) return;
    const revision = await workers.run('keepMask', { maskFile, store });
    if (revision) past.keep('a mask that is to be repaired', { imageId, revision, origin: 'original' });
  }

  private keepRepaired(imageId: string, done: Done, origin: string): void {
    this.options.past.keep('a mask that was repaired', { imageId, revision: done.after, origin });
    this.done.set(imageId, done);
  }

  private async takeBackOne(imageId: string): Promise<boolean> {
    const { dataset, access, store, putAway } = this.options;
    const repaired = this.done.get(imageId);
    if (!repaired) throw new AppError('not-found', `There is no repair of ${imageId} to take back`);
    const { maskFile, before, after } = repaired;
    access.assertWritable(path.dirname(maskFile));
    await putAway(imageId);
    if (!isThere(maskFile) || revisionOf(readPictureFile(maskFile)) !== after)
      throw new AppError('conflict', `${maskFile} has been changed since: take an earlier state from its history instead`, {
        file: maskFile,
      });
    if (before === null) rmSync(maskFile, { force: true });
    else replaceFile(maskFile, readRevision(store, before), dataset.maskFolders);
    this.done.delete(imageId);
    dataset.useMask(imageId, null);
    return true;
  }
}
