import type { DatasetInfo, FolderListing } from '#shared/contract/datasets';
import { AppError } from '#shared/errors';
import type { Progress } from '#shared/throttled-progress';
import type { Session } from './session.svelte.ts';

/** The data sets that were open last, newest first. */
export const recentDatasets = ({ client }: Session): Promise<string[]> => client.datasets.recent();

/** The folders below one. @param folder null starts at home */
export const foldersIn = ({ client }: Session, folder: string | null): Promise<FolderListing> =>
  client.datasets.listFolders({ path: folder });

/** Asks the system's own dialog. @returns null where there is none, or nothing was chosen */
export const chooseFolder = ({ client }: Session): Promise<string | null> => client.app.chooseFolder();

/** Opens the sample that comes with the workbench. */
export const openSample = (session: Session): Promise<DatasetInfo> => session.open(() => session.client.datasets.openSample());

/** Gives up what this window asked to be opened. @param path as it was asked for */
export const cancelOpening = (session: Session, path: string): Promise<boolean> =>
  session.attempt(() => session.client.datasets.cancelOpening({ path }));

/** @returns a function that ends it */
export const onUnpacking = (session: Session, listener: (progress: Progress | null) => void): (() => void) =>
  session.on('datasets.unpacking', listener);

/** The folder of which a person has to say what is in it: it was refused for want of a layout or of classes. Null for other errors. */
export function folderToDescribe(error: unknown): string | null {
  const isIt = error instanceof AppError && 'needs' in error.details;
  return isIt && typeof error.details.file === 'string' ? error.details.file : null;
}
