// What is wrong with many images is one thing to a person: their problems by kind.
import { counted } from '../counted.ts';
import { problemKinds, type ImageEntry, type ProblemKind } from '../contract/datasets.ts';

export interface ProblemGroup {
  key: string;
  kind: ProblemKind;
  /** In words, for one image of it. */
  title: string;
  /** What of the masks is not in the class set. */
  foreign?: string;
  imageIds: string[];
}

const titles: Record<ProblemKind, string> = {
  image: 'Image cannot be read',
  mask: 'Mask cannot be read',
  turned: 'Mask lies as its photo is stored, and not as it is seen',
  size: 'Mask has another size than its image',
  foreign: 'Mask has values that are not in the class set',
  photo: 'Photo is another one than its mask was made for',
  'no-mask': 'Image has no mask',
};

/** The problems of a data set's images by kind, each foreign value on its own; those of most images first. */
export function problemGroups(entries: Iterable<Pick<ImageEntry, 'id' | 'problems'>>): ProblemGroup[] {
  const groups = new Map<string, ProblemGroup>();
  for (const { id, problems } of entries)
    for (const { kind, foreign } of problems) {
      const key = foreign === undefined ? kind : `${kind}:${foreign}`;
      const title = foreign === undefined ? titles[kind] : `Mask has ${foreign}, which is not in the class set`;
      const group = groups.get(key) ?? { key, kind, title, foreign, imageIds: [] };
      if (group.imageIds.at(-1) !== id) group.imageIds.push(id);
      groups.set(key, group);
    }
  return [...groups.values()].sort(
    (a, b) => problemKinds.indexOf(a.kind) - problemKinds.indexOf(b.kind) || b.imageIds.length - a.imageIds.length,
  );
}

const inShort: Record<ProblemKind, string> = {
  image: 'whose image cannot be read',
  mask: 'whose mask cannot be read',
  turned: 'whose mask is not turned as its photo is',
  size: 'whose mask has another size',
  foreign: 'with values outside the class set',
  photo: 'whose photo is another one',
  'no-mask': 'without a mask',
};
/** Kinds of problems that are told before the rest is a number. */
const toldKinds = 4;

/** How many labelled images training leaves out, and why, in a sentence; null where it uses all of them. */
export function leftOutText(entries: Iterable<Pick<ImageEntry, 'id' | 'problems' | 'hasMask'>>): string | null {
  const labelled = [...entries].filter(({ hasMask }) => hasMask);
  const out = labelled.filter(({ problems }) => problems.length > 0);
  if (out.length === 0) return null;
  const groups = problemGroups(out);
  const why = groups
    .slice(0, toldKinds)
    .map(({ kind, foreign, imageIds }) => `${imageIds.length} ${foreign === undefined ? inShort[kind] : `with ${foreign}`}`);
  const more = groups.length > toldKinds ? [counted(groups.length - toldKinds, 'other problem')] : [];
  const are = out.length === 1 ? 'is' : 'are';
  return `${out.length} of ${labelled.length} labelled images ${are} left out: ${[...why, ...more].join(', ')}.`;
}
