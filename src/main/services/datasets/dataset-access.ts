import { AppError } from '#shared/errors';
import { identityOf } from '#files/file-identity';
import { holderText, Lease, type LeaseHolder } from '#files/lease';

interface AccessOptions {
  folder: string;
  /** Where its masks lie. */
  labelFolders: readonly string[];
  /** Whether the system lets masks be written. */
  permitted: boolean;
  /** The lease, or who has it. */
  lease: Lease | LeaseHolder;
}

/** Whether this workbench may write a data set, asked before every write, and why not. */
export class DatasetAccess {
  private readonly options: AccessOptions;
  /** The folders as they were when the data set was opened; one that was not there may come. */
  private readonly identities: [folder: string, identity: string][];
  /** Who has the lease where this workbench does not, in words. */
  private holder: string;

  constructor(options: AccessOptions) {
    this.options = options;
    this.identities = [options.folder, ...options.labelFolders].flatMap((folder): [string, string][] => {
      const identity = identityOf(folder);
      return identity === null ? [] : [[folder, identity]];
    });
    this.holder = options.lease instanceof Lease ? 'another workbench' : holderText(options.lease);
  }

  /** The lease has gone to another. @param holder in words */
  lostTo(holder: string): void {
    this.holder = holder;
  }

  /** The other workbench that has the data set, in words; null if this one has it. */
  heldBy(): string | null {
    const { lease } = this.options;
    if (lease instanceof Lease && lease.held) return null;
    return this.holder;
  }

  /** Why nothing may be written, in one sentence; null where it may. Costs a look at the folder. */
  readOnlyReason(): string | null {
    const { folder, permitted } = this.options;
    const heldBy = this.heldBy();
    if (heldBy) return `${folder} is open in ${heldBy}, so it is read only here`;
    if (!permitted) return `${folder}, its masks or its .encnet cannot be written, so its masks are read only`;
    return null;
  }

  /** Whether the folder and its label folders are those that were opened. */
  get isThere(): boolean {
    return this.gone(() => true) === null;
  }

  /** Whether one of them is not there at all. */
  get isAway(): boolean {
    return this.identities.some(([folder]) => identityOf(folder) === null);
  }

  /** The first of the folders asked for that is not the one that was opened; null if all are. */
  private gone(isAsked: (folder: string) => boolean): string | null {
    const found = this.identities.find(([folder, identity]) => isAsked(folder) && identityOf(folder) !== identity);
    return found?.[0] ?? null;
  }

  /**
   * @param labels a label folder that is asked for too; the data set's own always is
   * @throws AppError 'not-found' if a folder is not the one that was opened
   */
  assertThere(labels?: string): void {
    const folder = this.gone((each) => each === this.options.folder || each === labels);
    if (folder === null) return;
    const text = `${folder} is gone: it was moved, renamed or deleted while it was open. Put it back, or open the data set again`;
    throw new AppError('not-found', text, { file: folder });
  }

  /** @throws AppError 'not-found' if the folder is gone, 'read-only' where nothing may be written */
  assertWritable(labels?: string): void {
    const { folder, lease } = this.options;
    if (lease instanceof Lease) lease.check();
    this.assertThere(labels);
    const reason = this.readOnlyReason();
    if (reason) throw new AppError('read-only', reason, { file: folder });
  }

  /** Whether this workbench may write the history. */
  get owned(): boolean {
    const { lease } = this.options;
    return lease instanceof Lease && lease.check();
  }

  /** The same for what lies in the workbench's own folder, which is the user's where the data set is read only. */
  assertOwned(): void {
    const { folder, lease } = this.options;
    if (lease instanceof Lease && lease.check()) return;
    throw new AppError('read-only', `${folder} is open in ${this.heldBy()}, so it is read only here`, { file: folder });
  }
}
