// Which split an image is in: by its folder, by lists, or as a person has made them.
import path from 'node:path';
import { counted } from '#shared/counted';
import { imagePattern } from '#shared/data/image-names';
import { composed } from '#shared/folded';
import { freeName } from '#shared/free-name';
import { linesOf } from '#files/text-lines';
import type { Arrangement } from '#shared/data/arrangement';
import type { FolderView } from './folder-view.ts';
import type { LocatedImage } from './located-image.ts';
import { stemOf } from './pairing.ts';

const alike: ReadonlyMap<string, string> = new Map([
  ...['train', 'training', 'default'].map((name) => [name, 'train'] as const),
  ...['val', 'valid', 'validation', 'dev'].map((name) => [name, 'val'] as const),
  ...['test', 'testing'].map((name) => [name, 'test'] as const),
]);

/** In the order in which they are shown. */
const usualSplits = ['train', 'val', 'test'];

/** The workbench's name of a split that others call otherwise. */
export const splitNamed = (name: string): string => alike.get(name.toLowerCase()) ?? name;

/** Train first, then validation, test, and the others by name. */
export function bySplit(a: string, b: string): number {
  const place = (name: string) => (usualSplits.includes(name) ? usualSplits.indexOf(name) : usualSplits.length);
  return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** The images with the splits that they are in, split by split. */
export function assignSplits(view: FolderView, images: LocatedImage[], { splits }: Arrangement, problems: string[]): LocatedImage[] {
  if (splits.by === 'folders') return images;
  const splitOf =
    splits.by === 'ids' ? madeSplits(images, splits.splits, problems) : listedSplits(view, images, splits.lists, splits.rest, problems);
  const rest = splits.by === 'lists' ? splits.rest : undefined;
  const assigned = images.map((image) => ({ ...image, split: splitOf.get(image.id) ?? rest ?? image.split }));
  return assigned.sort((a, b) => bySplit(a.split, b.split));
}

/** By ids, in whatever form a disk writes the letters of names. */
function madeSplits(images: readonly LocatedImage[], splits: Record<string, string[]>, problems: string[]): Map<string, string> {
  const exact = new Set(images.map(({ id }) => id));
  const byComposed = new Map(images.map(({ id }) => [composed(id), id]));
  const find = (id: string) => (exact.has(id) ? id : byComposed.get(composed(id)));
  const named = Object.entries(splits).flatMap(([split, ids]) => ids.map((id) => ({ id, split, found: find(id) })));
  const gone = named.filter(({ found }) => found === undefined);
  if (gone.length > 0)
    problems.push(
      `The split that was made names ${gone.length} of ${named.length} images that are not there, the first: ${gone[0].id.slice(0, 200)}`,
    );
  return new Map(named.flatMap(({ found, split }) => (found === undefined ? [] : [[found, split] as const])));
}

/** What a line of a list names: the first of its paths, in quotes or not. */
function namesIn(line: string): string[] {
  const quoted = /^"([^"]+)"/.exec(line)?.[1];
  return quoted === undefined ? [line, line.split(/\s+/)[0]] : [quoted];
}

/** A path as lists write it, by its parts from the end, without extension. */
const keyOf = (name: string): string => {
  const plain = composed(name)
    .replaceAll('\\', '/')
    .replace(/^[./]+/, '');
  return imagePattern.test(plain) ? stemOf(plain) : plain;
};

/** Folders that a path is looked for with, from its end. */
const deepestEnd = 32;

/** Every end of a path that may stand for it in a list: `a/b/c`, `b/c`, `c`. */
function endsOf(key: string): string[] {
  const parts = key.split('/').slice(-deepestEnd);
  return parts.map((_, from) => parts.slice(from).join('/'));
}

