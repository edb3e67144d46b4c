// TensorFlow's C library as an archive: where it is published as no wheel, or pip cannot be had.
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SetupError } from './log.mjs';
import { assertPinned } from './pins.mjs';
import { Progress } from './progress.mjs';
import { run } from './run.mjs';

/** No such archive is larger: those whose size is not pinned could not be fetched where they were pinned. */
const mostBytes = 1e9;

/** Where TensorFlow's project publishes them. */
const publisher = 'https://storage.googleapis.com/tensorflow/libtensorflow';

/**
 * Downloads a pinned archive; the name appears only when it is whole and the pinned one.
 * @param base where it is published
 * @throws SetupError where it cannot be had or is another file
 */
export async function downloadArchive(archive, folder, base = publisher) {
  const partial = path.join(folder, `${archive.file}.partial-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    await fetchTo(`${base}/${archive.file}`, partial, archive);
    await assertPinned(partial, archive);
    renameSync(partial, path.join(folder, archive.file));
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `${archive.file} could not be downloaded (${error.cause?.code ?? error.message}): check the network and try again.`,
    );
  }
  return path.join(folder, archive.file);
}

async function fetchTo(address, file, { file: name, size }) {
  const answer = await fetch(address);
  if (!answer.ok) throw new SetupError(`${name} could not be downloaded: its server answered ${answer.status}.`);
  const progress = new Progress(name, size ?? (Number(answer.headers.get('content-length')) || null));
  let bytes = 0;
  const counted = new Transform({
    transform(chunk, _encoding, done) {
      bytes += chunk.length;
      progress.update(bytes);
      done(bytes > (size ?? mostBytes) ? new SetupError(`${name} is larger than the pinned file can be, and was not used.`) : null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(answer.body), counted, createWriteStream(file));
  } finally {
    progress.end();
  }
}

/** Unpacks the library and its headers into `target`/{lib,include}. */
export async function unpackArchive(file, target) {
  mkdirSync(target, { recursive: true });
  await run('tar', ['-xzf', file, '-C', target], { remedy: 'Is the disk full?' });
}
