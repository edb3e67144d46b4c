// A worker thread of main: reads, encodes, hashes and writes masks, and surveys images. The pool starts it; nothing imports it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { writeAtomic } from '#files/atomic-write';
import { decodeStoredMask, encodeStoredMask, readStoredMask } from '#files/mask-png';
import { maskRevision } from '#files/revision';
import { AppError } from '#shared/errors';
import { toWireError } from '#shared/rpc/wire-errors';
import { classList } from '#shared/classes/class-map';
import { findingsOf, surveyImage, type Survey } from '../datasets/survey.ts';
import { keepRevision, readRevision } from '../edits/revision-store.ts';
import type {
  Answer,
  KeepInput,
  PackInput,
  PredictionInput,
  Published,
  PublishInput,
  ReadMask,
  ReadMaskInput,
  Staged,
  StageInput,
  SurveyInput,
} from './mask-tasks.ts';

async function answer<T>(work: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWireError(error, true) };
  }
}

/** A copy in memory that other threads read without one more. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

const revisionOf = (file: string): string | null => (existsSync(file) ? maskRevision(readFileSync(file)) : null);

function assertSize(file: string, mask: { width: number; height: number }, { width, height }: { width: number; height: number }): void {
  if (mask.width === width && mask.height === height) return;
  throw new AppError('corrupt-file', `${file} must be ${width} x ${height} as its image, received ${mask.width} x ${mask.height}`, {
    file,
  });
}

/** Reads a mask's stored values. @throws AppError 'corrupt-file' if it cannot be read: it is then never replaced by an empty one */
export const readMask = (input: ReadMaskInput): Promise<Answer<ReadMask>> =>
  answer(() => {
    const { maskFile, width, height, voidValue } = input;
    if (!existsSync(maskFile)) {
      const values = new Uint8Array(new SharedArrayBuffer(width * height)).fill(voidValue);
      return { width, height, values, snapshot: shared(values), form: { palette: null }, revision: null };
    }
    const mask = readStoredMask(maskFile);
    assertSize(maskFile, mask, input);
    const [values, snapshot] = [shared(mask.values), shared(mask.values)];
    return { width, height, values, snapshot, form: mask.form, revision: maskRevision(mask.file) };
  });

/** Reads a kept revision's stored values. @throws as `readMask` */
export const readKept = ({ store, revision, ...size }: { store: string; revision: string; width: number; height: number }) =>
  answer((): ReadMask => {
    const mask = decodeStoredMask(readRevision(store, revision), revision);
    assertSize(`the revision ${revision}`, mask, size);
    const values = shared(mask.values);
    return { ...size, values, snapshot: values, form: mask.form, revision };
  });

/** Encodes a mask into the store, after what the file holds now, if its file is still the one expected. */
export const stageMask = (input: StageInput): Promise<Answer<Staged>> =>
  answer(() => {
    const { maskFile, values, expected, store, known, form, width, height, classes } = input;
    const current = existsSync(maskFile) ? readFileSync(maskFile) : null;
    const found = current && maskRevision(current);
    if (found !== expected) {
      if (current) keepRevision(store, current);
      return { conflict: found };
    }
    if (current) keepRevision(store, current);
    const revision = known ?? keepRevision(store, encodeStoredMask({ width, height, values }, form));
    return { revision, ...findingsOf(values, classes, maskFile) };
  });

/** Makes a kept revision the mask file, whole or not at all, if the file is still the one expected. */
export const publishMask = ({ maskFile, revision, expected, store }: PublishInput): Promise<Answer<Published>> =>
  answer(() => {
    const found = revisionOf(maskFile);
    if (found !== expected) return { conflict: found };
    if (revision === null) rmSync(maskFile, { force: true });
    else writeAtomic(maskFile, readRevision(store, revision));
    return { published: true as const };
  });

/** Keeps what a mask file holds now. @returns its revision, or null without a file */
export const keepMask = ({ maskFile, store }: KeepInput): Promise<Answer<string | null>> =>
  answer(() => (existsSync(maskFile) ? keepRevision(store, readFileSync(maskFile)) : null));

/** A mask's class ids for a window, as raw deflate. */
export const packIds = ({ values, toId }: PackInput): Promise<Answer<Uint8Array>> =>
  answer(() => {
    const table = Uint8Array.from({ length: 256 }, (_, value) => (toId[value] < 0 ? 255 : toId[value]));
    const ids = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) ids[i] = table[values[i]];
    return deflateRawSync(ids, { level: 1 });
  });

/**
 * A prediction as stored values of the data set.
 * @throws AppError 'invalid-argument' if it holds a class that the data set does not have
 */
export const readPrediction = ({ file, toValue, classes, ...size }: PredictionInput): Promise<Answer<Uint8Array>> =>
  answer(() => {
    const mask = readStoredMask(file);
    assertSize(file, mask, size);
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

/** Reads an image and its mask once. */
export const survey = ({ classes, size, ...files }: SurveyInput): Promise<Answer<Survey>> =>
  answer(() => surveyImage(files, classes, size));
