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

/** As other programs write it, with what they say besides: a class's value may have another name there. */
const foreignClasses = z
  .array(z.union([named, z.looseObject(classSchema.shape)]))
  .min(1)
  .max(mostKinds);

/** A class set with or without a name of its own, or the names of classes alone. */
export const classesFileSchema = z.union(
  [
    classSetSchema.extend({ name: name.default('Own classes'), classes: foreignClasses }),
    foreignClasses.transform((classes) => ({ name: 'Own classes', voidValue: undefined, classes })),
  ],
  {
    error:
      'must hold "classes", or be a list itself, of 1 to 255 names of at most 60 letters and one for void, or of objects with a "name"',
  },
);

export type ClassSetSource = z.infer<typeof classSetSchema>;

/** The class sets that come with the workbench, by the names of their files. */
export const builtInNames = ['camvid-11', 'camvid-32', 'cityscapes-19', 'cityscapes-34', 'voc-21', 'camvid-32-reference'] as const;
export type BuiltInName = (typeof builtInNames)[number];
