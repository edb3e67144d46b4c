// A worker thread of main: reads, encodes, hashes and writes masks, and surveys images. The pool starts it; nothing imports it.
import { rmSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import { assertMaskSize, codeText, decodeStoredMask, readMask as readMaskIds, readStoredMask, type StoredMask } from '#files/mask-png';
import { codesIn, countCodes, encodeStoredMask } from '#files/mask-writing';
import { isThere } from '#files/file-identity';
import { inTurn, isLargeMask } from '#files/large-pictures';
import { newForm, type MaskFileForm } from '#files/mask-form';
import { foreignKinds, pixelNames } from '#files/mask-legend';
import { recoded } from '#files/mask-recoding';
import { asStoredPng, besideAsPng, fittedPng, turnedPng } from '#files/mask-repair';
import { openPicture, withPicture } from '#files/picture';
import { pictureFormat } from '#files/picture-format';
import { readPictureFile } from '#files/plain-file';
import { assertPixels, useReadLimits } from '#files/read-limits';
import { replaceFile } from '#files/replace-file';
import { revisionOf } from '#files/revision';
import { readSureness } from '#files/sureness-png';
import { AppError, messageOf } from '#shared/errors';
import type { Sureness } from '#shared/metrics/sureness';
import { toWireError } from '#shared/rpc/wire-errors';
import { classList, storedValues, translated } from '#shared/classes/class-map';
import { colourMask } from '../assets/colour-mask.ts';
import { exportImage as exportedImage } from '../dataset-exports/export-image.ts';
import { reportPicture as picturesSideBySide } from '../reports/report-picture.ts';
import { locateDataset } from '../layouts/recognise.ts';
import { findingsOf, surveyImage } from '../datasets/survey.ts';
import { keepRevision, readRevision, revisionFile } from '../edits/revision-store.ts';
import type { MaskFormat } from '#shared/classes/class-info';
import type { Answer, Given, TaskInput, TaskResult } from './mask-tasks.ts';
import { valueWord } from '#shared/data/pixel-words';

/** A task as the pool calls it: errors cross threads without their class. */
function task<Input, Result>(work: (input: Input) => Result | Promise<Result>): (given: Given<Input>) => Promise<Answer<Result>> {
  return async ({ input, limits }) => {
    useReadLimits(limits);
    try {
      return { ok: true, value: await work(input) };
    } catch (error) {
      return { ok: false, error: toWireError(error, true) };
    }
  };
}

/** A copy in memory that other threads read without one more. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Reads a mask's stored values. @throws AppError 'corrupt-file' if it cannot be read: it is then never replaced by an empty one */
export const readMask = task((input: TaskInput<'readMask'>): Promise<TaskResult<'readMask'>> =>
  inTurn(isLargeMask(input.maskFile), () => valuesOf(input)),
);

/** @param take gets the very bytes that are read */
function valuesOf(input: TaskInput<'readMask'>, take: (file: Uint8Array) => void = () => undefined): TaskResult<'readMask'> {
  const { maskFile, width, height, format, known } = input;
  if (!isThere(maskFile)) {
    assertPixels(maskFile, width, height);
    const values = new Uint8Array(new SharedArrayBuffer(width * height)).fill(format.voidValue);
    return { width, height, values, snapshot: shared(values), form: newForm(format), toId: format.toId, revision: null };
  }
  const mask = readStoredMask(maskFile, format, known);
  assertMaskSize(maskFile, mask, input);
  take(mask.file);
  const [values, snapshot] = [shared(mask.values), shared(mask.values)];
  return { width, height, values, snapshot, form: mask.form, toId: mask.toId, revision: revisionOf(mask.file) };
}

/** Reads a mask that another program wrote, in the codes that its image has now, and keeps it. @throws as `readMask` */
export const adoptMask = task(({ classSet, store, form, toId, ...input }: TaskInput<'adoptMask'>): TaskResult<'adoptMask'> => {
  const { format } = classSet;
  const mask = valuesOf({ ...input, format, known: foreignKinds(form, format) }, (file) => keepRevision(store, file));
  const own = { ...mask, ...inTermsOf(mask, { form, toId }, format, input.maskFile) };
  const told = { ...own, isOtherForm: (mask.form.legend === null) !== (own.form.legend === null) };
  if (mask.revision === null) return { ...told, classPixels: null, problems: [] };
  return { ...told, ...findingsOf(told, classSet, input.maskFile) };
});

function inTermsOf(mask: Omit<StoredMask, 'file'>, now: Pick<StoredMask, 'form' | 'toId'>, format: MaskFormat, name: string) {
  const { values, ...told } = recoded(mask, now.form, format, name, now.toId);
  const copy = values === mask.values ? values : shared(values);
  return { ...told, values: copy, snapshot: copy };
}

/** Reads a kept revision in the codes that its image has now. @throws as `readMask` */
export const readKept = task(({ store, revision, format, form, toId, ...size }: TaskInput<'readKept'>): TaskResult<'readKept'> => {
  const name = `the revision ${revision}`;
  const kept = decodeStoredMask(readRevision(store, revision), name, format, foreignKinds(form, format));
  assertMaskSize(name, kept, size);
  return { ...size, ...inTermsOf({ ...kept, values: shared(kept.values) }, { form, toId }, format, name), revision };
});

const keepValues = ({ width, height, values, form, store }: TaskInput<'keepEdited'>): string =>
  keepRevision(store, encodeStoredMask({ width, height, values }, form));

/** Encodes a mask into the store, whatever its file holds. @returns its revision */
export const keepEdited = task(keepValues);

/** Encodes a mask into the store, after what the file holds now, if its file is still the one expected. */
export const stageMask = task((input: TaskInput<'stageMask'>): TaskResult<'stageMask'> => {
  const { maskFile, values, expected, store, known, form, toId, width, height, classSet } = input;
  const found = keptOf(maskFile, store);
  if (found !== expected) return { conflict: found };
  // What is known may have been freed since.
  const kept = known !== null && isThere(revisionFile(store, known)) ? known : null;
  const revision = kept ?? keepValues({ width, height, values, form, store });
  return { revision, ...findingsOf({ values, toId, form }, classSet, maskFile) };
});

/** Makes a kept revision the mask file, whole or not at all, if the file is still the one expected. */
export const publishMask = task(({ maskFile, among, revision, expected, store }: TaskInput<'publishMask'>): TaskResult<'publishMask'> => {
  const found = isThere(maskFile) ? revisionOf(readPictureFile(maskFile)) : null;
  if (found !== expected) return { conflict: keptOf(maskFile, store) };
  if (revision === null) rmSync(maskFile, { force: true });
  else replaceFile(maskFile, readRevision(store, revision), among);
  return { published: true };
});

/** Makes a mask usable, in its place or, where it is no PNG, beside it; what was there is kept. */
export const repairMask = task(async (input: TaskInput<'repairMask'>): Promise<TaskResult<'repairMask'>> => {
  const { maskFile, among, imageFile, how, format, store, ...size } = input;
  const content = readPictureFile(maskFile);
  const isPng = pictureFormat(content) === 'png';
  const target = /\.png$/i.test(maskFile) && (isPng || how === 'begin') ? maskFile : besideAsPng(maskFile);
  if (target !== maskFile && isThere(target))
    throw new AppError('conflict', `${target} is there already: it would have to be replaced by the mask ${maskFile}`, { file: target });
  const made = await repaired();
  async function repaired(): Promise<Uint8Array> {
    switch (how) {
      case 'begin':
        return emptyMask(size, format);
      case 'convert':
        return asStoredPng(content, maskFile);
      case 'fit':
        return fittedPng(content, maskFile, size);
      case 'as-photo':
        return turnedPng(content, maskFile, (await openPicture(imageFile)).orientation);
      case 'turn-right':
        return turnedPng(content, maskFile, 6);
      case 'turn-left':
        return turnedPng(content, maskFile, 8);
    }
  }
  const before = keptOf(target, store);
  if (target !== maskFile) keepRevision(store, content);
  else assertSame(before, revisionOf(content), maskFile);
  // Kept first: what cannot be is not written either.
  const after = keepRevision(store, made);
  replaceFile(target, made, among);
  return { maskFile: target, before, after };
});

/** Whether a mask has pixels of codes that `of` names. */
export const holdsAny = task(({ maskFile, of, format }: TaskInput<'holdsAny'>): boolean => {
  const mask = readStoredMask(maskFile, format);
  return changesCodes(mask, codesAsRead(mask, of, format));
});

/** Writes into a mask, in its form, what it is read as. @returns null if it has nothing of that, and stays as it is */
export const rewriteMask = task(({ maskFile, among, of, format, store }: TaskInput<'rewriteMask'>): TaskResult<'rewriteMask'> => {
  const mask = readStoredMask(maskFile, format);
  const to = codesAsRead(mask, of, format);
  if (!changesCodes(mask, to)) return null;
  const values = mask.values.map((code) => to[code]);
  const before = keepRevision(store, mask.file);
  const made = encodeStoredMask({ width: mask.width, height: mask.height, values }, mask.form);
  assertSame(keptOf(maskFile, store), before, maskFile);
  const after = keepRevision(store, made);
  replaceFile(maskFile, made, among);
  return { maskFile, before, after };
});

/** The code of the class that it is read as, of each code that `of` names; each other one as it is. */
function codesAsRead({ toId, form }: StoredMask, of: readonly string[], format: MaskFormat): Uint8Array {
  const own = storedValues(format);
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const id = toId[code] ?? -1;
    return id >= 0 && namesOf(code, form).some((text) => of.includes(text)) ? own[id] : code;
  });
}

