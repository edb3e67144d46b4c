import path from 'node:path';
import type { ClassInfo } from '#shared/classes/class-info';
import { AppError } from '#shared/errors';
import type { RunConfig } from '#shared/training/run-config';
import type { WeightFit } from '#shared/training/weight-fit';
import { Job } from '../jobs/job.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';

/** Looks at weight files in a process of its own, one at a time: a new look ends the one before. Its owner closes it. */
export class WeightLook {
  private readonly host: TrainerHost;
  private readonly log: Logger;
  private job: Job | null = null;
  private closed = false;

  constructor(host: TrainerHost, log: Logger) {
    [this.host, this.log] = [host, log];
  }

  /** @param classes of the data set @throws AppError as the reading of the file, or 'cancelled' where another look took its place */
  async look(file: string, config: RunConfig, classes: ClassInfo[]): Promise<WeightFit> {
    if (!path.isAbsolute(file)) throw new AppError('invalid-argument', `A weight file must be named by its whole path, received ${file}`);
    if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
    this.job?.kill();
    let fit: WeightFit | null = null;
    const job = new Job({
      host: this.host,
      job: { kind: 'look-at-weights', file, config, classes },
      onEvent: (event) => {
        if (event.type === 'weights') fit = event.fit;
      },
      onEnd: () => undefined,
      report: (error, during) => this.log.error({ err: error, file }, during),
    });
    this.job = job;
    const { code, reason } = await job.ended;
    if (this.job !== job) throw new AppError('cancelled', 'Another weight file was looked at instead');
    this.job = null;
    if (!fit) throw new AppError(code ?? 'trainer-failed', reason ?? `${file} could not be looked at`, { file });
    return fit;
  }

  /** Ends a look that nobody waits for any more. */
  cancel(): void {
    this.job?.kill();
    this.job = null;
  }

  /** Ends a look under way: it writes nothing. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    const { job } = this;
    this.cancel();
    await job?.ended;
  }
}
