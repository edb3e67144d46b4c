import { constants, existsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { AppError } from '#shared/errors';
import { Serial } from '#shared/serial';
import { asFileError } from '#files/atomic-write';
import { refuseSharedFile } from '#files/file-identity';

const magic = Buffer.from('ENCJRNL1');
const frameHead = 8;
/** No frame of ours is larger: a length beyond is damage. */
const largestFrame = 1 << 30;

/** A journal is written anew long before it has so many. */
const mostFrames = 2_000_000;

/** Frames that were read, and what lies behind the last whole one. */
export interface ReadJournal {
  frames: Uint8Array[];
  /** Bytes that belong to whole frames. */
  soundBytes: number;
  /** Bytes behind them: of an append that a kill cut off, or damage. */
  rest: Uint8Array;
}

function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHead + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(payload), 4);
  bytes.set(payload, frameHead);
  return bytes;
}

/** Cuts a journal's bytes into frames. Only what is whole and has its check sum counts. */
export function readFrames(bytes: Uint8Array): ReadJournal {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < magic.length || !buffer.subarray(0, magic.length).equals(magic)) {
    return { frames: [], soundBytes: 0, rest: buffer };
  }
  const frames: Uint8Array[] = [];
  let at = magic.length;
  while (at + frameHead <= buffer.length) {
    const length = buffer.readUInt32LE(at);
    const end = at + frameHead + length;
    // No frame of ours is empty: a hole in a file is zeros, each eight of which would be a whole one.
    if (length === 0 || length > largestFrame || end > buffer.length || frames.length >= mostFrames) break;
    const payload = buffer.subarray(at + frameHead, end);
    if (crc32(payload) !== buffer.readUInt32LE(at + 4)) break;
    frames.push(payload);
    at = end;
  }
  return { frames, soundBytes: at, rest: buffer.subarray(at) };
}

/** How much is summed up while looking for frames in damage: beyond it, so many bytes are damage whatever they hold. */
const mostSummedBytes = 64_000_000;

/**
 * Whether bytes behind the last whole frame hold more than the beginning of one that a kill cut off: then they are damaged, and may
 * hold what somebody was told is safe.
 */
export function holdsMore(rest: Uint8Array): boolean {
  const buffer = Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength);
  if (buffer.length < frameHead) return false;
  if (frameHead + buffer.readUInt32LE(0) <= buffer.length) return true;
  let summed = 0;
  for (let at = 1; at + frameHead < buffer.length; at++) {
    const end = at + frameHead + buffer.readUInt32LE(at);
    if (end <= at + frameHead || end > buffer.length) continue;
    if (crc32(buffer.subarray(at + frameHead, end)) === buffer.readUInt32LE(at + 4)) return true;
    summed += end - at;
    if (summed > mostSummedBytes) return true;
  }
  return false;
}

/** The journal's file is not the one that was written any more: another program removed, shortened or wrote it. */
export class JournalLost extends AppError {
  constructor(file: string, what: string) {
    super('conflict', `${file} was ${what} while it was in use`, { file });
  }
}

/** What a handle says whose disk has gone, and may have come back since: the file itself may well take more. */
const deadHandle: ReadonlySet<unknown> = new Set(['EBADF', 'EIO', 'ENODEV', 'ENOTCONN', 'ENXIO', 'ESTALE']);

/**
 * An append-only file of frames, each with its length and check sum. An append is on the disk when it resolves; one that fails
 * leaves nothing behind. Appends are done in their order. What another program did to the file is never overwritten.
 */
export class JournalFile {
  readonly file: string;
  private readonly handle: FileHandle;
  private length: number;
  private readonly appends = new Serial();
  /** Whether an append of ours failed and may have left a piece. */
  private torn = false;
  private closed = false;

  private constructor(file: string, handle: FileHandle, length: number) {
    this.file = file;
    this.handle = handle;
    this.length = length;
  }

  /** Begins a journal in a file that there is not yet. @throws AppError as files do */
  static async create(file: string): Promise<JournalFile> {
    return JournalFile.opened(file, constants.O_CREAT | constants.O_EXCL, async (handle) => {
      await handle.write(magic, 0, magic.length, 0);
      return magic.length;
    });
  }

  /**
   * Opens a journal that was read, and cuts off what lies behind its sound bytes.
   * @param readBytes its length when it was read
   * @throws JournalLost if it is not there or has another length now
   */
  static async reopen(file: string, soundBytes: number, readBytes: number): Promise<JournalFile> {
    if (!existsSync(file)) throw new JournalLost(file, 'removed by another program');
    refuseSharedFile(file);
    return JournalFile.opened(file, 0, async (handle) => {
      if ((await handle.stat()).size !== readBytes) throw new JournalLost(file, 'changed by another program');
      if (soundBytes !== readBytes) await handle.truncate(soundBytes);
      return soundBytes;
    });
  }

  private static async opened(file: string, flags: number, begin: (handle: FileHandle) => Promise<number>): Promise<JournalFile> {
    let handle: FileHandle | null = null;
    try {
      handle = await open(file, constants.O_RDWR | flags | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0), 0o644);
      const length = await begin(handle);
      await handle.datasync();
      return new JournalFile(file, handle, length);
    } catch (error) {
      await handle?.close();
      throw asFileError(error, file);
    }
  }

  get bytes(): number {
    return this.length;
  }

  /**
   * @throws AppError 'disk-full' and the like: nothing of the frame is then in the file
   * @throws JournalLost if the file is not as it was left
   */
  async append(payload: Uint8Array): Promise<void> {
    if (this.closed) throw new AppError('cancelled', `${this.file} is closed`);
    try {
      await this.appends.run(() => this.write(frame(payload)));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (deadHandle.has(code)) throw new JournalLost(this.file, `cut off (${code})`);
      throw asFileError(error, this.file);
    }
  }

  private async write(bytes: Buffer): Promise<void> {
    const { size, nlink } = await this.handle.stat();
    if (nlink === 0) throw new JournalLost(this.file, 'removed by another program');
    if (size < this.length || (size > this.length && !this.torn)) throw new JournalLost(this.file, 'changed by another program');
    if (size > this.length) await this.handle.truncate(this.length);
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await this.handle.write(bytes, done, bytes.length - done, this.length + done)).bytesWritten;
      }
      await this.handle.datasync();
      this.length += bytes.length;
      this.torn = false;
    } catch (error) {
      this.torn = true;
      // Tried again before the next append where it fails now.
      await this.handle.truncate(this.length).catch(() => undefined);
      throw error;
    }
  }

  /** Waits for what is being written and closes the file. Never rejects. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.appends.idle();
    await this.handle.close().catch(() => undefined);
  }
}
