import { precisionText, type PrecisionChoice } from '#shared/training/precision';
import { deviceText } from '#shared/training/device-text';
import type { RunStatus, RunSummary } from '#shared/contract/runs';
import type { TrainingPhase, TrainingStatus } from '#shared/contract/training';
import { AppError } from '#shared/errors';
import { epochLine } from '#shared/training/epoch-line';
import { validationsLeft } from '#shared/training/validations';
import type { EpochMetrics, StepMetrics, TrainerEvent, TrainJob } from '#shared/training/messages';
import type { Emitter } from '../events.ts';
import type { RunStore } from '../runs/run-store.ts';
import { TensorBoardCurves } from './tensorboard-curves.ts';
import type { DeviceClaim } from '../jobs/device.ts';
import { Job, type JobEnd } from '../jobs/job.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';

interface ActiveRunOptions {
  runId: string;
  /** How a run stood that goes on; null for a new one. */
  before: RunStatus | null;
  store: RunStore;
  job: TrainJob;
  /** Steps that a validation is reckoned to take, until one has been timed. */
  validationSteps: number;
  host: TrainerHost;
  claim: DeviceClaim;
  events: Emitter;
  outbox: Outbox;
  log: Logger;
  /** Called once, after the run's last state is known. */
  ended: () => void;
}

/** What a person can ask of the run under way. */
export type Steering = 'pause' | 'resume' | 'stop' | 'stop-after-epoch' | 'keep-going';

const statusIntervalMs = 250;

/** The run under way: turns the trainer's words into history rows and events. */
export class ActiveRun {
  readonly runId: string;
  private readonly options: ActiveRunOptions;
  private readonly job: Job;
  private readonly curves: TensorBoardCurves;
  private phase: TrainingPhase | 'ended' = 'starting';
  private device: string | null = null;
  private precision: PrecisionChoice | null = null;
  private whyNoGpu: string | null = null;
  private rssMb: number | null = null;
  private step: StepMetrics | null = null;
  private validation: TrainingStatus['validation'] = null;
  private lastStatusAt = 0;
  private msPerStep = 0;
  /** Of the last one, or the one under way; null before there is one. */
  private validationSeconds: number | null = null;
  /** The share of a validation under way that is done. */
  private validated = 0;
  private validationStart = 0;
  private lastStepAt = performance.now();
  private stopsAfterEpoch = false;
  private isEndedAtOnce = false;
  private hasStarted = false;
  private result: JobEnd | null = null;
  private pausedAt = 0;
  /** As the history had it when it could be read last. */
  private summary: RunSummary;
  /** Why it was closed, in words. */
  private whyClosed = '';
  private outcome: { status: RunStatus; reason: string | null } | null = null;
  private closing: 'while-running' | 'while-paused' | null = null;

  constructor(options: ActiveRunOptions) {
    this.options = options;
    this.runId = options.runId;
    this.summary = options.store.summary(options.runId);
    this.curves = new TensorBoardCurves(options.job.outDir, options.job.classes, (line) => this.log(line));
    this.job = new Job({
      host: options.host,
      job: options.job,
      claim: options.claim,
      onEvent: (event) => this.handle(event),
      onEnd: (end) => this.end(end),
      report: (error, during) => options.log.error({ err: error, run: options.runId }, during),
    });
  }

  get isPaused(): boolean {
    return this.phase === 'paused';
  }

  steer(phase: TrainingPhase | null, command: Steering): void {
    if (command === 'stop-after-epoch' || command === 'keep-going') this.stopsAfterEpoch = command === 'stop-after-epoch';
    if (phase && this.phase !== 'stopping') this.phase = phase;
    this.job.steer(command);
    this.announce(true);
  }

  /** For a trainer that does not stop, as one that waits for a disk that is away: what it has not written is lost. */
  endAtOnce(): void {
    if (this.phase !== 'stopping') throw new AppError('conflict', 'Stop the run first: a trainer that can writes a checkpoint');
    this.isEndedAtOnce = true;
    this.job.kill();
  }

  /** Other images are watched from the next validation on. */
  watch(imageIds: string[]): void {
    this.job.watch(imageIds);
  }

  /** Stops with a checkpoint and waits at most `limitMs`; a trainer that takes longer ends by itself. Never rejects. */
  async close(limitMs: number, why: string): Promise<void> {
    this.whyClosed = why;
    this.closing = this.phase === 'paused' ? 'while-paused' : 'while-running';
    this.steer('stopping', 'stop');
    await this.job.close(limitMs);
  }

  /** Writes what the trainer tells, now or when the disk takes it: the history is no reason for a run to end. */
  private record(what: string, work: (store: RunStore) => void): void {
    this.options.outbox.write(what, () => work(this.options.store));
  }