function listedSplits(
  view: FolderView,
  images: readonly LocatedImage[],
  lists: Record<string, string>,
  rest: string | undefined,
  problems: string[],
): Map<string, string> {
  const [byPath, byEnd] = [new Map<string, LocatedImage | null>(), new Map<string, LocatedImage | null>()];
  // What two images may be called names neither.
  const call = (names: Map<string, LocatedImage | null>, name: string, image: LocatedImage) =>
    names.set(name, names.has(name) && names.get(name) !== image ? null : image);
  for (const image of images) {
    const file = keyOf(path.relative(view.root, image.imageFile));
    const id = composed(image.id);
    // From the data set's folder, and from that of its images.
    for (const name of [file, id, id.slice(id.indexOf('/') + 1)]) call(byPath, name, image);
    for (const end of new Set([...endsOf(file), ...endsOf(keyOf(image.id)), composed(image.name)])) call(byEnd, end, image);
  }
  const byLower = new Map([...byEnd].map(([end, image]) => [end.toLowerCase(), image]));
  const isLowerClear = byLower.size === byEnd.size;
  const find = (line: string): LocatedImage | null => {
    const names = namesIn(line);
    const exact = names.flatMap((name) => [byPath.get(composed(name)), byPath.get(keyOf(name))]).find((each) => each);
    if (exact) return exact;
    const ends = names.flatMap((name) => endsOf(keyOf(name)));
    const found = ends.map((end) => byEnd.get(end)).find((each) => each);
    // Names in another case, where that is clear.
    return found ?? (isLowerClear ? ends.map((end) => byLower.get(end.toLowerCase())).find((each) => each) : null) ?? null;
  };
  const splitOf = new Map<string, string>();
  const overlaps = new Map<string, number>();
  for (const [split, file] of inOrderOfWeight(lists)) {
    const lines = linesOf(view.file(file), { most: mostLines, longest: longestLine })
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('# '));
    if (lines.length === 0) problems.push(`${file} names no image, so that none is in "${split}"`);
    const unknown: string[] = [];
    for (const line of lines) {
      const image = find(line);
      if (!image) {
        unknown.push(line);
        continue;
      }
      const before = splitOf.get(image.id);
      const [from, to] = split === rest && before !== undefined ? [split, before] : [before, split];
      splitOf.set(image.id, to);
      if (from === undefined || from === to) continue;
      const which = `${lists[from]} and in ${lists[to]}, counted as "${to}"`;
      overlaps.set(which, (overlaps.get(which) ?? 0) + 1);
    }
    if (unknown.length > 0)
      problems.push(`${file} names ${unknown.length} of ${lines.length} images that are not there, the first: ${unknown[0].slice(0, 200)}`);
  }
  for (const [which, count] of overlaps) problems.push(`${counted(count, 'image')} in ${which}`);
  return splitOf;
}

/** Lists of whatever else go first: what one of training, validation or test holds too is in that. */
const inOrderOfWeight = (lists: Record<string, string>): [string, string][] =>
  Object.entries(lists).sort(([a], [b]) => usualSplits.indexOf(a) - usualSplits.indexOf(b));

/** As many as files are read of one data set. */
const mostLines = 500_000;
/** Letters of two paths, and more than any system lets them have. */
const longestLine = 16_384;

const splitWord = 'train|training|val|valid|validation|test|testing|default';
/** Words of a split that other texts end with as well. */
const wholeWord = 'dev|eval|evaluation';
const listWord = 'list|lists|files?|filenames?|ids?|images?|set|split';
/** `train.txt`, `my_train.txt`, `train_list.txt`. */
const listPattern = new RegExp(`^(?:(?:.*[_.-])?(${splitWord})|(${wholeWord}))(?:[_.-]?(?:${listWord}))?\\.(?:txt|lst)$`, 'i');

/** Lists that hold what others hold too. */
const unions = /^(trainval|all|all_?images?)\.(txt|lst)$/i;

/**
 * The lists of splits in a folder, by the split's name.
 * @param all whether every list there is one of a split, whatever it is called
 */
export function listsIn(view: FolderView, folder: string, all = false): Record<string, string> {
  const found = new Map<string, string>();
  // The list that is called as its split goes before one that has more in its name.
  const names = view
    .files(folder)
    .sort((a, b) => Number(!alike.has(stemOf(a).toLowerCase())) - Number(!alike.has(stemOf(b).toLowerCase())));
  for (const name of names) {
    const other = all && !unions.test(name) ? /^(.+)\.(?:txt|lst)$/i.exec(name)?.[1] : undefined;
    const [, word, whole] = listPattern.exec(name) ?? [];
    const split = word ?? (whole === undefined ? other : 'val');
    if (split === undefined) continue;
    // A second list of one split is one of its own: none is dropped.
    const usual = splitNamed(split);
    const own = found.has(usual) ? freeName(stemOf(name), (taken) => found.has(taken), { most: longestName }) : usual;
    found.set(own, path.posix.join(folder, name));
  }
  return Object.fromEntries(found);
}

/** The letters that a split's name may have. */
const longestName = 60;

/** How lists split a data set: what none names is for training where that has no list, and else apart. */
export function splitsByLists(lists: Record<string, string>): Arrangement['splits'] {
  if (Object.keys(lists).length === 0) return { by: 'folders' };
  const hasTraining = Object.keys(lists).some((name) => /^train/i.test(name));
  return { by: 'lists', lists, rest: hasTraining ? 'rest' : 'train' };
}
