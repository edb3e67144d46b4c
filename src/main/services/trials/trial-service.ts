import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { asFileError, asReadError, writeAtomic } from '#files/atomic-write';
import { imagePattern } from '#shared/data/image-names';
import { lookAt } from '#files/file-identity';
import { linkRefusal, linkTarget } from '#files/link-target';
import { withPicture } from '#files/picture';
import { letLinksInto } from '#files/read-limits';
import type { Services } from '#shared/contract/index';
import type { TrialImage, TrialPictures, TrialState } from '#shared/contract/trials';
import type { Affixes } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { Serial } from '#shared/serial';
import { secondsFrom } from '#shared/throttled-progress';
import type { TrainerEvent } from '#shared/training/messages';
import { precisionText } from '#shared/training/precision';
import { typedPath } from '../app/typed-path.ts';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { fileStamp } from '../datasets/survey.ts';
import type { Emitter } from '../events.ts';
import { Job, type JobEnd } from '../jobs/job.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import type { Logger } from '../log.ts';
import type { RunStore } from '../runs/run-store.ts';
import { breathe } from '../turns.ts';
import { KeptNames, landingSplit } from './kept-name.ts';

interface TrialOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  runs: RunStore;
  events: Emitter;
  log: Logger;
  host: TrainerHost;
}

/** An image with where it lies, and the run that has predicted it. */
interface Tried extends TrialImage {
  file: string;
  /** Whether the file is the workbench's own copy of what was dropped; a person's is never removed. */
  isOwn: boolean;
  /** The weights that it was predicted with, or is to be. */
  by: string | null;
}

const folderName = 'trials';
/** Images that are looked at together. */
const most = 500;
/** Pictures for the window are no larger. */
const shownPx = 1024;

/**
 * Images that are not of the data set, predicted by a run to be looked at, and kept if a person wants to. What was dropped and what was
 * predicted lies in the data set's own folder for as long as it is open.
 */
export class TrialService {
  private readonly options: TrialOptions;
  private readonly images = new Map<string, Tried>();
  private job: Job | null = null;
  private runId: string | null = null;
  private next = 0;
  private progress = { done: 0, total: 0, begun: 0 };
  private readonly keeping = new Serial();
  private closed = false;

  constructor(options: TrialOptions) {
    this.options = options;
  }

  private state(): TrialState {
    const { done, total, begun } = this.progress;
    const running = this.job !== null;
    const secondsLeft = running && done > 0 ? secondsFrom(Date.now() - begun, done, total) : null;
    const images = [...this.images.values()].map(({ id, name, state, reason }) => ({ id, name, state, reason }));
    return { images, runId: this.runId, newWeights: !running && this.hasNewWeights, running, done, total, secondsLeft };
  }

  /** Whether the run has other weights by now than what is shown was predicted with. */
  private get hasNewWeights(): boolean {
    const { runId } = this;
    const checkpoint = runId === null ? null : this.options.runs.weightsFile(runId);
    if (runId === null || checkpoint === null) return false;
    const now = weightsKey(runId, checkpoint);
    return [...this.images.values()].some(({ state, by }) => state === 'predicted' && by !== now);
  }

  private changed(): TrialState {
    const state = this.state();
    this.options.events.emit('trials.changed', state);
    return state;
  }

  private at(...names: string[]): string {
    return this.options.dataset.workFolder.at(folderName, ...names);
  }

  private newId(): string {
    if (this.images.size >= most) throw new AppError('too-large', `At most ${most} images are looked at together: remove some`);
    return `t${++this.next}`;
  }

  private take(image: Pick<Tried, 'id' | 'name' | 'file' | 'isOwn'>): void {
    this.images.set(image.id, { ...image, state: 'waiting', reason: null, by: null });
  }

  private add(name: string, content: Uint8Array): TrialState {
    this.options.access.assertOwned();
    this.options.access.assertThere();
    const bare = path.basename(name);
    if (!imagePattern.test(bare)) throw new AppError('invalid-argument', `${bare} is no image: JPEG, PNG, WebP and TIFF are read`);
    const id = this.newId();
    const file = this.at(`${id}${path.extname(bare).toLowerCase()}`);
    writeAtomic(file, content);
    this.take({ id, name: bare, file, isOwn: true });
    return this.changed();
  }

