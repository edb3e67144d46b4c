// Whether a picture is whole, and how large: for thousands of them, without turning their pixels into anything.
import { inTurn, isLargeFile } from './large-pictures.ts';
import { withPicture } from './picture.ts';
import { readPictureFile, withPlainFile } from './plain-file.ts';
import { beginsAsPng, pngSignature, readChunks } from './png/chunks.ts';
import { readHeader } from './png/header.ts';
import { revisionOf } from './revision.ts';

/** What a whole picture is: its size as a person sees it, how it is turned for that (1 … 8 as in EXIF), and the revision of its file. */
interface CheckedPicture {
  width: number;
  height: number;
  orientation: number;
  revision: string;
}

/** Decoded to this width a photo of another kind than PNG shows whether its data end too early. */
const smallWidth = 16;

/**
 * Reads what a picture is, after its data were found to be whole: a PNG by the check sums of its chunks, another one by decoding it small.
 * @throws as `openPicture`
 */
export async function checkPicture(file: string): Promise<CheckedPicture> {
  // Whoever decodes another kind of picture reads it: its first bytes alone are read here.
  const isPng = withPlainFile(file, ({ size, read }) => beginsAsPng(read(0, Math.min(size, pngSignature.length))));
  const found = isPng ? await inTurn(isLargeFile(file), () => checkPng(readPictureFile(file), file)) : null;
  return found ?? checkOther(file);
}

/** @returns null for one that may be turned, whose size is another one */
function checkPng(content: Uint8Array, file: string): CheckedPicture | null {
  const chunks = readChunks(content, file);
  const { width, height } = readHeader(chunks[0], file);
  return chunks.some(({ type }) => type === 'eXIf') ? null : { width, height, orientation: 1, revision: revisionOf(content) };
}

const checkOther = (file: string): Promise<CheckedPicture> =>
  withPicture(file, async (image, { width, height, orientation, content }) => {
    await image.resize({ width: smallWidth, kernel: 'nearest', fastShrinkOnLoad: true }).raw().toBuffer();
    return { width, height, orientation, revision: revisionOf(content) };
  });
