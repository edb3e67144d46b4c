import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import sharp from 'sharp';
import { readMask } from '#files/mask-png';
import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { ClassSet } from './class-set.ts';
import type { LocatedImage } from './layout.ts';

/** What reading an image and its mask once tells. */
export interface Survey {
  width: number;
  height: number;
  revision: string | null;
  classPixels: number[] | null;
  problems: string[];
}

/** Changes when a file does: its size and time. */
export function fileStamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.size}:${stat.mtimeMs}` : '-';
}

/** Changes when image or mask do. */
export function surveyStamp(image: LocatedImage): string {
  return `${fileStamp(image.imageFile)}|${fileStamp(image.maskFile)}`;
}

/** The revision of a mask: sha256 of its file, shortened. */
export function maskRevision(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/** Pixels of each class, then of void. */
export function countClasses(ids: Uint8Array, numClasses: number): number[] {
  const counts = new Array<number>(numClasses + 1).fill(0);
  for (const id of ids) counts[id === voidId ? numClasses : id]++;
  return counts;
}

/**
 * Reads an image's size and its mask; every finding names its file, the rule and the value.
 * @param size of the image where it is known to be sound; null decodes it
 */
export async function surveyImage(
  image: LocatedImage,
  classSet: ClassSet,
  size: { width: number; height: number } | null,
): Promise<Survey> {
  const survey: Survey = { width: size?.width ?? 0, height: size?.height ?? 0, revision: null, classPixels: null, problems: [] };
  if (!size) await surveyPhoto(image, survey);
  if (!existsSync(image.maskFile)) {
    survey.problems.push(`${image.maskFile} is missing: the image has no mask`);
    return survey;
  }
  surveyMask(image, classSet, survey);
  return survey;
}

async function surveyPhoto(image: LocatedImage, survey: Survey): Promise<void> {
  try {
    const { width, height } = await sharp(image.imageFile, { failOn: 'truncated' }).metadata();
    // The header alone does not show a truncated file.
    await sharp(image.imageFile, { failOn: 'truncated' }).stats();
    survey.width = width;
    survey.height = height;
  } catch (error) {
    survey.problems.push(`${image.imageFile} cannot be decoded: ${messageOf(error)}`);
  }
}

function surveyMask(image: LocatedImage, classSet: ClassSet, survey: Survey): void {
  try {
    survey.revision = maskRevision(readFileSync(image.maskFile));
    const mask = readMask(image.maskFile, classSet.format);
    for (const { value, pixels } of mask.illegal) {
      survey.problems.push(`${image.maskFile} has value ${value} in ${pixels} pixels, which is not in the class set ${classSet.name}`);
    }
    if (survey.width > 0 && (mask.width !== survey.width || mask.height !== survey.height)) {
      survey.problems.push(
        `${image.maskFile} must be ${survey.width} x ${survey.height} as its image, received ${mask.width} x ${mask.height}`,
      );
    }
    survey.classPixels = countClasses(mask.ids, classSet.classes.length);
  } catch (error) {
    survey.problems.push(messageOf(error));
  }
}