const changesCodes = ({ values }: StoredMask, to: Uint8Array): boolean =>
  countCodes(values).some((pixels, code) => pixels > 0 && to[code] !== code);

/** What a code can be called where it is read as a class: as the file holds it, and by what of that names the class. */
function namesOf(code: number, form: MaskFileForm): string[] {
  const samples = form.legend?.[code];
  if (!samples) return [codeText(code, form)];
  return [...pixelNames(samples, form), ...(form.by === 'colour' ? [] : [valueWord(samples[0])])];
}

function emptyMask({ width, height }: { width: number; height: number }, format: MaskFormat): Uint8Array {
  return encodeStoredMask({ width, height, values: new Uint8Array(width * height).fill(format.voidValue) }, newForm(format));
}

/** One image of an export. */
export const exportImage = task((input: TaskInput<'exportImage'>): Promise<TaskResult<'exportImage'>> => exportedImage(input));

/** What was painted or written while a mask was made anew is not written over. @throws AppError 'conflict' */
function assertSame(now: string | null, read: string, file: string): void {
  if (now !== read) throw new AppError('conflict', `${file} has changed while it was made anew, and is left as it is: try again`, { file });
}

/** Keeps what a mask file holds now. @returns its revision, or null without a file */
const keptOf = (maskFile: string, store: string): string | null =>
  isThere(maskFile) ? keepRevision(store, readPictureFile(maskFile)) : null;

