import type { ErrorDetails } from '../errors.ts';

/** An error as it crosses the wire. */
export interface WireError {
  code: string;
  message: string;
  details: ErrorDetails;
}

export interface CallFrame {
  kind: 'call';
  id: number;
  /** `service.method` */
  method: string;
  input: unknown;
  /** The data set that the caller shows: a call never reaches another one. */
  dataset?: string;
}

export type ResultFrame =
  { kind: 'result'; id: number; ok: true; value: unknown } | { kind: 'result'; id: number; ok: false; error: WireError };

export interface EventFrame {
  kind: 'event';
  name: string;
  payload: unknown;
  /** The data set that it is about, where it is about one. */
  dataset?: string;
}

/** What a server sends. Both transports, IPC and WebSocket, carry exactly these. */
export type ServerFrame = ResultFrame | EventFrame;

/** Whether something is a call: what arrives, over whichever transport, may be anything. */
export function isCall(frame: unknown): frame is CallFrame {
  const candidate = frame as Partial<CallFrame> | null;
  const dataset = candidate?.dataset;
  return (
    candidate?.kind === 'call' &&
    Number.isInteger(candidate.id) &&
    typeof candidate.method === 'string' &&
    (dataset === undefined || typeof dataset === 'string')
  );
}
