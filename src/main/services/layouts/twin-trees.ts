// Photos and masks in two trees of folders that are alike: a part of the way to a photo is called otherwise on the way to its mask, as in
// `seq1/Images` with `seq1/Labels`, `rgb_anon/fog/train` with `gt/fog/train`, `images/10k/train` with `labels/sem_seg/masks/train`.
import { unlessRefused } from '#shared/errors';
import { counted } from '#shared/counted';
import { freeName } from '#shared/free-name';
import { Random } from '#shared/random';
import type { Source } from '#shared/data/arrangement';
import { doubtOfMasks, likenessOfPhotos, maskFolderNames, mayBeLabels, mayBePhotos, splitNames, splitOfFolder } from './folder-names.ts';
import { FolderView, isIn } from './folder-view.ts';
import { cityscapesForm, isOfCityscapes } from './cityscapes-form.ts';
import type { Draft, Layout } from './layout.ts';
import { findAffixes } from './pairing.ts';
import { inOrder, listsBeside } from './split-sources.ts';
import { splitNamed } from './splits.ts';

/** A folder with pictures right in it. */
interface Branch {
  parts: readonly string[];
  files: readonly string[];
}

/** How the way to a photo becomes that to its mask: these parts of it are called so instead. */
interface Turn {
  from: readonly string[];
  to: readonly string[];
}

const deepest = 6;
/** More folders are none that a person keeps of one data set. */
const mostBranches = 3000;
/** Folders whose photos are looked for among the masks: what holds for them holds for the others. */
const looked = 160;
/** Parts that may be called otherwise. */
const longestTurn = 3;
/** As many as an encnet.json may name. */
const mostSources = 1000;

/**
 * Folders with pictures in them; no more than are looked at. What cannot be looked into here is neither counted nor told: it may be
 * anything that lies beside a data set.
 */
function branchesOf({ root }: FolderView): Branch[] {
  const view = new FolderView(root);
  const found: Branch[] = [];
  const visit = (at: string, deep: number): void => {
    const files = view.images(at);
    if (files.length > 0) found.push({ parts: at === '.' ? [] : at.split('/'), files });
    for (const name of deep > 0 ? view.folders(at) : [])
      if (found.length <= mostBranches) view.ifReadable(() => visit(at === '.' ? name : `${at}/${name}`, deep - 1), undefined);
  };
  return unlessRefused(() => (visit('.', deepest), found), []);
}

/** Some of the branches, in no rhythm: folders of a kind come as regularly as sequences do. */
function someOf(branches: readonly Branch[]): readonly Branch[] {
  if (branches.length <= looked) return branches;
  const random = Random.named('branches', branches.length);
  return [...new Set(Array.from({ length: looked }, () => branches[random.integer(branches.length)]))];
}

const isOfMasks = (parts: readonly string[]): boolean => parts.some((part) => maskFolderNames.test(part));
/** How surely these parts lead to the labels, and not to something made of them. */
const doubtOf = (parts: readonly string[]): number => Math.max(...parts.map((part) => (doubtOfMasks(part) > 2 ? doubtOfMasks(part) : 0)));

/** What two ways have apart, with the parts around it that they share; null where that is no turn from photos to masks. */
function turnBetween(photo: readonly string[], mask: readonly string[]): (Turn & { shared: number }) | null {
  const most = Math.min(photo.length, mask.length) - 1;
  let head = 0;
  while (head < most && photo[head] === mask[head]) head++;
  let tail = 0;
  while (tail < most - head && photo.at(-1 - tail) === mask.at(-1 - tail)) tail++;
  const [from, to] = [photo, mask].map((parts) => parts.slice(head, parts.length - tail));
  if (from.length === 0 || to.length === 0 || from.length > longestTurn || to.length > longestTurn) return null;
  return isOfMasks(to) && !isOfMasks(from) ? { from, to, shared: head + tail } : null;
}

interface Found extends Turn {
  pairs: number;
  /** Branches that it leads from, and to. */
  photos: Set<Branch>;
  masks: Set<Branch>;
}