  /** @throws AppError 'not-found' where there is nothing, or nothing that is an image */
  private addFrom(typed: string): TrialState {
    const named = typedPath(typed);
    const files = imagesAt(named);
    if (files.length === 0) throw new AppError('not-found', `${named} holds no image: JPEG, PNG, WebP and TIFF are read`, { file: named });
    if (this.images.size + files.length > most)
      throw new AppError(
        'too-large',
        `${named} holds ${files.length} images, and at most ${most} are looked at together (${this.images.size} are there): name fewer`,
        { file: named },
      );
    for (const found of files) this.take({ id: this.newId(), ...found, isOwn: false });
    return this.changed();
  }

  private require(id: string): Tried {
    const image = this.images.get(id);
    if (!image) throw new AppError('not-found', `The image ${id} is not looked at any more`);
    return image;
  }

  /** @throws AppError 'busy' while a prediction goes on, 'not-found' without weights */
  private predict(runId: string): TrialState {
    const { access, runs, host, log } = this.options;
    access.assertOwned();
    access.assertThere();
    if (this.job) throw new AppError('busy', 'These images are being predicted: wait, or cancel');
    const checkpoint = runs.weightsToPredict(runId);
    const weights = weightsKey(runId, checkpoint);
    const open = [...this.images.values()].filter(({ by, state }) => by !== weights || state === 'waiting');
    this.runId = runId;
    if (open.length === 0) return this.changed();
    for (const image of open) [image.state, image.reason, image.by] = ['waiting', null, weights];
    mkdirSync(this.at('predictions'), { recursive: true });
    this.progress = { done: 0, total: open.length, begun: Date.now() };
    this.job = new Job({
      host,
      job: {
        kind: 'predict',
        checkpoint,
        sha256: null,
        samples: open.map(({ id, file }) => ({ id, imageFile: file, maskFile: null })),
        outDir: this.at('predictions'),
        maskFormat: null,
        evaluation: null,
        precision: null,
        preferred: runs.precisionOf(runId),
        classes: null,
        write: 'ids',
        names: open.map(({ id }) => predictionName(id)),
        writeSureness: false,
      },
      onEvent: (event) => this.hear(event),
      onEnd: (end) => this.end(end),
      report: (error, during) => log.error({ err: error }, during),
    });
    return this.changed();
  }

  private hear(event: TrainerEvent): void {
    if (event.type === 'precision') this.options.log.info({ run: this.runId }, `predicts in ${precisionText(event)}`);
    if (event.type !== 'scored' && event.type !== 'skipped') return;
    this.progress.done = event.done;
    const image = this.images.get(event.type === 'scored' ? event.score.id : event.id);
    if (image && event.type === 'scored') image.state = 'predicted';
    if (image && event.type === 'skipped') [image.state, image.reason] = ['failed', event.reason];
    this.changed();
  }

  private end({ outcome, reason }: JobEnd): void {
    this.job = null;
    for (const image of this.images.values()) {
      if (image.state !== 'waiting') continue;
      image.by = null;
      // Its turn has not come: it can be predicted again.
      if (outcome === 'failed') image.reason = reason;
    }
    this.changed();
  }

  private async pictures(id: string): Promise<TrialPictures> {
    const { file, state } = this.require(id);
    const image = await withPicture(file, (picture) =>
      picture.resize({ width: shownPx, withoutEnlargement: true }).jpeg({ quality: 85 }).toBuffer(),
    );
    return { image, prediction: state === 'predicted' ? readFileSync(this.at('predictions', predictionName(id))) : null };
  }

  /** @throws AppError 'not-found' if the split has no image that tells its folder, 'read-only' */
  private async keep(ids: readonly string[], split: string): Promise<{ files: string[]; split: string }> {
    const { dataset, access } = this.options;
    access.assertWritable();
    const [first] = dataset.samples(split);
    if (!first) throw new AppError('not-found', `${dataset.path} has no image in its split "${split}" that tells where its images lie`);
    const { arrangement } = dataset.info;
    const beside = dataset.image(first.id);
    const isEmpty = (name: string) => dataset.samples(name).length === 0;
    const landed = landingSplit(split, arrangement, path.relative(dataset.path, beside.imageFile), isEmpty);
    const names = namesBeside(beside, arrangement);
    const made: string[] = [];
    try {
      for (const image of ids.map((id) => this.require(id))) {
        // Meanwhile it may have been removed, the data set be closed, or another workbench's.
        if (this.closed) throw new AppError('cancelled', `The data set is being closed: ${made.length} of ${ids.length} images were kept`);
        if (this.images.get(image.id) !== image) continue;
        access.assertWritable();
        made.push(copyBeside(image.file, beside, names.next(image.name)));
        this.forget(image);
        await breathe();
      }
    } finally {
      // Also where one could not be copied: those before it are kept.
      this.changed();
    }
    return { files: made, split: landed };
  }

