import { decodeStoredMask, maskSizeProblem } from '#files/mask-png';
import { withPicture } from '#files/picture';
import { isThere, lookAt } from '#files/file-identity';
import { linkTarget } from '#files/link-target';
import { readPictureFile } from '#files/plain-file';
import { maskRevision } from '#files/revision';
import { AppError, messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { ClassSet } from './class-set.ts';
import type { LocatedImage } from './layout.ts';

type Files = Pick<LocatedImage, 'imageFile' | 'maskFile'>;

/** What reading an image and its mask once tells. */
export interface Survey {
  width: number;
  height: number;
  revision: string | null;
  classPixels: number[] | null;
  problems: string[];
  /** Whether a limit kept something from being read. */
  refused?: boolean;
}

/** Changes when a file does, or what a link leads to: its size and time. */
export function fileStamp(file: string): string {
  const found = lookAt(file);
  const target = found?.isSymbolicLink() ? linkTarget(file) : null;
  const stat = target === null ? found : lookAt(target);
  return stat ? `${stat.size}:${stat.mtimeMs}` : '-';
}

/** Changes when image or mask do. */
export function surveyStamp(image: Files): string {
  return `${fileStamp(image.imageFile)}|${fileStamp(image.maskFile)}`;
}

/**
 * Reads an image's size and its mask; every finding names its file, the rule and the value.
 * @param size of the image where it is known to be sound; null decodes it
 */
export async function surveyImage(image: Files, classSet: ClassSet, size: { width: number; height: number } | null): Promise<Survey> {
  const survey: Survey = { width: size?.width ?? 0, height: size?.height ?? 0, revision: null, classPixels: null, problems: [] };
  if (!size) await surveyPhoto(image, survey);
  if (!isThere(image.maskFile)) {
    survey.problems.push(`${image.maskFile} is missing: the image has no mask`);
    return survey;
  }
  surveyMask(image, classSet, survey);
  return survey;
}

function addProblem(survey: Survey, error: unknown): void {
  survey.problems.push(messageOf(error));
  survey.refused ||= error instanceof AppError && (error.code === 'too-large' || error.code === 'forbidden');
}

async function surveyPhoto(image: Files, survey: Survey): Promise<void> {
  try {
    // The header alone does not show a truncated file.
    const { width, height } = await withPicture(image.imageFile, (decoded, picture) => decoded.stats().then(() => picture));
    survey.width = width;
    survey.height = height;
  } catch (error) {
    addProblem(survey, error);
  }
}

function surveyMask(image: Files, classSet: ClassSet, survey: Survey): void {
  try {
    const content = readPictureFile(image.maskFile);
    survey.revision = maskRevision(content);
    const { width, height, values } = decodeStoredMask(content, image.maskFile);
    const { classPixels, problems } = findingsOf(values, classSet, image.maskFile);
    survey.problems.push(...problems);
    const sizeProblem = survey.width > 0 && maskSizeProblem(image.maskFile, { width, height }, survey);
    if (sizeProblem) survey.problems.push(sizeProblem);
    survey.classPixels = classPixels;
  } catch (error) {
    addProblem(survey, error);
  }
}

/** What a mask's stored values tell: pixels of each class, then of void, and values that are in no class. */
export function findingsOf(values: Uint8Array, { name, format, classes }: ClassSet, maskFile: string) {
  const counts = new Float64Array(256);
  for (let i = 0; i < values.length; i++) counts[values[i]]++;
  const classPixels = new Array<number>(classes.length + 1).fill(0);
  const problems: string[] = [];
  counts.forEach((pixels, value) => {
    const id = format.toId[value] ?? -1;
    if (pixels > 0 && id < 0) problems.push(`${maskFile} has value ${value} in ${pixels} pixels, which is not in the class set ${name}`);
    classPixels[id < 0 || id === voidId ? classes.length : id] += pixels;
  });
  return { classPixels, problems };
}
