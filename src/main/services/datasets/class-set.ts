import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { AppError, messageOf } from '#shared/errors';
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

function toClassSet(source: unknown, file: string): ClassSet {
  const parsed = classSetSchema.safeParse(source);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError('not-a-dataset', `${file}: ${issue.path.join('.')}: ${issue.message}`, { file });
  }
  const { name, voidValue, classes } = parsed.data;
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
    key: fnv1a(JSON.stringify(parsed.data)).toString(16),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new AppError('not-a-dataset', `${file} is not JSON: ${messageOf(error)}`, { file });
  }
}

/**
 * The class set of a data set: its own, else the one that goes with its layout.
 * @throws AppError 'not-a-dataset' if its own breaks a rule
 */
export function classSetOf(folder: string, { layout }: Pick<LocatedDataset, 'layout'>): ClassSet {
  return ownClassSet(folder) ?? builtInClassSet(layout === 'segnet' ? 'camvid-11' : 'camvid-32');
}

/** A class set that ships with the workbench. @param name file name without extension */
export function builtInClassSet(name: 'camvid-11' | 'camvid-32'): ClassSet {
  const file = path.join(findResources(), 'class-sets', `${name}.json`);
  return toClassSet(readJson(file), file);
}

/** The data set's own `classes.json`, or null. @throws AppError 'not-a-dataset' if it breaks a rule */
function ownClassSet(folder: string): ClassSet | null {
  const file = path.join(folder, 'classes.json');
  return existsSync(file) ? toClassSet(readJson(file), file) : null;
}
