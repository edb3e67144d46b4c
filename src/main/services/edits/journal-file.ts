import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { AppError } from '#shared/errors';
import { Serial } from '#shared/serial';
import { asFileError } from '#files/atomic-write';

const magic = Buffer.from('ENCJRNL1');
const frameHead = 8;
/** No frame of ours is larger: a length beyond is damage. */
const largestFrame = 1 << 30;

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
    if (length > largestFrame || end > buffer.length) break;
    const payload = buffer.subarray(at + frameHead, end);
    if (crc32(payload) !== buffer.readUInt32LE(at + 4)) break;
    frames.push(payload);
    at = end;
  }
  return { frames, soundBytes: at, rest: buffer.subarray(at) };
}

/**
 * Whether bytes behind the last whole frame hold more than the beginning of one that a kill cut off: then they are damaged, and may
 * hold what somebody was told is safe.
 */
export function holdsMore(rest: Uint8Array): boolean {
  const buffer = Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength);
  if (buffer.length < frameHead) return false;
  if (frameHead + buffer.readUInt32LE(0) <= buffer.length) return true;
  for (let at = 1; at + frameHead < buffer.length; at++) {
    const end = at + frameHead + buffer.readUInt32LE(at);
    if (end > at + frameHead && end <= buffer.length && crc32(buffer.subarray(at + frameHead, end)) === buffer.readUInt32LE(at + 4))
      return true;
  }
  return false;
}

/**
 * An append-only file of frames, each with its length and check sum. An append is on the disk when it resolves; one that fails
 * leaves nothing behind. Appends are done in their order.
 */
export class JournalFile {
  readonly file: string;
  private readonly handle: FileHandle;
  private length: number;
  private readonly appends = new Serial();
  private closed = false;

  private constructor(file: string, handle: FileHandle, length: number) {
    this.file = file;
    this.handle = handle;
    this.length = length;
  }

  /** Opens a journal behind its sound bytes, and cuts off what lies beyond. @param soundBytes 0 begins anew */
  static async open(file: string, soundBytes: number): Promise<JournalFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    let handle: FileHandle;
    try {
      handle = await open(file, flags, 0o644);
    } catch (error) {
      throw asFileError(error, file);
    }
    try {
      await handle.truncate(soundBytes);
      if (soundBytes === 0) await handle.write(magic, 0, magic.length, 0);
      await handle.datasync();
      return new JournalFile(file, handle, soundBytes === 0 ? magic.length : soundBytes);
    } catch (error) {
      await handle.close();
      throw asFileError(error, file);
    }
  }

  get bytes(): number {
    return this.length;
  }

  /** @throws AppError 'disk-full', 'not-found' if the file was removed meanwhile; nothing of the frame is then in the file */
  async append(payload: Uint8Array): Promise<void> {
    if (this.closed) throw new AppError('cancelled', `${this.file} is closed`);
    try {
      await this.appends.run(() => this.write(frame(payload)));
    } catch (error) {
      throw asFileError(error, this.file);
    }
  }

  private async write(bytes: Buffer): Promise<void> {
    // A failed append may have left a piece, and so may one whose cutting off failed too.
    const { size, nlink } = await this.handle.stat();
    if (nlink === 0) throw new AppError('not-found', `${this.file} was removed while it was in use`, { file: this.file });
    if (size !== this.length) await this.handle.truncate(this.length);
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await this.handle.write(bytes, done, bytes.length - done, this.length + done)).bytesWritten;
      }
      await this.handle.datasync();
      this.length += bytes.length;
    } catch (error) {
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
