import type { ImageEntry } from '#shared/contract/datasets';
import { problemGroups } from '#shared/data/problem-groups';

/** How far the work on an image is: nobody has painted on it here, somebody has, or a person has said so. */
export const workStages = ['new', 'work', 'done', 'look'] as const;
export type WorkStage = (typeof workStages)[number];

export interface LibraryFilter {
  split: string;
  mask: 'all' | 'with' | 'without';
  /** Only images that hold this class, by its name. */
  className: string | null;
  problems: boolean;
  /** How far the work on them is. */
  work?: WorkStage | 'all';
  /** Only images of this group of problems, by its key. */
  problem?: string | null;
  sort: 'name' | 'least-labelled' | 'newest-edit';
  /** Thumbnail width in pixels. */
  size: number;
}

/** Everything. */
export const usualFilter: LibraryFilter = { split: 'all', mask: 'all', className: null, problems: false, sort: 'name', size: 176 };

/** Share of an image's pixels that have a class, 0 … 1. */
export function labelledShare({ classPixels }: ImageEntry): number {
  if (!classPixels) return 0;
  const total = classPixels.reduce((sum, count) => sum + count, 0);
  return total > 0 ? 1 - classPixels.at(-1)! / total : 0;
}

/** Whether nothing of an image is labelled; not of one that is not known yet, or whose mask cannot be read. */
export const isUnlabelled = (image: ImageEntry): boolean =>
  image.surveyed && (!image.hasMask || image.classPixels !== null) && labelledShare(image) === 0;

/** Of masks that are not known nothing says that they are empty: they come last. */
const knownShare = (image: ImageEntry): number => (image.hasMask && !image.classPixels ? 1 : labelledShare(image));

const orders: Record<LibraryFilter['sort'], (a: ImageEntry, b: ImageEntry) => number> = {
  // The order of the data set: its splits, then names.
  name: () => 0,
  'least-labelled': (a, b) => knownShare(a) - knownShare(b),
  'newest-edit': (a, b) => (b.editedAt ?? '').localeCompare(a.editedAt ?? ''),
};

const hasProblem = (image: ImageEntry, key: string): boolean => problemGroups([image]).some((group) => group.key === key);

/** What is left of a filter once everything passes: how images are shown. */
export const unfiltered = ({ sort, size }: LibraryFilter): LibraryFilter => ({ ...usualFilter, sort, size });

/** What of a remembered filter the open data set has: another one may be in its folder by now. */
export function soundFilter(filter: LibraryFilter, splits: readonly string[], classNames: readonly string[]): LibraryFilter {
  const split = splits.includes(filter.split) ? filter.split : 'all';
  const className = filter.className !== null && classNames.includes(filter.className) ? filter.className : null;
  return { ...filter, split, className };
}

/** Whether something is wrong with an image: that it has no mask yet is not. */
export const hasFault = ({ problems }: ImageEntry): boolean => problems.some(({ kind }) => kind !== 'no-mask');

/** The images that pass, in order. @param classNames of the data set, by class id */
export function filterImages(
  images: readonly ImageEntry[],
  filter: LibraryFilter,
  stageOf: (image: ImageEntry) => WorkStage = () => 'new',
  classNames: readonly string[] = [],
): ImageEntry[] {
  const classId = filter.className === null ? null : classNames.indexOf(filter.className);
  const passes = (image: ImageEntry): boolean =>
    (filter.split === 'all' || image.split === filter.split) &&
    (filter.mask === 'all' || image.hasMask === (filter.mask === 'with')) &&
    (classId === null || (image.classPixels?.[classId] ?? 0) > 0) &&
    (!filter.work || filter.work === 'all' || stageOf(image) === filter.work) &&
    (!filter.problems || (filter.problem ? hasProblem(image, filter.problem) : hasFault(image)));
  return images.filter(passes).sort(orders[filter.sort]);
}
