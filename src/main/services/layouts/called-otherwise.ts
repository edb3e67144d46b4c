// Files beside masks that are not called as these are: masks that nobody would miss, and would paint a second time.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Arrangement, Source } from '#shared/data/arrangement';
import { folded } from '#shared/folded';
import { isOfPictures, doubtOfMasks, mayBeLabels } from './folder-names.ts';
import { boundsOf, stemOf } from './pairing.ts';

/** What the names of pictures of masks, of objects and of outlines end with beside masks. */
const isOther = (file: string): boolean => {
  const name = path.posix.basename(stemOf(file));
  return isOfPictures(name) || doubtOfMasks(name) > 3 || /(colou?r|instance)(ids?)?$|inst[_-]|inv(ids|gray)$/i.test(name);
};

/** Ids of several kinds are all of all classes. */
const isOfIds = /ids$/i;

/** The image that a file is called after, by the beginning or the end of its name up to a word's bound; null without one. */
function imageOf(file: string, images: ReadonlyMap<string, string>): string | null {
  const stem = folded(stemOf(file));
  const named = boundsOf(stem).map((at) => images.get(stem.slice(0, at)) ?? images.get(stem.slice(at)));
  return named.findLast((image) => image !== undefined) ?? null;
}

interface Beside {
  /** Files of the masks' folder that are not called as masks are. */
  otherwise: readonly string[];
  /** What images are called, of those with a mask and of those without. */
  withMask: readonly string[];
  without: readonly string[];
}

const formOf = ({ maskPrefix, maskSuffix }: Arrangement): string => `${maskPrefix}<name of the image>${maskSuffix}`;
const wayOut = 'if that is not so, rename them, or say in "Say what is in it" how masks are called';

/** Whether several files of an image's name are told of: one a class, as programs for two classes write them. */
const enough = 0.5;

/** What is said of such files, in sentences. */
export function otherwiseTexts({ masks }: Source, arrangement: Arrangement, { otherwise, withMask, without }: Beside): string[] {
  const files = otherwise.filter((file) => mayBeLabels(file) && !isOther(file));
  if (files.length === 0) return [];
  const [lacking, having] = [without, withMask].map((names) => new Map(names.map((name) => [folded(name), name])));
  const missed = files.filter((file) => imageOf(file, having) === null && imageOf(file, lacking) !== null);
  const more = files.filter((file) => !isOfIds.test(stemOf(file))).flatMap((file) => imageOf(file, having) ?? []);
  const form = formOf(arrangement);
  const texts: string[] = [];
  if (missed.length > 0)
    texts.push(
      `${masks}/ holds ${counted(missed.length, 'file')} called after images without a mask (the first: ${missed[0]}), ` +
        `and masks are called ${form} there: ${wayOut}`,
    );
  if (new Set(more).size > enough * withMask.length)
    texts.push(
      `${masks}/ holds several files for each image (such as ${files[0]}), of which ${form} is read: ` +
        `one mask holds all classes here, and files for single classes must be made into one; ${wayOut}`,
    );
  return texts;
}
