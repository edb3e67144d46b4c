import path from 'node:path';
import { isThere } from '#files/file-identity';
import { messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import type { EditSessions } from '../edits/edit-sessions.ts';
import type { Emitter } from '../events.ts';
import { inTurns } from '../turns.ts';
import type { LocatedDataset } from '../layouts/recognise.ts';
import type { Logger } from '../log.ts';
import type { DatasetAccess } from './dataset-access.ts';
import { FolderWatch } from './folder-watch.ts';
import type { Workers } from '../workers/workers.ts';
import type { OpenDataset } from './open-dataset.ts';
import type { SurveyJob } from './survey-job.ts';

interface LivingFolderOptions {
  dataset: OpenDataset;
  /** The workbench's own folder for it. */
  aside: string;
  access: DatasetAccess;
  edits: EditSessions;
  survey: SurveyJob;
  workers: Workers;
  events: Emitter;
  log: Logger;
}

const toldNames = 3;

/** Follows what other programs do in the folder of an open data set. Its owner closes it. */
export class LivingFolder {
  private readonly options: LivingFolderOptions;
  private readonly watch: FolderWatch;
  private readonly looks = new Serial();
  /** Files that are looked at when the looks before have ended; null while none waits. */
  private waiting: Set<string> | null = null;
  private closed = false;
  /** Whether it was said that the folder cannot be followed. */
  private isTroubled = false;
  /** What was said of the folder as a whole, so that it is said once. */
  private told: string | null = null;

  constructor(options: LivingFolderOptions) {
    this.options = options;
    this.watch = new FolderWatch({
      folders: watchedFolders(options.dataset),
      ready: () => this.begin(() => this.look(filesOf(options.dataset), true)),
      changed: (files) => this.lookAt(files),
      failed: (error) => this.onTrouble(error),
    });
  }

  /** Looks at files that have changed. What changes while others are waited for is looked at with them. */
  private lookAt(files: readonly string[]): void {
    if (this.waiting) return void files.forEach((file) => this.waiting!.add(file));
    const waiting = (this.waiting = new Set(files));
    this.begin(() => {
      this.waiting = null;
      return this.look([...waiting]);
    });
  }

  private begin(work: () => Promise<void>): void {
    void this.looks.run(work).catch((error: unknown) => this.onTrouble(error));
  }

  private onTrouble(error: unknown): void {
    const { log, dataset } = this.options;
    log.warn({ err: error, folder: dataset.path }, 'the folder of a data set cannot be followed');
    if (this.isTroubled) return;
    this.isTroubled = true;
    this.say(
      'error',
      `Changes in ${dataset.path} are not noticed by themselves (${messageOf(error)}): choose Data set, Refresh after them.`,
    );
  }

  private say(kind: 'info' | 'error', text: string): void {
    if (!this.closed && text !== this.told) this.options.events.emit('app.notice', { kind, text });
    this.told = text;
  }

  /** @param isFirst what came while the watch was being set up was not told */
  private async look(files: readonly string[], isFirst = false): Promise<void> {
    const { dataset, access, edits, survey } = this.options;
    if (this.closed) return;
    // A folder that is away has no images and masks to tell of: that is told by whoever needs it.
    if (access.isAway) return;
    if (!access.isThere) return this.say('error', `A folder of ${dataset.path} was put anew: choose Data set, Refresh to read it.`);
    if (isFirst || files.some((file) => dataset.imageWith(file) === null || !isThere(file))) await this.lookForImages();
    const ids = [...new Set(files.flatMap((file) => dataset.imageWith(file) ?? []))];
    const changed: ReturnType<OpenDataset['forgetChanged']> = { photos: [], masks: [] };
    await inTurns(ids, (id) => {
      if (this.closed) return;
      const { photos, masks } = dataset.forgetChanged([id]);
      changed.photos.push(...photos);
      changed.masks.push(...masks);
    });
    await edits.lookAgain(changed);
    survey.look();
  }

  /** Images that are new are taken in, and those that are gone are let go, each after what was painted on it is in its mask. */
  private async lookForImages(): Promise<void> {
    const { dataset, edits, events } = this.options;
    const found = await this.locate();
    if (!found || this.closed) return;
    const there = new Map(found.images.map((image) => [image.id, image]));
    const isGone = (id: string) => {
      if (!dataset.has(id)) return false;
      const { imageFile, maskFile } = dataset.image(id);
      return there.get(id)?.imageFile !== imageFile || there.get(id)?.maskFile !== maskFile;
    };
    const closed = await edits.letGo(isGone);
    if (this.closed) return;
    const before = dataset.info.problems.join();
    const { added, gone, moved } = await dataset.relocate(found);
    if (this.closed) return;
    for (const imageId of closed.filter((id) => there.has(id)))
      events.emit('edits.reopen', { imageId, text: `The files of ${imageId} are others now, and are shown as they are.` });
    this.watch.add(watchedFolders(dataset));
    if (added.length + gone.length + moved.length > 0 || found.problems.join() !== before) events.emit('datasets.changed', dataset.info);
    const told = { new: added, gone, 'in another split': moved };
    const parts = Object.entries(told).flatMap(([what, ids]) => (ids.length > 0 ? [`${what}: ${named(ids)}`] : []));
    if (parts.length > 0) this.say('info', `The images of ${dataset.path} have changed; ${parts.join('; ')}.`);
  }

  /** What the folder holds now; null, and told, where it is not read as it was: a person says when it is read in another way. */
  private async locate(): Promise<LocatedDataset | null> {
    const { dataset, workers } = this.options;
    const { arrangement, path: folder } = dataset.info;
    const otherwise = (why: string) => {
      this.say('error', `${why}. What is shown is as it was before: choose Data set, Refresh to read the folder anew.`);
      return null;
    };
    try {
      const found = await workers.run('locate', { folder, aside: this.options.aside });
      if (found.arrangement.title !== arrangement.title)
        return otherwise(`${folder} looks like ${found.arrangement.title} now, and was opened as ${arrangement.title}`);
      if (found.classSet.key !== dataset.classSet.key) return otherwise(`The classes of ${folder} have changed on the disk`);
      return found;
    } catch (error) {
      return otherwise(messageOf(error));
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.watch.close();
    await this.looks.idle();
  }
}

const named = (ids: readonly string[]): string =>
  ids.length > toldNames
    ? `${ids.slice(0, toldNames).join(', ')} and ${(ids.length - toldNames).toLocaleString('en')} more`
    : ids.join(', ');

const filesOf = (dataset: OpenDataset): string[] => dataset.located().flatMap(({ imageFile, maskFile }) => [imageFile, maskFile]);

/** The folders of a data set that hold its images, masks and lists, and those on the way to them, where new ones may come. */
function watchedFolders(dataset: OpenDataset): string[] {
  const folders = new Set([dataset.path]);
  const { splits, classes } = dataset.info.arrangement;
  const lists = [...(splits.by === 'lists' ? Object.values(splits.lists) : []), ...('file' in classes ? [classes.file] : [])];
  const files = [...filesOf(dataset), ...lists.map((file) => path.join(dataset.path, file))];
  for (const file of files)
    for (let folder = path.dirname(file); !folders.has(folder) && folder !== path.dirname(folder); folder = path.dirname(folder))
      folders.add(folder);
  return [...folders].filter(isThere);
}
