import type { EditProblem } from '#shared/contract/edits';
import { AppError, messageOf } from '#shared/errors';
import type { Logger } from '../log.ts';

/** What of a mask is written: the journal of its changes, and its file. */
type Written = 'journal' | 'file';

function problemOf(error: unknown): EditProblem {
  const code = error instanceof AppError ? error.code : 'internal';
  const kind = code === 'disk-full' ? 'disk' : code === 'not-found' || code === 'read-only' ? 'gone' : 'other';
  const text =
    kind === 'other' && !(error instanceof AppError)
      ? 'Something went wrong inside the workbench; its log has the details'
      : messageOf(error);
  return { kind, text };
}

/** Why a mask cannot be written now. Its journal and its file fail, and are mended, each for itself. */
export class EditTroubles {
  private readonly of: Record<Written, EditProblem | null> = { journal: null, file: null };
  private readonly imageId: string;
  private readonly log: Logger;
  private readonly changed: () => void;

  /** @param changed told when there is another trouble, or none any more */
  constructor(imageId: string, log: Logger, changed: () => void) {
    [this.imageId, this.log, this.changed] = [imageId, log, changed];
  }

  /** That of the journal goes first: without it nothing is safe, and a file is not written either. */
  get problem(): EditProblem | null {
    return this.of.journal ?? this.of.file;
  }

  failed(written: Written, error: unknown): void {
    const problem = problemOf(error);
    if (problem.kind === 'other') this.log.error({ err: error, image: this.imageId, written }, 'a mask could not be kept');
    this.set(written, problem);
  }

  mended(written: Written): void {
    this.set(written, null);
  }

  private set(written: Written, problem: EditProblem | null): void {
    const before = this.problem?.text;
    this.of[written] = problem;
    if (before !== this.problem?.text) this.changed();
  }
}
