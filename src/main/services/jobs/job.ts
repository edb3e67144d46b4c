import { messageOf, type ErrorCode } from '#shared/errors';
import type { TrainerCommand, TrainerEvent, TrainerJob } from '#shared/training/messages';
import type { DeviceClaim } from './device.ts';
import { TrainerProcess, type TrainerHost } from './trainer-process.ts';

/** Where a job is. `ended` is the only state that is never left. */
export type JobPhase = 'starting' | 'running' | 'pausing' | 'paused' | 'stopping' | 'ended';

/** How a job ended. `left`: the workbench has gone before; its trainer writes a checkpoint and ends by itself. */
export interface JobEnd {
  outcome: 'finished' | 'stopped' | 'failed' | 'left';
  code: ErrorCode | null;
  reason: string | null;
}

export interface JobOptions {
  host: TrainerHost;
  job: TrainerJob;
  /** Freed at the end, however that comes. */
  claim?: DeviceClaim;
  /** How long a trainer may take to end after it has said that it is done; by then everything is written. */
  lingerMs?: number;
  /** Takes what the trainer says. A throw stops the job, which then has failed with that reason. */
  onEvent: (event: TrainerEvent) => void;
  /** Told of every change of phase but the last. */
  onPhase?: (phase: JobPhase) => void;
  /** Told once. A throw is reported and changes nothing. */
  onEnd: (end: JobEnd) => void;
  /** Gets what went wrong where nobody else can hear it. */
  report: (error: unknown, during: string) => void;
}

const usualLingerMs = 15_000;

const commands = { pause: 'pausing', resume: 'running', stop: 'stopping', 'stop-after-epoch': null, 'keep-going': null } as const;

/**
 * One job of a trainer process, from its start to its one end: training, prediction, rate search, export, and the command line.
 * The end cannot throw, comes exactly once and frees the device.
 */
export class Job {
  /** Resolves with the end; never rejects. */
  readonly ended: Promise<JobEnd>;
  private readonly options: JobOptions;
  private readonly process: TrainerProcess;
  private readonly resolve: (end: JobEnd) => void;
  private state: JobPhase = 'starting';
  private result: JobEnd | null = null;
  private lingering: NodeJS.Timeout | null = null;

  constructor(options: JobOptions) {
    this.options = options;
    const { promise, resolve } = Promise.withResolvers<JobEnd>();
    this.ended = promise;
    this.resolve = resolve;
    try {
      this.process = new TrainerProcess(options.host, options.job, (event) => this.hear(event));
    } catch (error) {
      options.claim?.free();
      throw error;
    }
    void this.process.ended.then(({ reason }) => {
      if (this.result) this.end(this.result);
      else this.end({ outcome: 'failed', code: 'trainer-failed', reason: reason ?? 'The trainer ended without a result' });
    });
  }

  get phase(): JobPhase {
    return this.state;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Tells the trainer what a person wants. Nothing happens once the job is stopping or has ended. */
  steer(command: Exclude<TrainerCommand['type'], 'job' | 'watch'>): void {
    if (this.state === 'ended' || (this.state === 'stopping' && command !== 'stop')) return;
    this.process.send({ type: command });
    const phase = commands[command];
    if (phase) this.enter(phase);
  }

  /** Tells the trainer which images are watched by now. */
  watch(imageIds: string[]): void {
    if (this.state !== 'ended') this.process.send({ type: 'watch', imageIds });
  }

  /**
   * Stops, with a checkpoint, and waits at most `limitMs`. A trainer that takes longer is never killed: it is left, and ends by
   * itself once its checkpoint is written.
   */
  async close(limitMs: number): Promise<JobEnd> {
    this.steer('stop');
    const limit = setTimeout(() => this.leave(), limitMs);
    const end = await this.ended;
    clearTimeout(limit);
    return end;
  }

  /** Leaves the trainer to itself: it hears the disconnect, stops with a checkpoint and ends. */
  leave(): void {
    this.process.leave();
    this.end({ outcome: 'left', code: null, reason: null });
  }

  /** Ends the process at once, only because a person insists: what was not in a checkpoint is lost. */
  kill(): void {
    this.process.kill();
  }

  private hear(event: TrainerEvent): void {
    if (this.state === 'ended') return;
    if (event.type === 'done') this.result ??= { outcome: event.reason, code: null, reason: null };
    else if (event.type === 'failed') this.result ??= { outcome: 'failed', code: event.code, reason: event.message };
    else if (event.type === 'paused') this.enter('paused');
    else if (event.type === 'resumed' || event.type === 'started') this.enter('running');
    if (event.type === 'done' || event.type === 'failed') this.linger();
    try {
      this.options.onEvent(event);
    } catch (error) {
      this.options.report(error, `the event "${event.type}" of a trainer`);
      this.result ??= { outcome: 'failed', code: 'internal', reason: `Its results could not be recorded: ${messageOf(error)}` };
      this.steer('stop');
    }
  }

  /** A trainer that has said its last word and hangs would keep the device for ever. */
  private linger(): void {
    this.lingering ??= setTimeout(() => this.process.kill(), this.options.lingerMs ?? usualLingerMs).unref();
  }

  private enter(phase: JobPhase): void {
    if (this.state === 'ended' || this.state === phase || (this.state === 'stopping' && phase !== 'ended')) return;
    this.state = phase;
    if (phase !== 'ended') this.tell('a change of phase', () => this.options.onPhase?.(phase));
  }

  private end(end: JobEnd): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    if (this.lingering) clearTimeout(this.lingering);
    this.tell('the end of a job', () => this.options.onEnd(end));
    this.tell('freeing the device', () => this.options.claim?.free());
    this.resolve(end);
  }

  private tell(during: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.options.report(error, during);
    }
  }
}
