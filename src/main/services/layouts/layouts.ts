// The layouts of data sets, each a small recogniser that looks at folders and says where images and masks lie.
import type { Layout } from './layout.ts';
import { foldersOfImages, imagesAlone, pairs, splitsAlone, splitsFirst } from './plain-layouts.ts';
import { cambridge, cityscapes, kaggle, mmsegmentation, reference, segnet, voc } from './published-layouts.ts';

/** Those whose folders say by their names that they hold a data set, from the most telling to the least. */
export const namedLayouts: readonly Layout[] = [
  cityscapes,
  voc,
  mmsegmentation,
  cambridge,
  reference,
  kaggle,
  segnet,
  pairs,
  splitsFirst,
  splitsAlone,
];

/** From the most telling to the least. */
export const layouts: readonly Layout[] = [...namedLayouts, imagesAlone, foldersOfImages];
