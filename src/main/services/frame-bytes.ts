// Frames as both hosts carry them: bytes, so that what is in one is copied once, and nothing of a page's own objects is.
import { decode, encode } from '@msgpack/msgpack';
import { assertShallow } from '#shared/rpc/assert-shallow';
import { isCall, type CallFrame, type ServerFrame } from '#shared/rpc/frames';
import { toWireError } from '#shared/rpc/wire-errors';
import type { Logger } from './log.ts';

/** The longest lists of the contract, a million names or 200,000 images with a mark each, and what stands around them. */
const mostInCall = 1_001_000;

/** What cannot be encoded is an error of the call that it answers, and of no other. @throws what an event's encoding throws */
export function frameBytes(frame: ServerFrame, log: Logger): Uint8Array {
  try {
    return encode(frame, { ignoreUndefined: true });
  } catch (error) {
    log.error({ err: error, kind: frame.kind }, 'something could not be sent to a window');
    if (frame.kind !== 'result') throw error;
    return encode({ kind: 'result', id: frame.id, ok: false, error: toWireError(error) } satisfies ServerFrame);
  }
}

/** @returns null for what is no call */
export function callIn(bytes: Uint8Array): CallFrame | null {
  try {
    assertShallow(bytes, mostInCall);
    const frame = decode(bytes);
    return isCall(frame) ? frame : null;
  } catch {
    return null;
  }
}
