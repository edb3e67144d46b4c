// Folders as people have them, written from the names of their files.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { isThere } from '#files/file-identity';
import { locateDataset } from '#services/layouts/recognise';
import { writtenPng } from '../../scripts/sample/png-writing.ts';

/** Of every photo and mask here. */
export const photoSize = { width: 12, height: 8 };
const { width, height } = photoSize;
/** A mask of two classes. */
export const mask = writtenPng({
  width,
  height,
  depth: 8,
  colourType: 0,
  samples: Array.from({ length: width * height }, (_, i) => i % 2),
});
const photos = new Map<string, Uint8Array>();

/** A photo of the kind that a name tells. */
export async function photoOf(file: string): Promise<Uint8Array> {
  const format = file.endsWith('png') ? 'png' : 'jpeg';
  const known =
    photos.get(format) ??
    new Uint8Array(
      await sharp({ create: { width, height, channels: 3, background: 'teal' } })
        .toFormat(format)
        .toBuffer(),
    );
  photos.set(format, known);
  return known;
}

export function putInto(folder: string, file: string, content: string | Uint8Array): void {
  const at = path.join(folder, file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
}

/** Names with blanks between; one in a name is written `~`. */
export const namesIn = (files: string): string[] => files.split(' ').map((file) => file.replaceAll('~', ' '));

/** Writes photos, masks and texts, by their names: what begins with `=` is a mask. @param list whether with a list of two classes */
export async function layInto(folder: string, files: string, list = true): Promise<void> {
  if (list) putInto(folder, 'classes.json', '["a","b"]');
  for (const file of namesIn(files)) {
    if (file.startsWith('=')) putInto(folder, file.slice(1), mask);
    else if (/\.(jpg|png)$/.test(file)) putInto(folder, file, await photoOf(file));
    else putInto(folder, file, 'something');
  }
}

/** Each image with its split, and its mask where it has one. */
export function imagesOf(folder: string): Record<string, string> {
  const { images } = locateDataset(folder);
  const maskOf = (file: string) => (isThere(file) ? path.relative(folder, file).split(path.sep).join('/') : 'no mask');
  return Object.fromEntries(images.map(({ id, split, maskFile }) => [`${split}: ${id}`, maskOf(maskFile)]));
}
