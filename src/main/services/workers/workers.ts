import os from 'node:os';
import { Piscina } from 'piscina';
import { shutOtherDecoders } from '#files/decoders';
import { readLimits } from '#files/read-limits';
import { AppError } from '#shared/errors';
import { fromWireError } from '#shared/rpc/wire-errors';
import type { Answer, TaskInput, TaskName, TaskResult } from './mask-tasks.ts';

const idleMs = 10_000;
/** What is done for every image of a data set; anything else is done for a person who waits. */
const forEveryImage: ReadonlySet<TaskName> = new Set(['survey', 'locate', 'keepMask', 'maskPicture', 'exportImage']);

/**
 * The worker threads of main: nothing that takes milliseconds by the pixel runs on main's own thread. Masks under edit and the survey
 * of a data set have threads of their own, so that a stroke never waits for twelve thousand images.
 */
export class Workers {
  private readonly editing: Piscina;
  private readonly surveying: Piscina;
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  /** @param entry file of the worker */
  constructor(entry: string) {
    shutOtherDecoders();
    const common = { filename: entry, minThreads: 0, idleTimeout: idleMs, recordTiming: false };
    this.editing = new Piscina({ ...common, maxThreads: 2 });
    this.surveying = new Piscina({ ...common, maxThreads: Math.max(1, Math.min(4, os.availableParallelism())) });
  }

  /** Does a task in a thread. @throws AppError what the task throws, 'cancelled' once the threads are ended */
  async run<Name extends TaskName>(name: Name, input: TaskInput<Name>): Promise<TaskResult<Name>> {
    if (this.closed) throw new AppError('cancelled', 'The workbench is closing');
    const pool = forEveryImage.has(name) ? this.surveying : this.editing;
    const task = pool.run({ input, limits: readLimits() }, { name }) as Promise<Answer<TaskResult<Name>>>;
    this.running.add(task);
    try {
      const answer = await task;
      if (answer.ok) return answer.value;
      throw fromWireError(answer.error);
    } finally {
      this.running.delete(task);
    }
  }

  /** Surveys under way at the same time that keep every thread busy. */
  get surveysTogether(): number {
    return this.surveying.options.maxThreads * 4;
  }

  /** Ends the threads once they have done what they were given. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    // The pool itself forgets a task whose thread has only just begun.
    while (this.running.size > 0) await Promise.allSettled(this.running);
    await Promise.allSettled([this.editing.close(), this.surveying.close()]);
  }
}
