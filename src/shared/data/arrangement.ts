// How a data set is laid out and what its masks mean. The form of encnet.json: docs/encnet-json.md.
import { AppError } from '../errors.ts';
import { issueText } from '../issue-text.ts';
import { z } from 'zod';
import { builtInNames, classSetSchema, colorSchema } from '../classes/class-set-schema.ts';

/** A folder or file of the data set, by its path from there with `/` between: never out of it. */
const inside = z
  .string()
  .min(1)
  .max(1000)
  .refine(
    (text) => !/^\/|^[a-z]:|\\|\0/i.test(text) && !text.split('/').includes('..'),
    'must be a path inside the data set, with / between its parts',
  )
  .refine(
    (text) => !text.split('/').some((part) => /^\.encnet[. ]*(:|$)/i.test(part)),
    'must not be in .encnet, where the workbench keeps its own',
  );
const splitName = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[^/\\\0]+$/, 'must be a name without / or \\')
  // It becomes the name of a folder where the data set goes out.
  .refine((name) => name !== '.' && name !== '..', 'must be a name, and not . or ..');
const affix = z
  .string()
  .max(60)
  .regex(/^[^\\\0]*$/, 'must be a part of a name');

const sourceSchema = z.strictObject({
  /** Split of its images, where folders tell it. */
  split: splitName,
  /** Begins the ids of its images; the split's name unless told. */
  name: splitName.optional(),
  images: inside,
  masks: inside,
});

/** Where the images of a split are listed, one a line. */
const listsSchema = z.strictObject({
  by: z.literal('lists'),
  lists: z.record(splitName, inside),
  /** Split of images that are in no list. */
  rest: splitName.optional(),
});
/** Splits as a person made them: ids of images. What is in none is in that of its folder. */
const madeSchema = z.strictObject({ by: z.literal('ids'), splits: z.record(splitName, z.array(z.string().min(1).max(1024)).max(500_000)) });

export const arrangementSchema = z.strictObject({
  version: z.literal(1),
  /** The layout in words. */
  title: z.string().min(1).max(200),
  sources: z.array(sourceSchema).min(1).max(1000),
  /** Whether images and masks may lie in folders below those of the sources. */
  below: z.boolean().default(false),
  /** Folders below those whose pictures are no images of the set: previews, predictions, labels of another kind. */
  except: z.array(inside).max(1000).optional(),
  /** What the names of images and of masks begin with, and end with before the extension, beyond what both share. */
  imagePrefix: affix.default(''),
  imageSuffix: affix.default(''),
  maskPrefix: affix.default(''),
  maskSuffix: affix.default(''),
  splits: z.discriminatedUnion('by', [z.strictObject({ by: z.literal('folders') }), listsSchema, madeSchema]).default({ by: 'folders' }),
  classes: z.union([z.strictObject({ builtIn: z.enum(builtInNames) }), z.strictObject({ file: inside }), classSetSchema]),
  /** What of a pixel names its class. */
  masks: z.enum(['value', 'first-channel', 'colour']).default('value'),
  /** What masks that there are not yet are written as. */
  newMasks: z.enum(['grey', 'palette', 'colour']).optional(),
  /** Values (`value 255`) and colours (`colour 12 34 56`) outside the class set that are read as one of its classes; null as void. */
  readAs: z.record(z.string().max(60), z.string().max(60).nullable()).default({}),
  /** What void has where colours name classes; without it the first usual colour that no class has. */
  voidColour: colorSchema.optional(),
});

/** One whose classes may have to be asked for. */
export const openArrangementSchema = arrangementSchema.extend({ classes: arrangementSchema.shape.classes.nullable() });
export type OpenArrangement = z.infer<typeof openArrangementSchema>;

export type Arrangement = z.infer<typeof arrangementSchema>;
/** What names have around the part that an image shares with its mask. */
export type Affixes = Pick<Arrangement, 'imagePrefix' | 'imageSuffix' | 'maskPrefix' | 'maskSuffix'>;
export const noAffixes: Affixes = { imagePrefix: '', imageSuffix: '', maskPrefix: '', maskSuffix: '' };
export type Source = Arrangement['sources'][number];
export type ClassSource = Arrangement['classes'];

/** @throws AppError 'invalid-argument' naming what of a data set's reading breaks which rule */
export function soundArrangement(arrangement: unknown): Arrangement {
  const parsed = arrangementSchema.safeParse(arrangement);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid-argument', `The data set cannot be read so: ${issueText(parsed.error.issues[0])}`);
}