const wordsOf = (parts: readonly string[]): string[] => parts.flatMap((part) => part.toLowerCase().split(/[ ._-]+/));
/** Words that are in both of a turn's ways. */
function wordsShared({ from, to }: Turn): number {
  const words = new Set(wordsOf(to));
  return wordsOf(from).filter((word) => words.has(word)).length;
}

/** A photo with as many folders of masks that are as near has those of others' names: a sequence without labels. */
const mostWays = 8;

/** The turns from some of these branches to files of their names, by what they are. */
function turnsFrom(photos: readonly Branch[], labels: readonly Branch[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const photo of photos) {
    const ways = labels.flatMap((mask) => {
      const turn = mask === photo ? null : turnBetween(photo.parts, mask.parts);
      return turn ? [{ turn, mask }] : [];
    });
    // Of folders of masks those that share most of the way: another sequence may have photos of the same names.
    const most = Math.max(...ways.map(({ turn }) => turn.shared));
    const near = ways.filter(({ turn: { shared } }) => shared === most);
    // Of those the ones that are called as the photos' folder is, as `day_gt` is for `day_photos`.
    const mostWords = Math.max(...near.map(({ turn }) => wordsShared(turn)));
    const nearest = near.filter(({ turn }) => wordsShared(turn) === mostWords);
    for (const { turn, mask } of nearest.length > mostWays ? [] : nearest) {
      // Photos of two kinds are called alike, too.
      if (turn.to.some(mayBePhotos) && photo.files.every(mayBeLabels)) continue;
      const { pairs } = findAffixes(photo.files, mask.files);
      if (pairs === 0) continue;
      const key = JSON.stringify([turn.from, turn.to]);
      const known = found.get(key) ?? { from: turn.from, to: turn.to, pairs: 0, photos: new Set<Branch>(), masks: new Set<Branch>() };
      known.pairs += pairs;
      found.set(key, known);
    }
  }
  return found;
}

/** Times that what no turn leads from is looked at again: a few folders among many may be of a kind of their own. */
const looks = 3;

/** The turns that lead from photos to files of their names, with all branches that they lead from and to. */
function turnsOf(branches: readonly Branch[]): Found[] {
  const labels = branches.filter(({ files }) => files.some(mayBeLabels));
  const byWay = new Map(branches.map((branch) => [keyOf(branch.parts), branch]));
  const found = new Map<string, Found>();
  let left = branches;
  for (let look = 0; look < looks && left.length > 0; look++) {
    for (const [key, turn] of turnsFrom(someOf(left), labels)) {
      if (found.has(key)) continue;
      found.set(key, turn);
      for (const photo of branches) {
        const at = placeOf(photo.parts, turn);
        const way = [...photo.parts.slice(0, at), ...turn.to, ...photo.parts.slice(at + turn.from.length)];
        const mask = at < 0 ? undefined : byWay.get(keyOf(way));
        if (!mask) continue;
        turn.photos.add(photo);
        turn.masks.add(mask);
      }
    }
    const all = [...found.values()];
    left = left.filter((branch) => !isOfMasks(branch.parts) && !all.some(({ photos, masks }) => photos.has(branch) || masks.has(branch)));
  }
  return [...found.values()];
}

const keyOf = (parts: readonly string[]): string => parts.join('/');
const byNumber = new Intl.Collator('en', { numeric: true });

/** Of turns from the same folders that which leads to the labels the most surely; the newest of several versions. */
const surest = (turns: readonly Found[]): Found =>
  turns.toSorted((a, b) => doubtOf(a.to) - doubtOf(b.to) || b.pairs - a.pairs || byNumber.compare(keyOf(b.to), keyOf(a.to)))[0];

/** Without what leads from masks of one kind to those of another. */
const fromNoMasks = (turns: readonly Found[]): Found[] =>
  turns.filter(({ photos }) => !turns.some(({ masks }) => [...photos].every((photo) => masks.has(photo))));

const haveSameMasks = (a: Found, b: Found): boolean => a !== b && [...a.masks].some((mask) => b.masks.has(mask));
const lengthOf = ({ from, to }: Turn): number => from.length + to.length;

/** How surely a turn leads from photos, by what their folders are called. */
const likenessOf = ({ from }: Turn): number => {
  const each = from.map(likenessOfPhotos);
  return each.includes(0) && !each.includes(3) ? 0 : Math.max(...each);
};

