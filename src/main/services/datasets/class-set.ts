import path from 'node:path';
import { z } from 'zod';
import { readJsonFile } from '#files/json-file';
import { isThere } from '#files/file-identity';
import { AppError } from '#shared/errors';
import { fnv1a } from '#shared/random';
import { voidId } from '#shared/mask/void-id';
import type { ClassInfo, MaskFormat } from '#shared/classes/class-info';
import { findResources } from '../resources.ts';
import type { LocatedDataset } from './layout.ts';

const byte = z.int().min(0).max(255);
const classSetSchema = z.object({
  name: z.string().min(1).max(60),
  voidValue: byte,
  classes: z
    .array(z.object({ value: byte, name: z.string().min(1).max(60), color: z.tuple([byte, byte, byte]) }))
    .min(1)
    .max(255),
});

/** The classes of a data set and how masks store them. */
export interface ClassSet {
  name: string;
  classes: ClassInfo[];
  format: MaskFormat;
  /** Changes with the class set's content. */
  key: string;
}

/** @throws AppError as `readJsonFile`, 'not-a-dataset' if its classes contradict each other */
function readClassSet(file: string): ClassSet {
  const source = readJsonFile(file, classSetSchema, 'a class set');
  const { name, voidValue, classes } = source;
  const names = new Set<string>();
  for (const { name: className } of classes) {
    // A class is told by its name and value; the window's word for void would be taken for it.
    if (names.has(className))
      throw new AppError('not-a-dataset', `${file}: two classes are named "${className}": give one another name`, { file });
    if (/^not labelled$/i.test(className.trim())) {
      throw new AppError('not-a-dataset', `${file}: a class is named "${className}", which is the word for void: give it another name`, {
        file,
      });
    }
    names.add(className);
  }
  const toId = new Array<number>(256).fill(-1);
  classes.forEach(({ value }, id) => {
    if (toId[value] >= 0) throw new AppError('not-a-dataset', `${file}: value ${value} belongs to two classes`, { file });
    toId[value] = id;
  });
  if (toId[voidValue] >= 0) throw new AppError('not-a-dataset', `${file}: value ${voidValue} is both a class and void`, { file });
  toId[voidValue] = voidId;
  return {
    name,
    classes: classes.map(({ name: className, value, color }, id) => ({ id, value, name: className, color })),
    format: { toId, voidValue },
    key: fnv1a(JSON.stringify(source)).toString(16),
  };
}

/**
 * The class set of a data set: its own, else the one that goes with its layout.
 * @throws AppError as `readJsonFile`, 'not-a-dataset' if its own breaks a rule
 */
export function classSetOf(folder: string, { layout }: Pick<LocatedDataset, 'layout'>): ClassSet {
  return ownClassSet(folder) ?? builtInClassSet(layout === 'segnet' ? 'camvid-11' : 'camvid-32');
}

/** A class set that ships with the workbench. @param name file name without extension */
export function builtInClassSet(name: 'camvid-11' | 'camvid-32'): ClassSet {
  const file = path.join(findResources(), 'class-sets', `${name}.json`);
  return readClassSet(file);
}

/** The data set's own `classes.json`, or null. @throws as `classSetOf` */
function ownClassSet(folder: string): ClassSet | null {
  const file = path.join(folder, 'classes.json');
  return isThere(file) ? readClassSet(file) : null;
}
