import { AppError, errorCodes, type ErrorCode } from '../errors.ts';
import type { WireError } from './frames.ts';

/** An AppError as it is; anything else as `internal`, without its inner workings. */
export function toWireError(error: unknown): WireError {
  if (error instanceof AppError) return { code: error.code, message: error.message, details: error.details };
  return { code: 'internal', message: 'Something went wrong inside the workbench; its log has the details.', details: {} };
}

/** Rebuilds the AppError; an unknown code becomes `internal`. */
export function fromWireError({ code, message, details }: WireError): AppError {
  const known = (errorCodes as readonly string[]).includes(code);
  return new AppError(known ? (code as ErrorCode) : 'internal', message, details);
}
