import { liesAsStored, isInDoubt } from './mask-lie.ts';
import { openPicture } from '#files/picture';
import { shownSize } from '#files/orientation';
import { decodeStoredMask, foreignIn, maskSizeProblem, type StoredMask } from '#files/mask-png';
import { countCodes } from '#files/mask-writing';
import { checkPicture } from '#files/picture-check';
import { inTurn, isLargeMask } from '#files/large-pictures';
import { isThere, lookAt } from '#files/file-identity';
import { linkTarget } from '#files/link-target';
import { readPictureFile } from '#files/plain-file';
import { revisionOf } from '#files/revision';
import type { ImageProblem, ProblemKind } from '#shared/contract/datasets';
import { AppError, messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { LocatedImage } from '../layouts/located-image.ts';

type Files = Pick<LocatedImage, 'imageFile' | 'maskFile'>;

/** What is known of a photo that is sound: its size as it is seen, and how it is turned for that, 1 … 8 as in EXIF. */
export interface KnownPhoto {
  width: number;
  height: number;
  orientation: number;
}

/** What reading an image and its mask once tells. */
export interface Survey {
  width: number;
  height: number;
  /** How the photo is turned before it is seen, 1 … 8 as in EXIF; null where that is not known. */
  orientation: number | null;
  /** Revision of the photo; null if it was not read. */
  photo: string | null;
  /** Revision of the mask; null without one. */
  revision: string | null;
  classPixels: number[] | null;
  problems: ImageProblem[];
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
export async function surveyImage(image: Files, classSet: ClassSet, size: KnownPhoto | null): Promise<Survey> {
  const survey: Survey = {
    width: size?.width ?? 0,
    height: size?.height ?? 0,
    orientation: null,
    photo: null,
    revision: null,
    classPixels: null,
    problems: [],
  };
  const orientation = size ? size.orientation : await surveyPhoto(image, survey);
  survey.orientation = orientation;
  if (!isThere(image.maskFile)) {
    survey.problems.push(noMask(image.maskFile));
    return survey;
  }
  const mask = await inTurn(isLargeMask(image.maskFile), () => surveyMask(image, classSet, survey));
  // After it: the photo may be a large one as well, and takes its own turn.
  if (mask && survey.width > 0) await surveyLie(image, mask, survey, orientation);
  return survey;
}

/** That an image has no mask. */
export const noMask = (maskFile: string): ImageProblem => ({ kind: 'no-mask', text: `${maskFile} is missing: the image has no mask` });

/** That another photo lies where the one was that the mask was made for. */
export const otherPhoto = (imageFile: string): ImageProblem => ({
  kind: 'photo',
  text: `${imageFile} is another photo than the one that its mask was made for: the mask may not fit it`,
});

function addProblem(survey: Survey, kind: ProblemKind, error: unknown): void {
  const isConvertible = error instanceof AppError && (error.details.format === 'tiff' || error.details.format === 'bmp');
  survey.problems.push({ kind, text: messageOf(error), ...(isConvertible ? { is: 'convertible' } : {}) });
  survey.refused ||= error instanceof AppError && (error.code === 'too-large' || error.code === 'forbidden');
}

/** @returns how the photo is turned before it is shown; 1 where it cannot be read */
async function surveyPhoto(image: Files, survey: Survey): Promise<number> {
  try {
    // The header alone does not show a truncated file.
    const { width, height, orientation, revision } = await checkPicture(image.imageFile);
    survey.width = width;
    survey.height = height;
    survey.photo = revision;
    return orientation;
  } catch (error) {
    addProblem(survey, 'image', error);
    return 1;
  }
}

/** @returns the mask; null where it cannot be read */
function surveyMask(image: Files, classSet: ClassSet, survey: Survey): StoredMask | null {
  try {
    const content = readPictureFile(image.maskFile);
    survey.revision = revisionOf(content);
    const mask = decodeStoredMask(content, image.maskFile, classSet.format);
    const { classPixels, problems } = findingsOf(mask, classSet, image.maskFile);
    survey.problems.push(...problems);
    survey.classPixels = classPixels;
    return mask;
  } catch (error) {
    addProblem(survey, 'mask', error);
    return null;
  }
}

/** @param orientation of the photo; null where it was not read */
async function surveyLie(image: Files, mask: StoredMask, survey: Survey, orientation: number | null): Promise<void> {
  try {
    survey.problems.push(...(await lieProblems(image, mask, survey, orientation)));
  } catch (error) {
    addProblem(survey, 'image', error);
  }
}

/** Whether a mask fits its photo, and lies on it as it is seen. */
async function lieProblems(image: Files, mask: StoredMask, photo: Survey, known: number | null): Promise<ImageProblem[]> {
  const { imageFile, maskFile } = image;
  const text = maskSizeProblem(maskFile, mask, photo);
  const as = (orientation: number) =>
    `${maskFile} lies as the pixels of ${imageFile} are stored, and not as that is seen (its EXIF orientation is ${orientation})`;
  if (!text) {
    if (known === null || !isInDoubt(mask, known) || !(await liesAsStored(imageFile, mask, known))) return [];
    return [{ kind: 'turned', text: `${as(known)}: edges of the photo lie on borders of labels once it is turned`, is: 'in-doubt' }];
  }
  if (mask.width !== photo.height || mask.height !== photo.width) return [{ kind: 'size', text }];
  const orientation = known ?? (await openPicture(imageFile)).orientation;
  const shown = shownSize(mask, orientation);
  if (shown.width === photo.width && shown.height === photo.height) return [{ kind: 'turned', text: `${as(orientation)}: ${text}` }];
  return [{ kind: 'size', text, is: 'on-its-side' }];
}

/** More kinds of foreign pixels than a person reads of one mask are told as a number. */
const toldForeign = 20;

/** What a mask's codes tell: pixels of each class, then of void, and what is in no class. */
export function findingsOf(
  { values, toId, form }: Pick<StoredMask, 'values' | 'toId' | 'form'>,
  { name, classes }: ClassSet,
  maskFile: string,
) {
  const counts = countCodes(values);
  const classPixels = new Array<number>(classes.length + 1).fill(0);
  counts.forEach((pixels, code) => {
    const id = toId[code] ?? -1;
    classPixels[id < 0 || id === voidId ? classes.length : id] += pixels;
  });
  const foreign = foreignIn(counts, toId, form);
  const problems = foreign.slice(0, toldForeign).map(({ text, pixels }): ImageProblem => ({
    kind: 'foreign',
    text: `${maskFile} has ${text} in ${pixels} pixels, which is not in the class set ${name}`,
    foreign: text,
  }));
  const more = foreign.length - problems.length;
  if (more > 0)
    problems.push({ kind: 'foreign', text: `${maskFile} has ${more} more values or colours that are not in the class set ${name}` });
  return { classPixels, problems };
}
