import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { letLinksInto } from '#files/read-limits';
import { counted } from '#shared/counted';
import { builtInNames, type BuiltInName } from '#shared/classes/class-set-schema';
import { soundArrangement, type Affixes, type Arrangement, type OpenArrangement } from '#shared/data/arrangement';
import { makeSplits, withOthers } from '#shared/data/make-splits';
import { AppError } from '#shared/errors';
import { outsideText } from '#services/class-sets/mask-reading';
import { isTaken } from '#services/datasets/holder-watch';
import { FolderView, isFolder } from '#services/layouts/folder-view';
import type { LocatedImage } from '#services/layouts/located-image';
import { arrangementFile, keepArrangement } from '#services/layouts/own-arrangement';
import { classSetOf, keptFor, locatedBy, proposalFor, proposalOf } from '#services/layouts/recognise';
import { folderOf } from './dataset.ts';
import { integer, percent, repeated } from './options.ts';
import { give, say } from './say.ts';

interface ImportOptions {
  data: string;
  source: Arrangement['sources'];
  classes?: string;
  masks?: Arrangement['masks'];
  imagePrefix?: string;
  imageSuffix?: string;
  maskPrefix?: string;
  maskSuffix?: string;
  void: string[];
  below?: boolean;
  makeSplit?: number;
  seed: number;
  byRecording?: boolean;
  dryRun?: boolean;
}

/** `split=images:masks`, collected. */
function source(text: string, previous: Arrangement['sources']): Arrangement['sources'] {
  const [, split, images, masks] = /^([^=/]+)=([^:]+):(.+)$/.exec(text) ?? [];
  if (!split) throw new InvalidArgumentError(`must be split=images:masks such as train=photos:drawn, received "${text}".`);
  return [...previous, { split, images, masks }];
}

export function registerImport(program: Command): void {
  program
    .command('import')
    .description('Say how a folder is read where it is not recognised: kept in its encnet.json. What is not given is found by looking.')
    .requiredOption('--data <dir>', 'data set folder')
    .option('--source <split=images:masks>', 'folders of a split, from the data set; may be given again', source, [])
    .option('--classes <name>', `${builtInNames.join(', ')}, or a file in the data set that lists classes`)
    .addOption(new Option('--masks <by>', 'what of a pixel names its class').choices(['value', 'first-channel', 'colour']))
    .option('--image-prefix <text>', 'what names of images begin with, such as img_')
    .option('--image-suffix <text>', 'what names of images end with, such as _leftImg8bit')
    .option('--mask-prefix <text>', 'what names of masks begin with, such as mask_')
    .option('--mask-suffix <text>', 'what names of masks end with, such as _L')
    .option('--void <text>', 'a value or colour that means "not labelled", such as "value 255"; may be given again', repeated, [])
    .option('--below', 'images and masks lie in folders below those, in all of them')
    .option('--make-split <percent>', 'images that go to validation, at random; no file is moved', percent)
    .option('--seed <n>', 'of the split that is made', integer(0), 1)
    .option('--by-recording', 'images whose names begin alike stay together')
    .option('--dry-run', 'tell what would be read, and keep nothing')
    .action((options: ImportOptions) => importDataset(options));
}

const affixes = ['imagePrefix', 'imageSuffix', 'maskPrefix', 'maskSuffix'] as const satisfies (keyof Affixes)[];

const isBuiltIn = (name: string): name is BuiltInName => (builtInNames as readonly string[]).includes(name);

/** Where folders are named that lie in the one given, it is that; else the data set is looked for in it, as when it is opened. */
const folderFor = async ({ data, source: sources }: ImportOptions): Promise<string> =>
  sources.length > 0 && sources.every(({ images }) => isFolder(path.resolve(data, images))) ? path.resolve(data) : folderOf(data);

async function importDataset(options: ImportOptions): Promise<void> {
  const folder = await folderFor(options);
  letLinksInto(folder);
  const view = new FolderView(folder);
  const { arrangement: found, asides } = arrangementOf(view, options);
  const located = locatedBy(view, found);
  const arrangement = options.makeSplit === undefined ? found : { ...found, splits: splitMade(located.images, options) };
  const { images, problems, maskFiles } = arrangement === found ? located : locatedBy(view, arrangement);
  const classSet = classSetOf(view, arrangement);
  const { name, classes } = classSet;
  const outside = outsideText(maskFiles, classSet);
  for (const problem of new Set([...(outside ? [outside] : []), ...asides, ...problems])) say(problem);
  const splits = [...new Set(images.map(({ split }) => split))];
  const counts = splits.map((split) => `${images.filter((image) => image.split === split).length} of ${split}`);
  say(`${counted(images.length, 'image')} (${counts.join(', ')}), ${classes.length} classes of ${name}`);
  if (!options.dryRun) {
    if (isTaken(folder))
      throw new AppError('read-only', `${folder} is open in a workbench: change how it is read there, or close it first`);
    keepArrangement(folder, arrangement);
    say(`Kept in ${path.join(folder, arrangementFile)}`);
  }
  give(JSON.stringify(arrangement));
}

/** Of what is for training and validation: images of a test, and of whatever else, stay that. */
function splitMade(images: readonly LocatedImage[], { makeSplit, seed, byRecording = false }: ImportOptions): Arrangement['splits'] {
  const those = images.filter(({ split }) => split === 'train' || split === 'val');
  const made = makeSplits(those.length > 0 ? those : images, { val: makeSplit! / 100, test: 0 }, seed, byRecording);
  return { by: 'ids', splits: withOthers(made, images) };
}

/** What was kept or is found by looking, with the options laid over it. @throws AppError 'not-a-dataset' */
function arrangementOf(view: FolderView, options: ImportOptions): { arrangement: Arrangement; asides: string[] } {
  const given: Partial<OpenArrangement> = {
    ...(options.classes === undefined
      ? {}
      : { classes: isBuiltIn(options.classes) ? { builtIn: options.classes } : { file: options.classes } }),
    ...(options.masks ? { masks: options.masks } : {}),
    ...Object.fromEntries(affixes.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))),
    ...(options.below ? { below: true, except: undefined } : {}),
    ...(options.void.length > 0 ? { readAs: Object.fromEntries(options.void.map((text) => [text, null])) } : {}),
  };
  // Another system may write accents otherwise.
  const sources = options.source.map((source) => ({ ...source, images: view.asThere(source.images), masks: view.asThere(source.masks) }));
  const said = { title: 'as said', sources, below: options.below };
  // A list that is not understood is no hindrance where the classes are said.
  const saysClasses = options.classes !== undefined;
  const kept = options.source.length > 0 ? null : keptFor(view);
  const looking = { asks: saysClasses };
  const proposed = () => (options.source.length > 0 ? proposalFor(view, said, looking) : proposalOf(view, looking));
  const { arrangement: found, asides } = kept ? { arrangement: kept, asides: [] } : proposed();
  // What else is read otherwise stays so.
  const arrangement = { ...found, ...given, readAs: { ...found.readAs, ...given.readAs } };
  if (!arrangement.classes)
    throw new AppError('not-a-dataset', `The classes of ${view.root} are not known: give --classes ${builtInNames.join('|')} or a file`);
  return { arrangement: soundArrangement(arrangement), asides };
}
