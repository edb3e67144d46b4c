// A data set, or a split of it, in a form that others read.
import { isThere } from '#files/file-identity';
import { counted } from '#shared/counted';
import { freeName } from '#shared/free-name';
import type { ExportFormName } from '#shared/data/export-forms';
import { toldApart } from '#shared/classes/distinct-colours';
import { AppError, isCancelled, messageOf } from '#shared/errors';
import type { ClassSet } from '../class-sets/class-set.ts';
import type { LocatedImage } from '../layouts/located-image.ts';
import { cityscapesIds } from './cityscapes-ids.ts';
import type { ExportedImage, ExportImageInput } from './export-image.ts';
import { formOfExport, isInPieces, placeIn, type OutContent, type OutEntry } from './forms.ts';
import { reportOf, type SplitCounts } from './report.ts';
import { onEverySystem, sinkAt } from './sink.ts';
import { assertFitsZip } from './zip-room.ts';

export interface ExportDataOptions {
  images: readonly LocatedImage[];
  classSet: ClassSet;
  to: ExportFormName;
  /** A folder that is not there yet, or a file whose name ends with .zip. */
  out: string;
  /** Does an image, in this thread or another one. */
  exportImage: (input: ExportImageInput) => Promise<ExportedImage>;
  /** @throws AppError 'not-found' where the data set's folder has gone */
  assertThere?: () => void;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface ExportDataReport {
  images: number;
  /** What was left out or went out otherwise, in words. */
  notes: string[];
}

/** Images that are worked on at the same time. */
const together = 4;

/**
 * Writes the labelled images; what has no mask or cannot be read is left out and told.
 * @throws AppError 'conflict' if something is in the place, 'not-found' if nothing is labelled, 'cancelled', 'disk-full', 'too-large' for a
 * zip: nothing is then there
 */
export async function exportData(options: ExportDataOptions): Promise<ExportDataReport> {
  const { images, classSet, to, out, exportImage, assertThere, onProgress, signal } = options;
  const labelled = images.filter(({ maskFile }) => isThere(maskFile));
  if (labelled.length === 0) throw new AppError('not-found', 'None of the images has a mask, so there is nothing to export');
  const { format } = classSet;
  const { colours, changed } = toldApart(classSet.classes.map(({ color }) => color));
  const classes = classSet.classes.map((each, id) => ({ ...each, color: colours[id] }));
  const nameOf = uniqueNames(to);
  const inputs = labelled.map(({ id, split: ofImage, imageFile, maskFile }) => {
    // What a list of the export says is where the file lies.
    const split = onEverySystem(ofImage);
    return { to, split, name: nameOf(onEverySystem(id), split), imageFile, maskFile, format, classes };
  });
  await assertFitsZip(out, to, classes, labelled);
  const sink = sinkAt(out);
  const entries = new Map<number, OutEntry>();
  const counts = new Map<string, SplitCounts>();
  const notes: string[] = changed.map(
    (id) => `"${classes[id].name}" had the colour of another class, and went out as ${classes[id].color.join(' ')}`,
  );
  let foreign = 0;
  let next = 0;
  let done = 0;
  let ended = false;
  // One after the other into the sink: a zip has one end.
  let writing: Promise<void> = Promise.resolve();
  async function work(): Promise<void> {
    for (let index = next++; index < inputs.length; index = next++) {
      if (ended) return;
      assertGoingOn(signal);
      const {
        files,
        entry,
        pixels,
        foreign: outside,
      } = await exportImage(inputs[index])
        .then(shortEnough)
        .catch((error: unknown) => {
          // Whoever worked on it has ended: that says nothing of the image.
          if (isCancelled(error)) throw error;
          // Of a folder that has gone each image would say the same, and what is left would look whole.
          assertThere?.();
          notes.push(`left out: ${messageOf(error)}`);
          return { files: [], entry: null, pixels: null, foreign: 0 };
        });
      writing = writing.then(async () => {
        if (ended) return;
        for (const { path, content } of files) await sink.write(path, content);
      });
      await writing;
      if (entry) entries.set(index, entry);
      if (entry && pixels) addTo(counts, entry.split, pixels);
      foreign += outside;
      onProgress?.(++done, inputs.length);
    }
  }
  const workers = Array.from({ length: together }, work);
  try {
    await Promise.all(workers);
    const ordered = [...entries].sort(([a], [b]) => a - b).map(([, entry]) => entry);
    if (ordered.length === 0) throw new AppError('corrupt-file', `No image could be exported: ${notes.at(-1)}`);
    for (const { path, content } of formOfExport[to].lists(ordered, classes)) await sink.write(path, untilStopped(content, signal));
    await sink.write('report.csv', reportOf(counts, classes));
    await sink.finish();
  } catch (error) {
    // What is still in hand would be written after the end.
    ended = true;
    await Promise.allSettled(workers);
    await sink.abandon();
    throw error;
  }
  return { images: entries.size, notes: [...notes, ...otherwise(options, labelled.length, foreign)] };
}

/** The same content, which ends with an error once the export is stopped. */
function untilStopped(content: OutContent, signal?: AbortSignal): OutContent {
  return isInPieces(content) ? piecesUntilStopped(content, signal) : content;
}

function* piecesUntilStopped(content: Iterable<string>, signal?: AbortSignal): Generator<string> {
  for (const piece of content) {
    assertGoingOn(signal);
    yield piece;
  }
}

function assertGoingOn(signal?: AbortSignal): void {
  if (signal?.aborted) throw new AppError('cancelled', 'The export was cancelled');
}

/** Bytes that systems let a name have. */
const longestName = 255;

/** @throws AppError 'invalid-argument' if an image's files would have names that none may have */
function shortEnough(exported: ExportedImage): ExportedImage {
  const long = exported.files.flatMap(({ path }) => path.split('/')).find((part) => Buffer.byteLength(part) > longestName);
  if (long === undefined) return exported;
  throw new AppError(
    'invalid-argument',
    `${exported.entry.name}: its name would be longer than ${longestName} bytes (${long.slice(0, 60)} …)`,
  );
}

function addTo(counts: Map<string, SplitCounts>, split: string, pixels: readonly number[]): void {
  const known = counts.get(split) ?? { images: pixels.map(() => 0), pixels: pixels.map(() => 0) };
  pixels.forEach((count, id) => {
    known.pixels[id] += count;
    known.images[id] += count > 0 ? 1 : 0;
  });
  counts.set(split, known);
}

/** What went out otherwise than it is. */
function otherwise({ images, classSet, to }: ExportDataOptions, labelled: number, foreign: number): string[] {
  const without = images.length - labelled;
  const missing = to === 'cityscapes' ? cityscapesIds(classSet.classes.map(({ name }) => name)).missing : [];
  return [
    ...(without > 0 ? [`left out: ${counted(without, 'image')} without a mask`] : []),
    ...(foreign > 0 ? [`${foreign} pixels that are not in the class set went out as not labelled`] : []),
    ...(missing.length > 0 ? [`Cityscapes has no ${missing.join(', ')}: these went out as unlabeled`] : []),
  ];
}

/** Names that are told apart where the form puts them: by split, or all together in VOC's. */
function uniqueNames(to: ExportFormName): (id: string, split: string) => string {
  const taken = new Set<string>();
  return (id, split) => {
    const short = id.slice(id.indexOf('/') + 1);
    const isTaken = (name: string) => taken.has(placeIn(to, split, name));
    const name = isTaken(short) ? freeName(id, isTaken) : short;
    taken.add(placeIn(to, split, name));
    return name;
  };
}
