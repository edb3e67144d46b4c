// Where an export goes: a folder or a zip. It is there whole or not at all.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { asFileError } from '#files/atomic-write';
import { clearAbandoned, partialName, putInPlace, removePartial } from '#files/whole-or-not';
import { AppError } from '#shared/errors';
import { isInPieces, type OutContent } from './forms.ts';

const bytesOf = (content: Uint8Array | string): Uint8Array => (typeof content === 'string' ? new TextEncoder().encode(content) : content);

/** A name that is one on every system: a backslash parts a path on some. */
export const onEverySystem = (name: string): string => name.replaceAll('\\', '_');

/** The parts of a path, which lies where it belongs on every system. @throws AppError */
function partsOf(file: string): string[] {
  const parts = file.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new AppError('invalid-argument', `${file} would lie outside of what is exported: give the split, or the image, another name`);
  return parts.map(onEverySystem);
}

export interface Sink {
  /** @throws AppError 'disk-full', 'read-only', 'too-large'; what reading the pieces of a content throws */
  write: (file: string, content: OutContent) => Promise<void>;
  /** Puts what was written in its place. @throws AppError 'disk-full', 'read-only' */
  finish: () => Promise<void>;
  /** Takes what was written away. Never rejects. */
  abandon: () => Promise<void>;
}

/** Whether an export goes into a zip, by the name of its place. */
export const isZipName = (out: string): boolean => /\.zip$/i.test(out);

/**
 * @param out a folder that is not there or is empty, or a file whose name ends with .zip
 * @throws AppError 'conflict' if something is there
 */
export function sinkAt(out: string): Sink {
  const isFree = !existsSync(out) || (!isZipName(out) && isEmptyFolder(out));
  if (!isFree) throw new AppError('conflict', `${out} is there already: choose another place, or remove it`, { file: out });
  return isZipName(out) ? new ZipSink(out) : new FolderSink(out);
}

function isEmptyFolder(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    // A file.
    return false;
  }
}

class FolderSink implements Sink {
  private readonly out: string;
  private readonly made: string;

  constructor(out: string) {
    this.out = out;
    clearAbandoned(out);
    this.made = partialName(out);
  }

  async write(file: string, content: OutContent): Promise<void> {
    const at = path.join(this.made, ...partsOf(file));
    try {
      await mkdir(path.dirname(at), { recursive: true });
      await writeFile(at, content, { flag: 'wx' });
    } catch (error) {
      throw asFileError(error, at);
    }
  }

  async finish(): Promise<void> {
    await mkdir(this.made, { recursive: true });
    putInPlace(this.made, this.out);
  }

  abandon(): Promise<void> {
    removePartial(this.made);
    return Promise.resolve();
  }
}

/** What a zip without 64-bit sizes holds, in bytes and in files. */
export const mostZipBytes = 4e9;
export const mostZipFiles = 65_534;

const instead = 'export into a folder instead';
export const tooLargeForZip = (out: string): AppError => new AppError('too-large', `${out} would have more than 4 GB: ${instead}`);
export const tooManyForZip = (out: string): AppError =>
  new AppError('too-large', `${out} would have more than ${mostZipFiles.toLocaleString('en')} files: ${instead}`);

class ZipSink implements Sink {
  private readonly out: string;
  private readonly made: string;
  private handle: FileHandle | null = null;
  private readonly zip: Zip;
  private waiting: Uint8Array[] = [];
  private failure: Error | null = null;
  private bytes = 0;
  private files = 0;

  constructor(out: string) {
    this.out = out;
    clearAbandoned(out);
    this.made = partialName(out);
    this.zip = new Zip((error, chunk) => {
      if (error) this.failure = error;
      else this.waiting.push(chunk);
    });
  }

  private async flush(): Promise<void> {
    if (this.failure) throw this.failure;
    try {
      if (!this.handle) {
        await mkdir(path.dirname(this.made), { recursive: true });
        this.handle = await open(this.made, 'wx');
      }
      for (const chunk of this.waiting.splice(0)) {
        this.bytes += chunk.length;
        await this.handle.writeFile(chunk);
      }
    } catch (error) {
      throw asFileError(error, this.out);
    }
    if (this.bytes > mostZipBytes) throw tooLargeForZip(this.out);
  }

  async write(file: string, content: OutContent): Promise<void> {
    const at = partsOf(file).join('/');
    if (++this.files > mostZipFiles) throw tooManyForZip(this.out);
    // Pictures are compressed already.
    const entry = content instanceof Uint8Array ? new ZipPassThrough(at) : new ZipDeflate(at, { level: 6 });
    this.zip.add(entry);
    if (!isInPieces(content)) entry.push(bytesOf(content), true);
    else {
      for (const piece of content) {
        entry.push(bytesOf(piece));
        await this.flush();
      }
      entry.push(new Uint8Array(0), true);
    }
    await this.flush();
  }

  async finish(): Promise<void> {
    this.zip.end();
    await this.flush();
    try {
      await this.handle?.sync();
      await this.close();
    } catch (error) {
      throw asFileError(error, this.out);
    }
    putInPlace(this.made, this.out);
  }

  private async close(): Promise<void> {
    const { handle } = this;
    this.handle = null;
    await handle?.close();
  }

  async abandon(): Promise<void> {
    // It is taken away, whatever kept its last bytes from the disk.
    await this.close().catch(() => undefined);
    removePartial(this.made);
  }
}