export const keepMask = task(({ maskFile, store }: TaskInput<'keepMask'>): TaskResult<'keepMask'> => keptOf(maskFile, store));

/** A mask's class ids for a window, as raw deflate. */
export const packIds = task(({ values, shownIds }: TaskInput<'packIds'>): TaskResult<'packIds'> => {
  const table = Uint8Array.from(shownIds);
  const ids = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) ids[i] = table[values[i]];
  return { ids: deflateRawSync(ids, { level: 1 }), codes: codesIn(values) };
});

/**
 * A prediction as stored values of the data set.
 * @throws AppError 'invalid-argument' if it holds a class that the data set does not have
 */
export const readPrediction = task(({ file, toValue, classes, ...size }: TaskInput<'readPrediction'>): TaskResult<'readPrediction'> => {
  const mask = readStoredMask(file);
  assertMaskSize(file, mask, size);
  const values = new Uint8Array(new SharedArrayBuffer(mask.values.length));
  for (let i = 0; i < values.length; i++) {
    const value = toValue[mask.values[i]] ?? -1;
    if (value < 0) {
      const name = classes.find(({ id }) => id === mask.values[i])?.name ?? `id ${mask.values[i]}`;
      throw new AppError(
        'invalid-argument',
        `The prediction has pixels of "${name}", which is no class of the data set now; it was made for ${classList(classes)}`,
      );
    }
    values[i] = value;
  }
  return values;
});

