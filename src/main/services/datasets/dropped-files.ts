// A browser tells no path of a file that is dropped: its bytes are sent in parts, and it is kept where the workbench keeps what is its own.
import { createHash, type Hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { asFileError } from '#files/atomic-write';
import { isZip } from '../layouts/unzip.ts';
import { removePartial } from '#files/whole-or-not';
import { AppError } from '#shared/errors';
import { freeName } from '#shared/free-name';
import { Serial } from '#shared/serial';

interface Dropped {
  name: string;
  bytes: number;
  part: string;
  handle: FileHandle;
  hash: Hash;
  written: number;
  /** Its parts, one after the other. */
  parts: Serial;
  /** Ends it if its window sends nothing more. */
  idle: NodeJS.Timeout;
}

const idleMs = 60_000;
/** A part that nobody has written to for so long is of a workbench that was killed. */
const abandonedMs = 24 * 3600_000;
const mostBytes = 200e9;
const longestName = 120;

/** Files on their way from a window. Its owner closes it. */
export class DroppedFiles {
  private readonly folder: string;
  private readonly files = new Map<number, Dropped>();
  private next = 0;

  /** @param folder is made when something is dropped */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Takes a file. @returns what its parts are sent under @throws AppError 'invalid-argument', 'too-large', or as file errors say */
  async begin(name: string, bytes: number): Promise<number> {
    if (!/^[^/\\\0]+\.zip$/i.test(name)) throw new AppError('invalid-argument', `${name} is no zip: drop a zip of a data set`);
    if (bytes > mostBytes)
      throw new AppError('too-large', `${name} has ${(bytes / 1e9).toFixed(0)} GB, and at most ${mostBytes / 1e9} are taken`);
    const id = ++this.next;
    const part = path.join(this.folder, `.${process.pid}-${Date.now().toString(36)}-${id}.part`);
    try {
      // It may have lain where nobody else could read it.
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      this.clearAbandoned();
      const handle = await open(part, 'wx');
      this.files.set(id, {
        name,
        bytes,
        part,
        handle,
        hash: createHash('sha256'),
        written: 0,
        parts: new Serial(),
        idle: this.idleTimer(id),
      });
    } catch (error) {
      throw asFileError(error, part);
    }
    return id;
  }

  private idleTimer(id: number): NodeJS.Timeout {
    return setTimeout(() => void this.cancel(id), idleMs).unref();
  }

  private clearAbandoned(): void {
    for (const name of readdirSync(this.folder)) {
      const file = path.join(this.folder, name);
      if (name.endsWith('.part') && Date.now() - statSync(file).mtimeMs > abandonedMs) rmSync(file, { force: true });
    }
  }

  private require(id: number): Dropped {
    const file = this.files.get(id);
    if (!file) throw new AppError('not-found', 'This file is not on its way any more: drop it again');
    return file;
  }

  /** Takes the next part; parts come one after the other. @throws AppError 'not-found', 'too-large', 'disk-full': it is then given up */
  append(id: number, content: Uint8Array): Promise<void> {
    return this.require(id).parts.run(() => this.write(id, content));
  }

  private async write(id: number, content: Uint8Array): Promise<void> {
    const file = this.require(id);
    clearTimeout(file.idle);
    try {
      if (file.written + content.length > file.bytes)
        throw new AppError('too-large', `${file.name} is longer than the ${file.bytes} bytes it was said to have`);
      await file.handle.appendFile(content);
      file.written += content.length;
      file.hash.update(content);
      file.idle = this.idleTimer(id);
    } catch (error) {
      await this.cancel(id);
      throw asFileError(error, file.part);
    }
  }

  /** The whole file has come. @returns its path; the same file that is dropped again has the same @throws AppError 'corrupt-file' */
  async end(id: number): Promise<string> {
    const file = this.require(id);
    if (file.written !== file.bytes) {
      await this.cancel(id);
      throw new AppError('corrupt-file', `${file.name} came with ${file.written} of ${file.bytes} bytes: drop it again`);
    }
    this.files.delete(id);
    clearTimeout(file.idle);
    try {
      await file.handle.sync();
      return this.keep(file);
    } catch (error) {
      throw asFileError(error, file.part);
    } finally {
      await discard(file);
    }
  }

  /** Puts a whole file in its place, unless it is there already. @returns where that is */
  private keep(file: Dropped): string {
    const folder = path.join(this.folder, file.hash.digest('hex').slice(0, 12));
    mkdirSync(folder, { recursive: true });
    // The same file may be called otherwise by now: it was unpacked beside the one of before. Others there are a person's exports.
    const known = readdirSync(folder).find(
      (each) => isZip(path.join(folder, each)) && statSync(path.join(folder, each)).size === file.bytes,
    );
    if (known !== undefined) return path.join(folder, known);
    const name = freeName(file.name.replace(/\.zip$/i, '').slice(0, longestName), (each) => existsSync(path.join(folder, `${each}.zip`)));
    const target = path.join(folder, `${name}.zip`);
    renameSync(file.part, target);
    return target;
  }

  /** Gives a file up; what came of it is removed. Never rejects. */
  async cancel(id: number): Promise<void> {
    const file = this.files.get(id);
    if (!file) return;
    this.files.delete(id);
    clearTimeout(file.idle);
    await discard(file);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.files.keys()].map((id) => this.cancel(id)));
  }
}

/** Lets go of a part, and removes what is left of it. Never rejects. */
async function discard({ handle, part }: Dropped): Promise<void> {
  await handle.close().catch(() => undefined);
  removePartial(part);
}
