import os from 'node:os';
import { Piscina } from 'piscina';
import { fromWireError } from '#shared/rpc/wire-errors';
import type { Survey } from '../datasets/survey.ts';
import type {
  Answer,
  KeepInput,
  PackInput,
  PredictionInput,
  Published,
  PublishInput,
  ReadMask,
  ReadMaskInput,
  Staged,
  StageInput,
  SurveyInput,
} from './mask-tasks.ts';

const idleMs = 10_000;

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

  private async ask<T>(pool: Piscina, name: string, input: unknown): Promise<T> {
    const answer = (await pool.run(input, { name })) as Answer<T>;
    if (answer.ok) return answer.value;
    throw fromWireError(answer.error);
  }

  readMask = (input: ReadMaskInput) => this.ask<ReadMask>(this.editing, 'readMask', input);
  readKept = (input: { store: string; revision: string; width: number; height: number }) =>
    this.ask<ReadMask>(this.editing, 'readKept', input);
  stageMask = (input: StageInput) => this.ask<Staged>(this.editing, 'stageMask', input);
  publishMask = (input: PublishInput) => this.ask<Published>(this.editing, 'publishMask', input);
  packIds = (input: PackInput) => this.ask<Uint8Array>(this.editing, 'packIds', input);
  readPrediction = (input: PredictionInput) => this.ask<Uint8Array>(this.editing, 'readPrediction', input);
  keepMask = (input: KeepInput) => this.ask<string | null>(this.surveying, 'keepMask', input);
  survey = (input: SurveyInput) => this.ask<Survey>(this.surveying, 'survey', input);

  /** Surveys under way at the same time that keep every thread busy. */
  get surveysTogether(): number {
    return this.surveying.options.maxThreads * 2;
  }

  /** Ends the threads; what they are doing is waited for. Never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled([this.editing.close(), this.surveying.close()]);
  }
}
