import { z } from 'zod';

/** Kinds of pixel that a byte tells apart: 255 classes, and not labelled. */
export const mostKinds = 256;

const byte = z.int().min(0).max(255);
const name = z.string().min(1).max(60);

/** Red, green and blue, a byte each. */
export const colorSchema = z.tuple([byte, byte, byte]);
/** A class as files tell it: what they leave out is made up. */
const classSchema = z.object({
  value: byte.optional(),
  name,
  color: colorSchema.optional(),
  /** Colours that others have given it. */
  alsoColors: z.array(colorSchema).max(20).optional(),
});

const named = name.transform((text): z.infer<typeof classSchema> => ({ name: text }));

/** A class set as the workbench writes it, in `classes.json` or within `encnet.json`. */
export const classSetSchema = z.object({
  name,
  /** The stored value of void; the largest that no class has unless told. */
  voidValue: byte.optional(),
  classes: z
    .array(z.union([named, classSchema]))
    .min(1)
    .max(mostKinds),
});

/** A colour as other programs write it: `#804080`, too. */
export const foreignColour = z.union([
  colorSchema,
  z
    .string()
    .regex(/^#[\da-f]{6}$/i)
    .transform((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as z.infer<typeof colorSchema>),
]);

/** As other programs write it, with what they say besides: a class's value may have another name there. */
const foreignClasses = z
  .array(z.union([named, z.looseObject({ ...classSchema.shape, color: foreignColour.optional() })]))
  .min(1)
  .max(mostKinds);

/** What other programs call a list of classes. */
const listNames = ['categories', 'labels'] as const;

/** The forms that lists have elsewhere, as one: `{"0": "road"}`, `{"road": 0}`, `{"#804080": "road"}`, a list called `categories`. */
function asClasses(found: unknown): unknown {
  if (typeof found !== 'object' || found === null || Array.isArray(found) || 'classes' in found) return found;
  const list: unknown = listNames.map((key) => (found as Record<string, unknown>)[key]).find((each) => Array.isArray(each));
  if (list) return list;
  const entries: [string, unknown][] = Object.entries(found);
  const byKey = (form: RegExp) => entries.every(([key, value]) => form.test(key) && typeof value === 'string');
  if (entries.length === 0) return found;
  if (byKey(/^\d{1,3}$/)) return entries.map(([key, className]) => ({ value: Number(key), name: className as string }));
  if (byKey(/^#[\da-f]{6}$/i)) return entries.map(([color, className]) => ({ color, name: className as string }));
  if (entries.every(([, value]) => Number.isInteger(value))) return entries.map(([className, value]) => ({ value, name: className }));
  return found;
}

/** A class set with or without a name of its own, or the names of classes alone. */
const anyForm = z.union(
  [
    classSetSchema.extend({ name: name.default('Own classes'), classes: foreignClasses }),
    foreignClasses.transform((classes) => ({ name: 'Own classes', voidValue: undefined, classes })),
  ],
  {
    error:
      'must hold "classes", or be a list itself, of 1 to 255 names of at most 60 letters and one for void, or of objects with a "name", ' +
      'and maybe a "color" as [128, 64, 128] or "#804080" and a "value" of 0 to 255',
  },
);

export const classesFileSchema = z.preprocess(asClasses, anyForm);

export type ClassSetSource = z.infer<typeof classSetSchema>;

/** The class sets that come with the workbench, by the names of their files. */
export const builtInNames = ['camvid-11', 'camvid-32', 'cityscapes-19', 'cityscapes-34', 'voc-21', 'camvid-32-reference'] as const;
export type BuiltInName = (typeof builtInNames)[number];