/** Of folders whose pictures are called as the same masks, those that are called as photos: depth and disparity are called so as well. */
const ofPhotos = (turns: readonly Found[]): Found[] =>
  turns.filter((turn) => !turns.some((other) => likenessOf(other) > likenessOf(turn) && haveSameMasks(turn, other)));

/** Without what leads to the masks of others: photos of a sequence without labels may be called as those of another one. */
const withoutDetours = (turns: readonly Found[]): Found[] =>
  turns.filter((turn) => !turns.some((other) => lengthOf(other) < lengthOf(turn) && haveSameMasks(turn, other)));

/** Where a turn's parts lie on a way; -1 where they do not. */
const placeOf = (parts: readonly string[], { from }: Turn): number =>
  parts.findIndex((_, at) => from.every((part, index) => parts[at + index] === part));

/** A source; its split is null where no folder tells it. */
type Root = Omit<Source, 'split'> & { split: string | null };

/** Which part of a way tells the split: one that is called so, else the last that ends so; -1 without one. */
function splitAt(parts: readonly string[]): number {
  const own = parts.findIndex((part) => splitNames.test(part));
  return own >= 0 ? own : parts.findLastIndex((part) => splitOfFolder(part) !== null);
}

/**
 * The source that a folder of photos belongs to: with what lies below, from its split on.
 * @param haveSplits whether folders tell splits: what is in none of them is a source of its own
 */
function rootOf({ parts }: Branch, turn: Turn, haveSplits: boolean): Root {
  const at = placeOf(parts, turn);
  const behind = at + turn.from.length;
  const split = splitAt(parts);
  const end = split >= 0 ? Math.max(behind, split + 1) : haveSplits ? parts.length : behind;
  const name = split < 0 ? null : splitOfFolder(parts[split]);
  return {
    split: name === null ? null : splitNamed(name),
    images: keyOf(parts.slice(0, end)),
    masks: keyOf([...parts.slice(0, at), ...turn.to, ...parts.slice(behind, end)]),
  };
}

/** The source of photos that lie right in a split's folder: their masks will be beside it. */
const bareRoot = ({ parts }: Branch, { to }: Turn): Root => ({
  split: splitNamed(parts.at(-1)!),
  images: keyOf(parts),
  masks: keyOf([...parts.slice(0, -1), ...to, parts.at(-1)!]),
});

const longestName = 60;
const mostTold = 10;
/** Of so many photos one picture that is none of them is a teaser or a logo. */
const fewAmong = 5;

/** Sources by the ways to them: a name is the same whatever other folders there are. */
function named(roots: readonly Root[]): Source[] {
  const other = roots.some(({ split }) => split === 'train') ? 'rest' : 'train';
  const taken = new Set<string>();
  return roots.map(({ split, images, masks }) => {
    const name = freeName(images.replaceAll('/', '-').slice(-longestName), (each) => taken.has(each), { most: longestName });
    taken.add(name);
    return { split: split ?? other, name, images, masks };
  });
}

const leftOutText = (branch: Branch): string =>
  `${keyOf(branch.parts) || '.'}/ is left out with its ${counted(branch.files.length, 'picture')}: ` +
  'neither a split nor a folder of masks tells what it is';

/** Whether pictures that no turn leads from are more than a few beside its photos: they may be what is meant, unless their names tell. */
function areMany(others: readonly Branch[], photos: readonly Branch[]): boolean {
  const count = (branches: readonly Branch[]) => branches.reduce((sum, { files }) => sum + files.length, 0);
  return fewAmong * count(others.filter(({ parts }) => !parts.some((part) => likenessOfPhotos(part) === 0))) > count(photos);
}

/** The turns that lead from the photos to their labels; null where a person alone knows which are meant. */
function chosenOf(turns: readonly Found[]): Found[] | null {
  const likely = [...Map.groupBy(withoutDetours(ofPhotos(fromNoMasks(turns))), ({ from }) => keyOf(from)).values()].map(surest);
  // What is made of labels is none where others have labels.
  const chosen = likely.some(({ to }) => doubtOf(to) === 0) ? likely.filter(({ to }) => doubtOf(to) === 0) : likely;
  // Two kinds of photos with the masks of one.
  return chosen.some((turn) => chosen.some((other) => haveSameMasks(turn, other))) ? null : chosen;
}

