import os from 'node:os';
import { Piscina } from 'piscina';
import { fromWireError } from '#shared/rpc/wire-errors';
import type { Answer, TaskInput, TaskName, TaskResult } from './mask-tasks.ts';

const idleMs = 10_000;
/** What is done for every image of a data set; anything else is done for a person who waits. */
const forEveryImage: ReadonlySet<TaskName> = new Set(['survey', 'keepMask', 'maskPicture']);

/**
 * The worker threads of main: nothing that takes milliseconds by the pixel runs on main's own thread. Masks under edit and the survey
 * of a data set have threads of their own, so that a stroke never waits for twelve thousand images.
 */
export class Workers {
  private readonly editing: Piscina;
  private readonly surveying: Piscina;

  /** @param entry file of the worker */
  constructor(entry: string) {
    const common = { filename: entry, minThreads: 0, idleTimeout: idleMs, recordTiming: false };
    this.editing = new Piscina({ ...common, maxThreads: 2 });
    this.surveying = new Piscina({ ...common, maxThreads: Math.max(1, Math.min(4, os.availableParallelism() - 1)) });
  }

  /** Does a task in a thread. @throws AppError what the task throws */
  async run<Name extends TaskName>(name: Name, input: TaskInput<Name>): Promise<TaskResult<Name>> {
    const pool = forEveryImage.has(name) ? this.surveying : this.editing;
    const answer = (await pool.run(input, { name })) as Answer<TaskResult<Name>>;
    if (answer.ok) return answer.value;
    throw fromWireError(answer.error);
  }

  /** Surveys under way at the same time that keep every thread busy. */
  get surveysTogether(): number {
    return this.surveying.options.maxThreads * 2;
  }

  /** Ends the threads; what they are doing is waited for. Never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled([this.editing.close(), this.surveying.close()]);
  }
}
