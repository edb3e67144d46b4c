import { statSync } from 'node:fs';
import { AppError } from '#shared/errors';
import { holderText, Lease, type LeaseHolder } from '#files/lease';

interface AccessOptions {
  folder: string;
  /** Whether the system lets masks be written. */
  permitted: boolean;
  /** The lease, or who has it. */
  lease: Lease | LeaseHolder;
}

const identityOf = (folder: string): string | null => {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.dev}:${stat.ino}` : null;
};

/** Whether this workbench may write a data set, asked before every write, and why not. */
export class DatasetAccess {
  private readonly options: AccessOptions;
  private readonly identity: string | null;
  /** Who has the lease where this workbench does not. */
  private holder: LeaseHolder | null;

  constructor(options: AccessOptions) {
    this.options = options;
    this.identity = identityOf(options.folder);
    this.holder = options.lease instanceof Lease ? null : options.lease;
  }

  /** The lease has gone to another. */
  lostTo(holder: LeaseHolder | null): void {
    this.holder = holder;
  }

  /** The other workbench that has the data set, in words; null if this one has it. */
  heldBy(): string | null {
    const { lease } = this.options;
    if (lease instanceof Lease && lease.held) return null;
    return this.holder ? holderText(this.holder) : 'another workbench';
  }

  /** Why nothing may be written, in one sentence; null where it may. Costs a look at the folder. */
  readOnlyReason(): string | null {
    const { folder, permitted } = this.options;
    const heldBy = this.heldBy();
    if (heldBy) return `${folder} is open in ${heldBy}, so it is read only here`;
    if (!permitted) return `${folder} cannot be written, so its masks are read only`;
    return null;
  }

  /** @throws AppError 'not-found' if the folder is gone, 'read-only' where nothing may be written */
  assertWritable(): void {
    const { folder, lease } = this.options;
    if (lease instanceof Lease) lease.check();
    if (identityOf(folder) !== this.identity) {
      throw new AppError(
        'not-found',
        `${folder} is gone: it was moved, renamed or deleted while it was open. Put it back, or open it where it is now`,
        {
          file: folder,
        },
      );
    }
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