/** A mask that holds class ids as they are. */
function idsIn(file: string): { width: number; height: number; ids: Uint8Array } {
  const { width, height, values } = readStoredMask(file);
  return { width, height, ids: values };
}

/** A mask in the classes' colours, as PNG; void is transparent. */
export const maskPicture = task(async (input: TaskInput<'maskPicture'>): Promise<TaskResult<'maskPicture'>> => {
  const { maskFile, format, classes, maxWidth } = input;
  return inTurn(isLargeMask(maskFile), async () => {
    const { width, height, ids } = format ? readMaskIds(maskFile, format) : idsIn(maskFile);
    const pixels = colourMask(ids, classes);
    // How large a mask may be has been looked at.
    const picture = sharp(pixels, { raw: { width, height, channels: 4 }, limitInputPixels: false });
    if (maxWidth !== null) picture.resize({ width: maxWidth, kernel: 'nearest', withoutEnlargement: true });
    return new Uint8Array(await picture.png({ compressionLevel: 4 }).toBuffer());
  });
});

/** An image's prediction and its label as it is now, both in the prediction's ids. @throws AppError 'corrupt-file' naming the file */
export const reviewMasks = task(masksOf);

function masksOf({ predictionFile, surenessFile, maskFile, format, toPredicted }: TaskInput<'reviewMasks'>): TaskResult<'reviewMasks'> {
  const { width, height, values } = readStoredMask(predictionFile);
  const sure = surenessIn(surenessFile);
  if (!isThere(maskFile)) return { width, height, prediction: values, label: null, ...sure };
  const mask = readMaskIds(maskFile, format);
  assertMaskSize(maskFile, mask, { width, height }, 'the prediction');
  return { width, height, prediction: values, label: translated(mask.ids, toPredicted), ...sure };
}

function surenessIn(file: string): { sureness: Sureness | null; damaged: string | null } {
  try {
    return { sureness: isThere(file) ? readSureness(file) : null, damaged: null };
  } catch (error) {
    return { sureness: null, damaged: messageOf(error) };
  }
}

/** A photo with the label and the prediction over it, side by side. @throws as `reviewMasks` and `openPicture` */
export const reportPicture = task(({ imageFile, classes, ...input }: TaskInput<'reportPicture'>): Promise<TaskResult<'reportPicture'>> =>
  picturesSideBySide(imageFile, masksOf(input), classes),
);

/** The size of a picture as a person sees it, by its header alone. @throws as `openPicture` */
export const pictureSize = task(({ imageFile }: TaskInput<'pictureSize'>): Promise<TaskResult<'pictureSize'>> => {
  return withPicture(imageFile, (_, { width, height }) => ({ width, height }));
});

/** Reads images and their masks once, one after the other. */
export const survey = task(async ({ classSet, images }: TaskInput<'survey'>): Promise<TaskResult<'survey'>> => {
  const found: TaskResult<'survey'> = [];
  for (const { size, ...files } of images) found.push(await surveyImage(files, classSet, size));
  return found;
});

/** Looks which images a folder holds. @throws as `locateDataset` */
export const locate = task(({ folder, aside }: TaskInput<'locate'>): TaskResult<'locate'> => locateDataset(folder, aside));