/** What branches are to the turns that were chosen. */
interface Sorted {
  photos: Branch[];
  /** Photos right in a split's folder: of the set, without masks so far. */
  bare: Branch[];
  others: Branch[];
  /** The turn that leads from a branch, or would. */
  turnOf: (branch: Branch) => Found | undefined;
}

/** @param turns all that were found: what any of them leads to is no photo */
function sortedBy(chosen: readonly Found[], turns: readonly Found[], branches: readonly Branch[]): Sorted {
  const masks = new Set(turns.flatMap((turn) => [...turn.masks]));
  const turnOf = (branch: Branch) =>
    chosen.find((turn) => turn.photos.has(branch)) ?? chosen.find((turn) => placeOf(branch.parts, turn) >= 0);
  const photos = branches.filter((branch) => !masks.has(branch) && turnOf(branch) !== undefined);
  const unturned = branches.filter((branch) => !masks.has(branch) && !photos.includes(branch) && !isOfMasks(branch.parts));
  const isOfNone = (branch: Branch) => doubtOf(branch.parts) === 0 && !chosen.some((turn) => turn.photos.has(branch));
  const bare = unturned.filter((branch) => branch.parts.length > 0 && splitNames.test(branch.parts.at(-1)!) && isOfNone(branch));
  return { photos, bare, others: unturned.filter((branch) => !bare.includes(branch)), turnOf };
}

function draftFrom(view: FolderView, branches: readonly Branch[], turns: readonly Found[]): Draft | null {
  const chosen = chosenOf(turns);
  if (!chosen) return null;
  const { photos, bare, others, turnOf } = sortedBy(chosen, turns, branches);
  if (photos.length === 0 || areMany(others, photos)) return null;
  // Photos right in a split's folder come with masks or without: what else tells splits is the same then.
  const isBare = ({ parts }: Branch) => parts.length === 1 && splitNames.test(parts[0]);
  const haveSplits = photos.some((branch) => !isBare(branch) && branch.parts.some((part) => splitOfFolder(part) !== null));
  const usual = chosen.filter(({ photos: of }) => ![...of].every(isBare)).toSorted((a, b) => b.pairs - a.pairs)[0] ?? chosen[0];
  const found = [...photos.map((branch) => rootOf(branch, turnOf(branch)!, haveSplits)), ...bare.map((branch) => bareRoot(branch, usual))];
  const all = new Map(found.map((root) => [root.images, root]));
  // What lies around a source would be in two splits.
  const roots = [...all.values()].filter(({ images }) => ![...all.keys()].some((other) => isIn(images, other)));
  if (roots.length > mostSources) return null;
  const sources = inOrder(named(roots));
  const isInRoot = (folder: string) => roots.some(({ images }) => images === folder || isIn(images, folder));
  const strays = [...photos, ...bare].filter(({ parts }) => !isInRoot(keyOf(parts)));
  const told = chosen.map(({ from, to }) => `${keyOf(from)} / ${keyOf(to)}`);
  const maskFiles = sources.map((source) => view.images(source.masks, true));
  const form = cityscapesForm(
    sources.flatMap((source) => view.images(source.images, true)),
    maskFiles,
  );
  const areKnown = maskFiles.flat().some(isOfCityscapes);
  return {
    title: told.join(', ').slice(0, 200),
    sources,
    below: true,
    problems: [...strays, ...others.filter(({ parts }) => doubtOf(parts) === 0)].slice(0, mostTold).map(leftOutText),
    splits: listsBeside(
      view,
      roots.some(({ split }) => split !== null),
    ),
    ...(form?.builtIn && !areKnown ? { affixes: form.affixes } : form),
  };
}

export const twinTrees: Layout = {
  example: 'seq1/Images/ with seq1/Labels/',
  find(view) {
    const branches = branchesOf(view);
    if (branches.length < 2 || branches.length > mostBranches) return null;
    const turns = turnsOf(branches);
    return turns.length === 0 ? null : draftFrom(view, branches, turns);
  },
};
