import type { ImageEntry } from '#shared/contract/datasets';
import { problemGroups } from '#shared/data/problem-groups';

/** How far the work on an image is: nobody has painted on it here, somebody has, or a person has said so. */
export const workStages = ['new', 'work', 'done', 'look'] as const;
export type WorkStage = (typeof workStages)[number];

export interface LibraryFilter {
  split: string;
  mask: 'all' | 'with' | 'without';
  /** Only images that hold this class. */
  classId: number | null;
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
export const usualFilter: LibraryFilter = { split: 'all', mask: 'all', classId: null, problems: false, sort: 'name', size: 176 };

/** Share of an image's pixels that have a class, 0 … 1. */
export function labelledShare({ classPixels }: ImageEntry): number {
  if (!classPixels) return 0;
  const total = classPixels.reduce((sum, count) => sum + count, 0);
  return total > 0 ? 1 - classPixels.at(-1)! / total : 0;
}

const orders: Record<LibraryFilter['sort'], (a: ImageEntry, b: ImageEntry) => number> = {
  // The order of the data set: its splits, then names.
  name: () => 0,
  'least-labelled': (a, b) => labelledShare(a) - labelledShare(b),
  'newest-edit': (a, b) => (b.editedAt ?? '').localeCompare(a.editedAt ?? ''),
};

const hasProblem = (image: ImageEntry, key: string): boolean => problemGroups([image]).some((group) => group.key === key);

/** The images that pass, in order. */
export function filterImages(
  images: readonly ImageEntry[],
  filter: LibraryFilter,
  stageOf: (image: ImageEntry) => WorkStage = () => 'new',
): ImageEntry[] {
  const passes = (image: ImageEntry): boolean =>
    (filter.split === 'all' || image.split === filter.split) &&
    (filter.mask === 'all' || image.hasMask === (filter.mask === 'with')) &&
    (filter.classId === null || (image.classPixels?.[filter.classId] ?? 0) > 0) &&
    (!filter.work || filter.work === 'all' || stageOf(image) === filter.work) &&
    (!filter.problems || image.problems.length > 0) &&
    (!filter.problems || !filter.problem || hasProblem(image, filter.problem));
  return images.filter(passes).sort(orders[filter.sort]);
}
