/** The closed set of error codes that cross the wire. */
export const errorCodes = [
  'invalid-argument',
  'not-found',
  'not-a-dataset',
  'corrupt-file',
  'read-only',
  'conflict',
  'busy',
  'cancelled',
  'disconnected',
  'trainer-failed',
  'out-of-memory',
  'disk-full',
  'unsupported',
  'forbidden',
  'too-large',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];
export type ErrorDetails = Record<string, string | number | boolean | null>;

/** An error a person can act on: its message names the file or argument, the rule and the value received. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What work makes, or something else where it is refused for a reason that a person can act on; a fault of the program stays one. */
export function unlessRefused<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) return otherwise;
    throw error;
  }
}

/** Whether a person has given up what failed: that is nothing to be told of. */
export const isCancelled = (error: unknown): boolean => error instanceof AppError && error.code === 'cancelled';
