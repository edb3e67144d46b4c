import { AppError } from '#shared/errors';

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether a write may succeed later: the disk is full, or another program holds the file. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return /^SQLITE_(FULL|BUSY|LOCKED|IOERR|READONLY|CANTOPEN)/.test(code) || code === 'ENOSPC' || code === 'EDQUOT' || code === 'disk-full';
}

const sentences: [RegExp, ConstructorParameters<typeof AppError>[0], string][] = [
  [/^SQLITE_FULL/, 'disk-full', 'could not be written: the disk is full. Make room and try again'],
  [/^SQLITE_(BUSY|LOCKED)/, 'busy', 'is locked by another program: close that program or wait for it, then try again'],
  [/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/, 'read-only', 'cannot be opened for writing: check its permissions and those of its folder'],
  [/^SQLITE_(NOTADB|CORRUPT)/, 'corrupt-file', 'is damaged, or no history of the workbench: move it away and open the folder again'],
  [/^SQLITE_IOERR/, 'disk-full', 'could not be read or written by the system: the disk may be full, or have gone'],
  [
    /^SQLITE_(ERROR|CONSTRAINT|MISMATCH)/,
    'corrupt-file',
    'is not as the workbench left it (another program changed it): move it away and open the folder again',
  ],
];

/** An error of the history as one a person can act on; anything else as it is. @param file of the database */
export function asDatabaseError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const found = sentences.find(([pattern]) => pattern.test(code));
  return found ? new AppError(found[1], `${file} ${found[2]} (${code})`, { file }) : error;
}