  /**
   * What ended it: a person, or the end of the workbench; a fault that the next run would meet as well, since its trainer never began or
   * the disk is full; or the run itself.
   */
  get endedBy(): 'person' | 'fault' | 'itself' {
    if (this.isEndedAtOnce || this.result === null || this.result.outcome === 'stopped' || this.result.outcome === 'left') return 'person';
    return this.result.outcome === 'failed' && (this.device === null || this.result.code === 'disk-full') ? 'fault' : 'itself';
  }

  status(): TrainingStatus {
    return {
      run: this.summaryNow(),
      active: this.phase !== 'ended',
      phase: this.phase,
      device: this.device,
      whyNoGpu: this.whyNoGpu,
      precision: this.precision,
      rssMb: this.rssMb,
      step: this.step,
      validation: this.validation,
      secondsLeft: this.secondsLeft(),
      stopsAfterEpoch: this.stopsAfterEpoch,
    };
  }

  /** A history that cannot be read now is no reason for a run to end. */
  private summaryNow(): RunSummary {
    const { store, log } = this.options;
    try {
      this.summary = store.summary(this.runId);
    } catch (error) {
      log.error({ err: error, run: this.runId }, 'the history cannot be read');
    }
    // It is not in a history that cannot be written, or that another workbench has by now.
    if (this.outcome) this.summary = { ...this.summary, ...this.outcome };
    return this.summary;
  }

  private secondsLeft(): number | null {
    const { step } = this;
    if (!step || this.msPerStep === 0 || this.phase === 'ended') return null;
    // Whoever stops after an epoch has it validated.
    const [stepsLeft, validationsDue] = this.stopsAfterEpoch
      ? [step.stepsPerEpoch - step.step, 1]
      : [step.totalSteps - step.globalStep, validationsLeft(this.options.job.config, step.epoch - 1)];
    const validations = Math.max(0, validationsDue - this.validated);
    const secondsPerStep = this.msPerStep / 1000;
    return stepsLeft * secondsPerStep + validations * (this.validationSeconds ?? this.options.validationSteps * secondsPerStep);
  }

  private announce(always: boolean): void {
    const now = Date.now();
    if (!always && now - this.lastStatusAt < statusIntervalMs) return;
    this.lastStatusAt = now;
    this.options.events.emit('training.status', this.status());
  }

  private log(line: string): void {
    this.record('a line of the log', (store) => store.addLog(this.runId, line));
    this.options.events.emit('training.log', { runId: this.runId, line });
  }

  private handle(event: TrainerEvent): void {
    const { store, outbox } = this.options;
    switch (event.type) {
      case 'ready':
        this.device = event.device;
        this.whyNoGpu = event.whyNoGpu;
        this.record('the device', (store) => store.setDevice(this.runId, event.device));
        this.log(`trainer ready on the ${deviceText(event)}, ${event.tensorflow}`);
        break;
      case 'precision': {
        const { precision, reason } = event;
        this.precision = { precision, reason };
        this.record('what a run reckons in', (store) => store.setPrecision(this.runId, precision));
        this.log(`reckons in ${precisionText(event)}`);
        break;
      }
      case 'started':
        this.hasStarted = true;
        if (this.phase === 'starting') this.phase = 'training';
        this.record('where a run goes on', ({ metrics }) => {
          metrics.dropStepsAfter(this.runId, event.epoch + event.step / event.steps);
          metrics.addMissingEpochs(this.runId, event.history);
        });
        this.curves.begin(event.epoch * event.steps + event.step + 1);
        this.options.events.emit('training.resumed', { runId: this.runId });
        this.log(`${event.parameters.toLocaleString('en')} parameters, ${event.steps} steps an epoch, from epoch ${event.epoch + 1}`);
        break;
      case 'log':
        this.log(event.text);
        return;
      case 'step':
        this.onStep(event.metrics, event.rssMb);
        return;
      case 'validating':
        this.onValidating(event);
        return;
      case 'epoch':
        this.onEpoch(event.metrics, event.confusion, event.best);
        break;
      case 'checkpoint':
        this.record('a checkpoint', (store) => store.checkpoints.add(this.runId, event));
        return;
      case 'paused':
        if (this.phase === 'stopping') return;
        this.curves.flush();
        this.phase = 'paused';
        this.pausedAt = performance.now();
        store.settle(this.runId, 'paused', null, outbox);
        this.log('paused, with a checkpoint');
        break;
      case 'resumed':
        // No time that validation takes.
        this.validationStart += performance.now() - this.pausedAt;
        this.lastStepAt += performance.now() - this.pausedAt;
        if (this.phase === 'stopping') return;
        this.phase = 'training';
        store.settle(this.runId, 'running', null, outbox);
        this.log('resumed');
        break;
      case 'strip':
        this.curves.strip(event.images);
        this.options.events.emit('training.strip', { runId: this.runId, epoch: event.epoch, images: event.images });
        return;
      case 'done':
      case 'failed':
      case 'scored':
      case 'skipped':
      case 'looked-at':
      case 'calibrated':
      case 'rate':
      case 'weights':
      case 'rate-found':
        return;
    }
    this.announce(true);
    // Lists of runs show how it stands, on what, and in what it reckons.
    if (event.type !== 'epoch' && event.type !== 'started') this.options.events.emit('runs.changed', this.summaryNow());
  }

