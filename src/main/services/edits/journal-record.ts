import { decode, encode } from '@msgpack/msgpack';
import { z } from 'zod';
import { AppError } from '#shared/errors';
import { assertShallow } from '#shared/rpc/assert-shallow';
import { assertBox, assertPatchInTurns, type MaskSize } from '#shared/mask/patch';
import type { EditStep } from '#shared/mask/edit-history';
import { pack, unpack } from './packing.ts';
import { breathe } from '../turns.ts';

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
  /** As JSON: what codes stand for that are in no class set. */
  kinds: z.string().max(65_536).optional(),
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
    /** Names what codes mean in a mask of colours; missing where they are stored values. */
    codes: z.string().max(40).optional(),
  }),
  z.object({ kind: z.literal('step'), session: z.string().max(40), step }),
  z.object({ kind: z.literal('undo') }),
  z.object({ kind: z.literal('redo') }),
  /**
   * Comes before the file is written: the state that `mark` names is about to become this revision. `kept` where it is in the mask's past
   * already, whatever becomes of the file.
   */
  z.object({ kind: z.literal('saving'), revision, mark: count, kept: z.boolean().optional() }),
  /** Comes after it: the file has become this revision. */
  z.object({ kind: z.literal('saved'), revision, mark: count }),
]);

/** What a journal records: steps in stored values, so that no class set changes their meaning. */
export type JournalRecord = z.infer<typeof recordSchema>;

/** What was done, each once, in its order. */
export const labelsOf = (changes: readonly JournalRecord[]): string[] => [
  ...new Set(changes.flatMap((change) => (change.kind === 'step' ? [change.step.label] : []))),
];

/** From how many bytes on a step's arrays are packed. */
const packedFrom = 16_384;
/** No mask that opens has more pixels. */
const mostPixels = 1 << 29;

const arrays = ['changed', 'before', 'after'] as const;

type ArrayName = (typeof arrays)[number];

async function eachArray(of: EditStep, work: (bytes: Uint8Array, name: ArrayName) => Promise<Uint8Array>): Promise<EditStep> {
  const made = await Promise.all(arrays.map((name) => work(of[name], name)));
  return { ...of, ...Object.fromEntries(arrays.map((name, index) => [name, made[index]])) };
}

/** Encodes a record for a frame of the journal: a byte that tells whether its arrays are packed, then msgpack. */
export async function encodeRecord(record: JournalRecord): Promise<Uint8Array> {
  const packed = record.kind === 'step' && record.step.changed.length + 2 * record.step.after.length >= packedFrom;
  const body = encode(packed ? { ...record, step: await eachArray(record.step, pack) } : record);
  const payload = new Uint8Array(1 + body.length);
  payload[0] = packed ? 1 : 0;
  payload.set(body, 1);
  return payload;
}

/**
 * Reads a record.
 * @param size of the mask that it is of, which a step lies in; null for the first record, which tells it
 * @throws Error if it is none
 */
export async function decodeRecord(payload: Uint8Array, size: MaskSize | null): Promise<JournalRecord> {
  const body = payload.subarray(1);
  assertShallow(body);
  const record = recordSchema.parse(decode(body, { maxMapLength: 32, maxArrayLength: 0, maxExtLength: 0 }));
  if (payload[0] !== 1 || record.kind !== 'step') return record;
  const pixels = record.step.width * record.step.height;
  if (!size || pixels > mostPixels) throw new Error(`its step is of ${pixels} pixels`);
  // Before anything is unpacked: a few bytes may claim to be a whole mask.
  assertBox(record.step, size);
  const longest = (name: ArrayName) => (name === 'changed' ? Math.ceil(pixels / 8) : pixels);
  return { ...record, step: await eachArray(record.step, (bytes, name) => unpack(bytes, longest(name))) };
}

/** @throws AppError 'invalid-argument' if a step does not fit a mask of this size */
export async function assertStep({ before, after, ...box }: EditStep, size: MaskSize): Promise<void> {
  await assertPatchInTurns({ ...box, values: after }, size, breathe);
  if (before.length !== after.length) throw new AppError('invalid-argument', 'a step must have as many values before as after it');
}
