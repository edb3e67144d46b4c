import { mkdirSync } from 'node:fs';
import path from 'node:path';
import pino, { type Logger } from 'pino';
import { createStream } from 'rotating-file-stream';

export type { Logger } from 'pino';

const fileName = 'workbench.log';

/** The workbench's log file, and who closes it. */
export interface LogFile {
  logger: Logger;
  /** null where there is no file: the log then goes to stderr. */
  file: string | null;
  /** Writes what is buffered and closes the file. Never rejects. */
  close: () => Promise<void>;
}

/**
 * Opens the one log file, in the user's data folder: five files of two megabytes at most. Where none can be written the log goes
 * to stderr, and says why. No token, no mask and no file content is ever logged.
 */
export function openLog(userData: string): LogFile {
  const folder = path.join(userData, 'logs');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const logger = pino({ base: { pid: process.pid } }, pino.destination(2));
    logger.warn({ err: error }, `${folder} cannot be made: the log goes to stderr`);
    return { logger, file: null, close: () => Promise.resolve() };
  }
  const stream = createStream(fileName, { path: folder, size: '2M', maxFiles: 5 });
  // A log that cannot be written (a full disk) must not end what it tells of.
  stream.on('error', (error) => process.stderr.write(`The log cannot be written: ${error.message}\n`));
  stream.on('warning', () => undefined);
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return { logger, file: path.join(folder, fileName), close: () => new Promise((resolve) => stream.end(() => resolve())) };
}
