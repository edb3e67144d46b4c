import { AppError, errorCodes, messageOf, type ErrorCode } from '../errors.ts';
import type { WireError } from './frames.ts';

/**
 * An AppError as it is; anything else as `internal`, without its inner workings.
 * @param inner keeps the inner workings: for a thread of the same application, whose errors go on to the log
 */
export function toWireError(error: unknown, inner = false): WireError {
  if (error instanceof AppError) return { code: error.code, message: error.message, details: error.details };
  if (inner) {
    const stack = error instanceof Error ? (error.stack ?? null) : null;
    return { code: 'internal', message: messageOf(error), details: { stack } };
  }
  return { code: 'internal', message: 'Something went wrong inside the workbench; its log has the details.', details: {} };
}

/** Rebuilds the AppError; an unknown code becomes `internal`. */
export function fromWireError({ code, message, details }: WireError): AppError {
  const known = (errorCodes as readonly string[]).includes(code);
  return new AppError(known ? (code as ErrorCode) : 'internal', message, details);
}
