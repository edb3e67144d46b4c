// Photos are decoded by libvips, whose loaders for drawings and documents are shut: a file is a picture by its bytes, not by its name.
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { AppError, messageOf } from '#shared/errors';
import { shutOtherDecoders } from './decoders.ts';
import { inTurn, isLargeFile, isLargePicture } from './large-pictures.ts';
import { pictureFormat, type PictureFormat } from './picture-format.ts';
import { readPictureFileAsync } from './plain-file.ts';
import { assertDecodedBytes, assertPixels } from './read-limits.ts';
import { foreignSamples } from './tiff-samples.ts';

shutOtherDecoders();

/**
 * A picture whose header was read and whose pixels were not: as a person sees it, turned as its file says, on white where it is
 * transparent.
 */
export interface Picture {
  /** The file's bytes. */
  content: Uint8Array;
  width: number;
  height: number;
  format: PictureFormat;
  /** Whether a browser shows the file's own bytes as this picture. */
  isShownAsItIs: boolean;
  /** How its stored pixels are turned before they are shown, 1 … 8 as in EXIF. */
  orientation: number;
  /** Whether its stored pixels are the picture: neither turned nor transparent. */
  isPlain: boolean;
  /** Decodes it; a picture that is cut off fails. */
  decode: () => Sharp;
  /** The same as its file holds it: not turned, and transparent where it is. */
  decodeStored: () => Sharp;
}

const bytesOfSample: Record<string, number> = { uchar: 1, char: 1, ushort: 2, short: 2, uint: 4, int: 4, float: 4, double: 8 };

/** Where a picture is transparent, this is behind it: in the window, in thumbnails, for the network. */
const behind = '#ffffff';

/**
 * Reads a picture's header.
 * @throws AppError 'corrupt-file' naming the file if it is none, 'too-large', or as `readPlainFile`
 */
export async function openPicture(file: string): Promise<Picture> {
  const content = await readPictureFileAsync(file);
  const format = pictureFormat(content);
  if (!format || format === 'bmp') throw undecodable(file, 'by its bytes it is no PNG, JPEG, WebP or TIFF, whatever its name says');
  // The limit is ours, and told in our words.
  // What libtiff cannot read of a TIFF it leaves black, and says so as an error.
  const failOn = format === 'tiff' ? 'error' : 'truncated';
  const read = (more: SharpOptions = {}) => sharp(content, { failOn, limitInputPixels: false, ...more });
  const stored = () => read();
  const {
    width,
    height,
    channels,
    depth,
    hasAlpha,
    autoOrient,
    orientation = 1,
  } = await stored()
    .metadata()
    .catch((error: unknown) => {
      throw undecodable(file, wordsOf(error));
    });
  if (channels > 4) throw undecodable(file, `its ${channels} bands are not the colours of a photo: save it as RGB`);
  const foreign = format === 'tiff' ? foreignSamples(content, { depth, hasAlpha }) : null;
  if (foreign) throw undecodable(file, foreign);
  assertPixels(file, width, height);
  assertDecodedBytes(file, width * height * channels * (bytesOfSample[depth] ?? 8));
  return {
    content,
    ...autoOrient,
    format,
    // Browsers turn a JPEG by themselves, and show no TIFF.
    isShownAsItIs: format !== 'tiff' && !hasAlpha && (orientation === 1 || format === 'jpeg'),
    orientation,
    isPlain: orientation === 1 && !hasAlpha,
    // A profile says how samples look, and not what they are.
    decodeStored: () => read({ ignoreIcc: true }),
    decode: () => (hasAlpha ? stored().autoOrient().flatten({ background: behind }) : stored().autoOrient()),
  };
}

/**
 * Works with a picture's pixels; large ones take their turn.
 * @param options.asStored gives them as the file holds them, and not as a person sees them
 * @throws as `openPicture`; what libvips throws in `work` becomes 'corrupt-file' naming the file
 */
export function withPicture<T>(
  file: string,
  work: (image: Sharp, picture: Picture) => T | Promise<T>,
  { asStored = false } = {},
): Promise<T> {
  const isLarge = isLargeFile(file);
  return inTurn(isLarge, async () => {
    const picture = await openPicture(file);
    return inTurn(!isLarge && isLargePicture(picture), () => work(asStored ? picture.decodeStored() : picture.decode(), picture)).catch(
      (error: unknown) => {
        throw error instanceof AppError ? error : undecodable(file, wordsOf(error));
      },
    );
  });
}

/** What libvips says, for a person. */
function wordsOf(error: unknown): string {
  const said = messageOf(error).trim().replace(/:$/, '');
  if (/unsupported image format/.test(said)) return 'its header is damaged, or of a form that is not known';
  if (/corrupt header/.test(said)) return 'its header is damaged or cut off';
  if (/not configured|not implemented|not supported/.test(said))
    return `it is packed in a way that is not read (${said.split('\n')[0]}): save it as a PNG`;
  return `it is damaged or cut off (${said.split('\n')[0]})`;
}

const undecodable = (file: string, rule: string): AppError => new AppError('corrupt-file', `${file} cannot be decoded: ${rule}`, { file });
