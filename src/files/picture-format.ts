// A file is a picture by its bytes, whatever its name says.
import { beginsAsPng } from './png/chunks.ts';

export type PictureFormat = 'png' | 'jpeg' | 'webp' | 'tiff' | 'bmp';

const ascii = (content: Uint8Array, begin: number, length: number) => String.fromCharCode(...content.subarray(begin, begin + length));
const beginnings: [PictureFormat, (content: Uint8Array) => boolean][] = [
  ['png', beginsAsPng],
  ['jpeg', (content) => ascii(content, 0, 3) === '\xff\xd8\xff'],
  ['webp', (content) => ascii(content, 0, 4) === 'RIFF' && ascii(content, 8, 4) === 'WEBP'],
  ['tiff', (content) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(ascii(content, 0, 4))],
  ['bmp', (content) => ascii(content, 0, 2) === 'BM' && content.length > 26],
];

/** What kind of picture a file is; null for none that is known. */
export const pictureFormat = (content: Uint8Array): PictureFormat | null => beginnings.find(([, begins]) => begins(content))?.[0] ?? null;