  /** An image is not looked at any more; what was dropped or made of it goes. */
  private forget({ id, file, isOwn }: Tried): void {
    this.images.delete(id);
    for (const each of [this.at('predictions', predictionName(id)), ...(isOwn ? [file] : [])]) rmSync(each, { force: true });
  }

  private remove(ids: readonly string[]): TrialState {
    for (const id of ids) {
      const image = this.images.get(id);
      if (image) this.forget(image);
    }
    return this.changed();
  }

  /** What keeps the data set open, in words; null if nothing does. */
  get busyWith(): string | null {
    if (this.job) return 'A prediction of other images';
    return this.keeping.busy ? 'Keeping images' : null;
  }

  /** Ends a prediction under way, and removes what lies here of images that were not kept. Never rejects. */
  async close(limitMs: number): Promise<void> {
    this.closed = true;
    await this.job?.close(limitMs);
    await this.keeping.idle();
    this.images.clear();
    // Of another workbench that has the data set by now they are its own.
    if (!this.options.access.owned) return;
    try {
      this.clear();
    } catch (error) {
      this.options.log.warn({ err: error }, 'images that were tried could not be removed');
    }
  }

  /** Removes what lies here of images that were not kept, also those of a workbench that ended without saying so. */
  clear(): void {
    this.options.dataset.workFolder.remove(folderName);
  }

  handlers(): Services['trials'] {
    return {
      state: () => this.state(),
      add: ({ name, content }) => this.add(name, content),
      addFrom: ({ path: named }) => this.addFrom(named),
      predict: ({ runId }) => this.predict(runId),
      cancel: () => this.job?.steer('stop'),
      pictures: ({ id }) => this.pictures(id),
      // Asked twice, the second time finds nothing left to keep.
      keep: ({ ids, split }) => this.keeping.run(() => this.keep(ids, split)),
      remove: ({ ids }) => this.remove(ids),
    };
  }
}

/** Names the weights of a run as they are now. */
const weightsKey = (runId: string, checkpoint: string): string => `${runId}|${fileStamp(checkpoint)}`;

const predictionName = (id: string): string => `${id}.png`;

/** An image by the name that a person knows it by, and the file that holds it. */
interface Found {
  name: string;
  file: string;
}

const isPlain = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

/** What lies in a folder is followed as a data set's links are. One that may not be stays a link, which is refused where it is read. */
function linkIn(folder: string, name: string): Found[] {
  const link = path.join(folder, name);
  const target = linkTarget(link);
  return target === null ? [{ name, file: link }] : isPlain(target) ? [{ name, file: target }] : [];
}

/** An image file, or the image files of a folder in the order of their names. @throws AppError naming what cannot be read */
function imagesAt(named: string): Found[] {
  try {
    // A file that a person names may be a link to anywhere.
    if (!statSync(named).isDirectory()) return imagePattern.test(named) ? [{ name: path.basename(named), file: realpathSync(named) }] : [];
    const stopLinks = letLinksInto(named);
    try {
      return readdirSync(named, { withFileTypes: true })
        .filter(({ name }) => imagePattern.test(name) && !name.startsWith('.'))
        .flatMap((entry) => {
          const { name } = entry;
          if (entry.isSymbolicLink()) return linkIn(named, name);
          return entry.isFile() ? [{ name, file: path.join(named, name) }] : [];
        })
        .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    } finally {
      stopLinks();
    }
  } catch (error) {
    throw asReadError(error, named);
  }
}

/** Names for files beside an image, as the images there are called: their own, or the next that no image and no mask there has. */
function namesBeside({ imageFile, maskFile }: LocatedImage, affixes: Affixes): KeptNames {
  const [folder, masks] = [path.dirname(imageFile), path.dirname(maskFile)];
  return new KeptNames(namesIn(folder), namesIn(masks), affixes, masks === folder);
}

/** Copies a file beside an image. @returns the copy @throws AppError naming what cannot be read or written */
function copyBeside(file: string, { imageFile }: LocatedImage, name: string): string {
  // One that could not be followed when it was found is not followed to be copied either.
  if (lookAt(file)?.isSymbolicLink()) throw new AppError('forbidden', linkRefusal(file), { file });
  const target = path.join(path.dirname(imageFile), name);
  try {
    copyFileSync(file, target, constants.COPYFILE_EXCL);
    return target;
  } catch (error) {
    throw asFileError(error, target);
  }
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