  private onStep(metrics: StepMetrics, rssMb: number): void {
    if (this.phase === 'validating' || this.phase === 'starting') this.phase = 'training';
    [this.validation, this.validated] = [null, 0];
    this.step = metrics;
    this.lastStepAt = performance.now();
    this.rssMb = rssMb;
    const ms = metrics.stepMs + metrics.waitMs;
    this.msPerStep = this.msPerStep === 0 ? ms : 0.9 * this.msPerStep + 0.1 * ms;
    const point = {
      globalStep: metrics.globalStep,
      epoch: metrics.epoch - 1 + metrics.step / metrics.stepsPerEpoch,
      loss: metrics.loss,
      accuracy: metrics.accuracy,
      learningRate: metrics.learningRate,
      crossEntropy: metrics.crossEntropy,
      sceneLoss: metrics.sceneLoss,
      auxiliaryLoss: metrics.auxiliaryLoss,
      gradientNorm: metrics.gradientNorm,
      imagesPerSecond: (1000 * metrics.images) / ms,
    };
    this.record('a step', ({ metrics: curves }) => curves.addStep(this.runId, point));
    this.curves.step(point);
    this.options.events.emit('training.step', { runId: this.runId, point });
    this.announce(false);
  }

  private onValidating({ done, total, fitted }: Extract<TrainerEvent, { type: 'validating' }>): void {
    if (this.phase === 'training') this.phase = 'validating';
    const now = performance.now();
    if (done === 1) this.validationStart = now;
    // Until a second image is done, what the last validation took says more; of one alone all is known.
    // Offsets alone, of an epoch that is kept and not scored, say nothing of a validation.
    if (total > fitted && done > 1) this.validationSeconds = ((now - this.validationStart) / 1000 / (done - 1)) * total;
    else if (total === 1 && fitted === 0) this.validationSeconds = (now - this.lastStepAt) / 1000;
    this.validated = total > fitted ? done / total : 0;
    this.validation =
      done <= fitted ? { of: 'fitting', done, total: fitted } : { of: 'scoring', done: done - fitted, total: total - fitted };
    this.announce(false);
  }

  private onEpoch(metrics: EpochMetrics, confusion: number[], best: boolean): void {
    const { events } = this.options;
    this.record('an epoch', ({ metrics: curves }) => curves.addEpoch(this.runId, metrics, confusion));
    this.curves.epoch(metrics);
    this.validation = null;
    this.log(`${epochLine(metrics)}${best ? ' (best)' : ''}`);
    events.emit('training.epoch', { runId: this.runId });
    events.emit('runs.changed', this.summaryNow());
  }

  private end(end: JobEnd): void {
    const { store, events, outbox, ended } = this.options;
    this.phase = 'ended';
    this.result = end;
    this.outcome = this.outcomeOf(end);
    const { status, reason } = this.outcome;
    try {
      store.settle(this.runId, status, reason, outbox);
      this.log(reason ? `${status}: ${reason}` : status);
      this.curves.flush();
      events.emit('runs.changed', this.summaryNow());
    } finally {
      ended();
    }
  }

  private outcomeOf({ outcome, reason }: JobEnd): { status: RunStatus; reason: string | null } {
    if (outcome === 'failed' && this.isEndedAtOnce)
      return { status: 'interrupted', reason: 'It was ended at once: what was learned since its last checkpoint is lost.' };
    // What is refused before it goes on is as it was.
    if (outcome === 'failed' && !this.hasStarted && this.options.before) return { status: this.options.before, reason };
    // Its trainer still writes: the next start finds it, or its checkpoint.
    if (outcome === 'left') return { status: 'running', reason: `${this.whyClosed}; the trainer is writing a checkpoint.` };
    if (outcome !== 'stopped' || !this.closing) return { status: outcome, reason };
    // A pause outlives the application: the run is as it was, and goes on when a person says so.
    if (this.closing === 'while-paused') return { status: 'paused', reason: null };
    return { status: 'interrupted', reason: `${this.whyClosed}; the run can go on from its last checkpoint.` };
  }
}
