import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { AppError, messageOf } from '#shared/errors';
import { assertBox, type MaskPatch, type MaskSize, type WirePatch } from '#shared/mask/patch';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Pieces in which zlib hands over what it made: small ones would be put together on main's thread. */
const chunkSize = 1 << 22;

/** Packs bytes on a thread of the system's. */
export const pack = (bytes: Uint8Array): Promise<Uint8Array> => deflate(bytes, { level: 1, chunkSize });

/** @param longest bytes that may come out: what claims more is refused before it fills the memory */
export async function unpack(bytes: Uint8Array, longest: number): Promise<Uint8Array> {
  // Something of at least one byte: zlib takes no limit of nothing.
  const plain = await inflate(bytes, { maxOutputLength: Math.max(1, longest), chunkSize });
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}

/** A patch as a window sent it. @throws AppError 'invalid-argument' if it does not lie in the mask or cannot be unpacked */
export async function unpackPatch({ packed, ...patch }: WirePatch, size: MaskSize): Promise<MaskPatch> {
  if (!packed) return patch;
  assertBox(patch, size);
  const pixels = patch.width * patch.height;
  try {
    return { ...patch, changed: await unpack(patch.changed, Math.ceil(pixels / 8)), values: await unpack(patch.values, pixels) };
  } catch (error) {
    throw new AppError('invalid-argument', `patch could not be unpacked: ${messageOf(error)}`);
  }
}
