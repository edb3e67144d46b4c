import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { decode, encode } from '@msgpack/msgpack';
import { z } from 'zod';
import { AppError } from '#shared/errors';
import { assertPatch, type MaskSize } from '#shared/mask/patch';
import type { EditStep } from './edit-history.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const count = z.int().min(0);
const step = z.object({
  id: z.int().min(1),
  label: z.string().max(200),
  stroke: z.string().max(80).nullable(),
  left: count,
  top: count,
  width: z.int().min(1),
  height: z.int().min(1),
  changed: bytes,
  before: bytes,
  after: bytes,
});
const revision = z
  .string()
  .regex(/^[0-9a-f]{8,64}$/)
  .nullable();
const recordSchema = z.discriminatedUnion('kind', [
  /** The first record: the mask, and the state that the steps begin with. Its revision is left out where no file was ever written of it. */
  z.object({
    kind: z.literal('begin'),
    image: z.string().max(1024),
    width: z.int().min(1),
    height: z.int().min(1),
    revision: revision.optional(),
    mark: count,
  }),
  z.object({ kind: z.literal('step'), session: z.string().max(40), step }),
  z.object({ kind: z.literal('undo') }),
  z.object({ kind: z.literal('redo') }),
  /** Comes before the file is written: the state that `mark` names is about to become this revision. */
  z.object({ kind: z.literal('saving'), revision, mark: count }),
]);

/** What a journal records: steps in stored values, so that no class set changes their meaning. */
export type JournalRecord = z.infer<typeof recordSchema>;

/** Whether a payload is packed is told by its first byte; small ones are not worth it. */
const packedFrom = 16_384;
const largestRecord = 1 << 29;

/** Encodes a record for a frame of the journal. */
export async function encodeRecord(record: JournalRecord): Promise<Uint8Array> {
  const plain = encode(record);
  const packed = plain.length >= packedFrom;
  const body = packed ? await deflate(plain, { level: 1 }) : plain;
  const payload = new Uint8Array(1 + body.length);
  payload[0] = packed ? 1 : 0;
  payload.set(body, 1);
  return payload;
}

/** Reads a record. @throws Error if it is none */
export async function decodeRecord(payload: Uint8Array): Promise<JournalRecord> {
  const body = payload.subarray(1);
  const plain = payload[0] === 1 ? await inflate(body, { maxOutputLength: largestRecord }) : body;
  return recordSchema.parse(decode(plain, { maxMapLength: 32, maxArrayLength: 0, maxExtLength: 0 }));
}

/** @throws AppError 'invalid-argument' if a step does not fit a mask of this size */
export function assertStep({ before, after, ...box }: EditStep, size: MaskSize): void {
  assertPatch({ ...box, values: after }, size);
  if (before.length !== after.length) throw new AppError('invalid-argument', 'a step must have as many values before as after it');
}
