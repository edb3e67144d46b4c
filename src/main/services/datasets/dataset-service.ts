import { cpSync, existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { Services } from '#shared/contract/index';
import { builtInNames, type BuiltInName } from '#shared/classes/class-set-schema';
import type { KnownClassSet } from '#shared/data/advice';
import type { Arrangement } from '#shared/data/arrangement';
import { AppError, messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import { throttledProgress } from '#shared/throttled-progress';
import { makeFolder } from '#files/whole-or-not';
import { letLinksInto } from '#files/read-limits';
import type { Preferences } from '../app/preferences.ts';
import { typedPath } from '../app/typed-path.ts';
import { findResources } from '../resources.ts';
import { isTaken } from './holder-watch.ts';
import { workFolderIn } from './work-folder.ts';
import { DroppedFiles } from './dropped-files.ts';
import { listFolder } from './folder-listing.ts';
import { DatasetScope, type ScopeEnvironment } from './dataset-scope.ts';
import { builtInClassSet } from '../class-sets/class-set.ts';
import { isFolder } from '../layouts/folder-view.ts';
import { lookAtFolder } from '../layouts/import-look.ts';
import { isKept, keepFor } from '../layouts/own-arrangement.ts';
import { assertFits, datasetFolder, locateDataset } from '../layouts/recognise.ts';
import { isZip, unzipBeside } from '../layouts/unzip.ts';
import { asideOf, datasetId } from './open-dataset.ts';

interface DatasetServiceOptions extends ScopeEnvironment {
  preferences: Preferences;
}

/** Where the sample that a person paints on lies. */
export const sampleFolder = (userData: string): string => path.join(userData, 'sample');

/** Opens data sets, one at a time; owns the one that is open. */
export class DatasetService {
  private readonly options: DatasetServiceOptions;
  private readonly changes = new Serial();
  private scope: DatasetScope | null = null;
  private closed = false;
  /** What was asked to be opened and is not over. */
  private readonly openings = new Set<{ folder: string; stop: AbortController }>();
  private readonly dropped: DroppedFiles;

  constructor(options: DatasetServiceOptions) {
    this.options = options;
    this.dropped = new DroppedFiles(path.join(options.userData, 'dropped'));
  }

  /**
   * The open data set.
   * @param dataset id of the one that the caller shows; undefined takes whichever is open
   * @throws AppError 'not-found' if none is open, 'conflict' if another one has been opened since
   */
  require(dataset?: string): DatasetScope {
    if (!this.scope) throw new AppError('not-found', 'No data set is open');
    if (dataset !== undefined && dataset !== this.scope.dataset.id) {
      throw new AppError('conflict', `Another data set has been opened since: ${this.scope.dataset.path}`, {
        file: this.scope.dataset.path,
      });
    }
    return this.scope;
  }

  current(): DatasetInfo | null {
    return this.scope?.dataset.info ?? null;
  }

  /** Whether a run or a prediction goes on that nobody has to sit at. */
  get isAtWork(): boolean {
    return this.scope?.isAtWork ?? false;
  }

  /**
   * Opens a folder. The data set open before stays open and usable if that fails.
   * @throws AppError as `DatasetScope.open`, 'busy' while the one before is trained on or predicted
   */
  open(folder: string): Promise<DatasetInfo> {
    return this.asked(folder, async (signal) => {
      const inner = isZip(folder) ? await this.unzip(path.resolve(folder), signal) : this.innerFolder(folder);
      assertWanted(signal, folder);
      return this.replace(realFolder(inner), false, false);
    });
  }

  /** Opens in its turn, and tells meanwhile what. @param folder as it was asked for */
  private asked(folder: string, work: (signal: AbortSignal) => DatasetInfo | Promise<DatasetInfo>): Promise<DatasetInfo> {
    const opening = { folder, stop: new AbortController() };
    const { signal } = opening.stop;
    this.openings.add(opening);
    this.tellOpening();
    const opened = this.changes.run(() => {
      assertWanted(signal, folder);
      return work(signal);
    });
    return opened.finally(() => {
      this.openings.delete(opening);
      this.tellOpening();
    });
  }

  /** What is being opened, as it was asked for; null if nothing. */
  get opening(): string | null {
    return [...this.openings].find(({ stop }) => !stop.signal.aborted)?.folder ?? null;
  }

  private tellOpening(): void {
    this.options.events.emit('datasets.opening', this.opening);
  }

  /** @param folder as it was asked for; what is given up by now is so for whoever asked for that */
  private cancelOpening(folder: string): void {
    for (const opening of this.openings) if (opening.folder === folder) opening.stop.abort();
    this.tellOpening();
  }

  /** The folder that a data set lies in; one that a person has said something of is it. */
  private innerFolder(folder: string): string {
    return isKept(this.asideOf(realFolder(folder))) ? folder : innerFolder(folder);
  }

  private asideOf(folder: string): string {
    return asideOf(this.options.userData, folder);
  }

  /** Unpacks a zip beside itself. @returns the folder of the data set in it */
  private async unzip(file: string, signal: AbortSignal): Promise<string> {
    const onProgress = throttledProgress((progress) => this.options.events.emit('datasets.unpacking', progress));
    try {
      return await unzipBeside(file, { onProgress, signal });
    } finally {
      this.options.events.emit('datasets.unpacking', null);
    }
  }

  /** Takes the open data set from the workbench that has it. @throws AppError as `open` */
  takeOver(of?: string): Promise<DatasetInfo> {
    return this.changes.run(() => {
      const { dataset } = this.require(of);
      if (!dataset.info.heldBy) return dataset.info;
      return this.replace(dataset.path, dataset.info.isSample, true);
    });
  }

  /** @param anew opens it again although it is open: to read it anew, or as a person has just said */
  private async replace(
    folder: string,
    isSample: boolean,
    takeOver: boolean,
    anew: false | 'read' | 'arranged' = false,
  ): Promise<DatasetInfo> {
    if (this.closed) throw new AppError('cancelled', 'The workbench is closing');
    const before = this.scope;
    const again = before?.dataset.id === datasetId(folder) && !takeOver;
    // One that another workbench had may be free by now, and one whose folders were put anew is another one.
    const isStale = anew !== false || !before?.access.isThere;
    if (before && again && !before.access.heldBy() && !isStale) return before.dataset.info;
    assertIdle(before);
    if (before && again && isStale) {
      // What cannot be read now is told while the one before is still open; masks that its end saves are found by the next look.
      const asked = { folder, aside: this.asideOf(folder) };
      // What was kept a moment ago is read before those who follow the folder hear of it.
      if (anew === 'arranged') locateDataset(folder, asked.aside);
      else await this.options.workers.run('locate', asked);
      assertIdle(before);
      // It holds the very lease that the new one takes.
      await before.close();
      this.scope = null;
    }
    const freed = () =>
      void this.changes
        .run(() => this.onFreed(scope))
        .catch((error: unknown) =>
          this.options.log.warn({ err: error, folder }, 'a data set that is free again could not be opened for writing'),
        );
    const opens = () => DatasetScope.open({ ...this.options, folder, isSample, takeOver, freed });
    // One that was closed to be read anew is not left closed for what may pass.
    const isClosed = before !== null && this.scope === null;
    const scope: DatasetScope = await (isClosed ? openedAgain(opens) : opens());
    // What was begun in the one before while this one was looked at is not ended for it.
    const busy = isClosed || before?.dataset.id === scope.dataset.id ? null : before?.busyWith;
    if (busy) {
      await scope.close();
      throw isBusy(busy);
    }
    this.scope = scope;
    if (!isSample) this.options.preferences.rememberDataset(folder);
    // Windows know of it before the one before has been put away; whoever asked for it turns to it with the answer.
    this.options.events.emit('datasets.changed', scope.dataset.info);
    await before?.close();
    return scope.dataset.info;
  }

  /**
   * Reads the open data set in another way, and keeps that in it, or beside its history where it may not be written.
   * @param arrangement null forgets what was kept
   * @param of the data set that it is for, where a window says; refused if another is open by now
   * @throws AppError as `open`, 'conflict', 'read-only' where another workbench has it: what was kept is then as it was
   */
  arrange(arrangement: Arrangement | null, of?: string): Promise<DatasetInfo> {
    return this.changes.run(async () => {
      const scope = this.require(of);
      const { path: folder, info } = scope.dataset;
      scope.access.assertOwned();
      scope.access.assertThere();
      if (scope.busyWith)
        throw new AppError('busy', `${scope.busyWith} is going on: stop it or wait for its end before the data set is read in another way`);
      if (arrangement) assertFits(folder, arrangement);
      // Whose lease is in the workbench's own folder does not know who has that of the data set.
      const held = () => scope.dataset.workFolder.root !== workFolderIn(folder) && isTaken(folder);
      const putBack = keepFor(folder, this.asideOf(folder), arrangement, held);
      try {
        return await this.replace(folder, info.isSample, false, 'arranged');
      } catch (error) {
        putBack();
        if (!this.scope) await this.replace(folder, info.isSample, false);
        throw error;
      }
    });
  }

  /** Reads the open folder again: files that are new, gone or changed. @throws AppError as `open` */
  refresh(of?: string): Promise<DatasetInfo> {
    return this.changes.run(() => {
      const { path: folder, info } = this.require(of).dataset;
      return this.replace(folder, info.isSample, false, 'read').catch((error: unknown) => this.tellClosed(folder, error));
    });
  }

  /** @throws AppError the same, and that nothing is open where nothing is */
  private tellClosed(folder: string, error: unknown): never {
    if (this.scope) throw error;
    const what = `${folder} was closed to be read anew and could not be opened again: open it once more (Data set > Open)`;
    throw new AppError(error instanceof AppError ? error.code : 'internal', `${messageOf(error)}. ${what}`, { file: folder });
  }

  /** Keeps how a folder is read, and opens it. @throws AppError as `open`, 'read-only' where another workbench has it */
  openAs(given: string, arrangement: Arrangement): Promise<DatasetInfo> {
    const folder = realFolder(given);
    if (this.scope?.dataset.id === datasetId(folder)) return this.arrange(arrangement);
    return this.asked(folder, async () => {
      const stopLinks = letLinksInto(folder);
      try {
        assertFits(folder, arrangement);
      } finally {
        stopLinks();
      }
      // What keeps the open one open is told before anything is written.
      assertIdle(this.scope);
      const putBack = keepFor(folder, this.asideOf(folder), arrangement, () => isTaken(folder));
      try {
        return await this.replace(folder, false, false);
      } catch (error) {
        putBack();
        throw error;
      }
    });
  }

  /** The workbench that had a data set has ended: it can be written here from now on. */
  private async onFreed(scope: DatasetScope): Promise<void> {
    if (this.scope !== scope || this.closed || scope.busyWith) return;
    const { path: folder, info } = scope.dataset;
    const now = await this.replace(folder, info.isSample, false);
    if (now.heldBy) return;
    const text = `The workbench that had ${folder} has ended: its masks can be painted here again.`;
    this.options.events.of(now.id).emit('app.notice', { kind: 'info', text });
  }

  /** The sample is copied to the user's data folder once, so that it can be painted on. */
  openSample(): Promise<DatasetInfo> {
    const target = sampleFolder(this.options.userData);
    return this.asked(target, async () => {
      if (!existsSync(target)) await copyWhole(path.join(findResources(), 'sample'), target);
      return this.replace(realFolder(target), true, false);
    });
  }

  /** Reads again what the limits kept from being read. @param links whether links may lead to other folders now: it is then opened anew */
  readAgain(links: boolean): Promise<void> {
    return this.changes.run(async () => {
      if (!this.scope) return;
      const { path: folder, info } = this.scope.dataset;
      if (links && !this.scope.busyWith)
        await this.replace(folder, info.isSample, false, 'read').catch((error: unknown) => this.tellClosed(folder, error));
      else this.scope.readAgain();
    });
  }

  /** Saves what is painted. @throws AppError 'conflict' naming an image that cannot be saved, and why */
  async settle(): Promise<void> {
    await this.scope?.edits.settle();
  }

  /** What the end of the application waits for, in words. */
  async waitsFor(): Promise<string[]> {
    return (await this.scope?.waitsFor()) ?? [];
  }

  /** Closes the open data set, after an opening under way. Never rejects. */
  close(): Promise<void> {
    this.closed = true;
    for (const { stop } of this.openings) stop.abort();
    return this.changes.run(async () => {
      await this.dropped.close();
      await this.scope?.close();
      this.scope = null;
    });
  }

  /** The methods of the contract. @param of the data set that the window shows, where it says: what is of one is not done to another */
  handlers(of?: string): Services['datasets'] {
    return {
      current: () => this.current(),
      opening: () => this.opening,
      open: ({ path: folder }) => this.open(typedPath(folder)),
      cancelOpening: ({ path: folder }) => this.cancelOpening(typedPath(folder)),
      dropBegin: ({ name, bytes }) => this.dropped.begin(name, bytes),
      dropPart: ({ drop, content }) => this.dropped.append(drop, content),
      dropEnd: ({ drop }) => this.dropped.end(drop),
      dropCancel: ({ drop }) => this.dropped.cancel(drop),
      openSample: () => this.openSample(),
      takeOver: () => this.takeOver(of),
      arrange: ({ arrangement }) => this.arrange(arrangement, of),
      look: ({ path: given, arrangement }) => {
        const folder = realFolder(typedPath(given));
        return lookAtFolder(folder, arrangement, this.options.workers, this.asideOf(folder));
      },
      openAs: ({ path: folder, arrangement }) => this.openAs(typedPath(folder), arrangement),
      acceptPhotos: ({ imageIds }) => this.require(of).acceptPhotos(imageIds),
      refresh: () => this.refresh(of),
      classSets: () => builtInNames.map(knownClassSet),
      recent: () => this.options.preferences.recentDatasets(),
      images: () => this.require().dataset.images(),
      listFolders: ({ path: folder }) => listFolder(folder),
    };
  }
}

/** @throws AppError 'busy' if something goes on in it */
function assertIdle(scope: DatasetScope | null): void {
  const busy = scope?.busyWith;
  if (busy) throw isBusy(busy);
}

const isBusy = (what: string): AppError =>
  new AppError('busy', `${what} is going on: stop it or wait for its end before opening another data set`);

/** Between the tries to open what was closed to be read anew: another program that holds its history for a moment lets go of it. */
const againAfterMs = [200, 1000, 3000];
const passing: readonly string[] = ['busy', 'disk-full', 'read-only', 'internal'];

/** @throws AppError as the last try */
async function openedAgain(opens: () => Promise<DatasetScope>): Promise<DatasetScope> {
  for (const wait of againAfterMs) {
    try {
      return await opens();
    } catch (error) {
      if (error instanceof AppError && !passing.includes(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return opens();
}

/** @throws AppError 'cancelled' if it was given up */
function assertWanted({ aborted }: AbortSignal, folder: string): void {
  if (aborted) throw new AppError('cancelled', `${folder} was not opened: that was given up`);
}

function knownClassSet(key: BuiltInName): KnownClassSet {
  const { name, classes, format } = builtInClassSet(key);
  return { key, name, classes, voidValue: format.voidValue };
}

/**
 * A folder that a data set lies in; the folder itself where none does or what is in it may not be looked into: whoever opens it tells that.
 * @throws AppError 'not-a-dataset' naming a list of classes that would be left out
 */
function innerFolder(folder: string): string {
  try {
    return isFolder(folder) ? datasetFolder(folder) : folder;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-a-dataset') throw error;
    return folder;
  }
}

/** A folder by its one name: by another way to it a data set would be read only against itself. */
function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    // What is not there is told by whoever opens it.
    return path.resolve(folder);
  }
}

/** Copies a folder whole or not at all: half a copy would be taken for the whole one for ever. */
async function copyWhole(from: string, to: string): Promise<void> {
  try {
    await makeFolder(to, (partial) => cpSync(from, partial, { recursive: true }));
  } catch (error) {
    // Another workbench may have been first.
    if (!existsSync(to)) throw error;
  }
}
