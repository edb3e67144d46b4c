import { AppError } from '#shared/errors';

/** A claim on the device that trains. Whoever takes it gives it back. */
export interface DeviceClaim {
  /** Gives it back; may be called again. */
  free: () => void;
}

/** The one device: who has it, and that the next one waits or is refused. */
export class Device {
  private user: { what: string } | null = null;
  private readonly freed = new Set<() => void>();

  /** What has it, in words; null if it is free. */
  get takenBy(): string | null {
    return this.user?.what ?? null;
  }

  /** Calls back each time it becomes free. */
  onFreed(listener: () => void): () => void {
    this.freed.add(listener);
    return () => this.freed.delete(listener);
  }

  /** @param what takes it, as "A training run" @throws AppError 'busy' naming what has it */
  take(what: string): DeviceClaim {
    if (this.user) throw new AppError('busy', `${this.user.what} is going on: stop it or wait for its end. A new run can be put in line`);
    const claim = { what };
    this.user = claim;
    return {
      free: () => {
        if (this.user !== claim) return;
        this.user = null;
        for (const listener of this.freed) listener();
      },
    };
  }
}
