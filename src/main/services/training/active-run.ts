import { messageOf } from '#shared/errors';
import type { RunStatus } from '#shared/contract/runs';
import type { TrainingPhase, TrainingStatus } from '#shared/contract/training';
import type { EpochMetrics, StepMetrics, TrainerEvent, TrainJob } from '#shared/training/messages';
import type { EventBus } from '../events.ts';
import type { RunStore } from '../runs/run-store.ts';
import { RunCurves } from './run-curves.ts';
import { TrainerProcess, type TrainerEnd, type TrainerHost } from './trainer-process.ts';

interface ActiveRunOptions {
  runId: string;
  store: RunStore;
  job: TrainJob;
  host: TrainerHost;
  events: EventBus;
  /** Called once, after the run's last state is recorded. */
  ended: () => void;
}

const statusIntervalMs = 250;

/** The run under way: turns the trainer's words into history rows and events. */
export class ActiveRun {
  readonly runId: string;
  private readonly options: ActiveRunOptions;
  private readonly trainer: TrainerProcess;
  private readonly curves: RunCurves;
  private readonly finished: Promise<void>;
  private phase: TrainingPhase | 'ended' = 'starting';
  private device: string | null = null;
  private rssMb: number | null = null;
  private step: StepMetrics | null = null;
  private validation: TrainingStatus['validation'] = null;
  private outcome: { status: RunStatus; reason: string | null } | null = null;
  private lastStatusAt = 0;
  private msPerStep = 0;
  private validationSeconds = 0;
  private validationStart = 0;
  private closing: 'while-running' | 'while-paused' | null = null;

  constructor(options: ActiveRunOptions) {
    this.options = options;
    this.runId = options.runId;
    this.curves = new RunCurves(options.job.outDir, options.job.classes, (line) => this.log(line));
    this.trainer = new TrainerProcess(options.host, options.job, (event) => this.handle(event));
    this.finished = this.trainer.ended.then((end) => this.end(end));
  }

  steer(phase: TrainingPhase | null, command: 'pause' | 'resume' | 'stop' | 'stop-after-epoch'): void {
    if (phase && this.phase !== 'stopping') this.phase = phase;
    this.trainer.send({ type: command });
    this.announce(true);
  }

  async shutDown(limitMs: number): Promise<void> {
    this.closing = this.phase === 'paused' ? 'while-paused' : 'while-running';
    this.steer('stopping', 'stop');
    await this.trainer.stopWithin(limitMs);
    await this.finished;
  }

  status(): TrainingStatus {
    return {
      run: this.options.store.summary(this.runId),
      active: this.phase !== 'ended',
      phase: this.phase,
      device: this.device,
      rssMb: this.rssMb,
      step: this.step,
      validation: this.validation,
      secondsLeft: this.secondsLeft(),
    };
  }

  private secondsLeft(): number | null {
    const { step } = this;
    if (!step || this.msPerStep === 0 || this.phase === 'ended') return null;
    const stepsLeft = step.totalSteps - step.globalStep;
    const epochsLeft = stepsLeft / step.stepsPerEpoch;
    return (stepsLeft * this.msPerStep) / 1000 + epochsLeft * this.validationSeconds;
  }

  private announce(always: boolean): void {
    const now = Date.now();
    if (!always && now - this.lastStatusAt < statusIntervalMs) return;
    this.lastStatusAt = now;
    this.options.events.emit('training.status', this.status());
  }

  private log(line: string): void {
    this.options.store.addLog(this.runId, line);
    this.options.events.emit('training.log', { runId: this.runId, line });
  }

  private handle(event: TrainerEvent): void {
    const { store } = this.options;
    switch (event.type) {
      case 'ready':
        this.device = event.device;
        store.setDevice(this.runId, event.device);
        this.log(`trainer ready on the ${event.device}, ${event.tensorflow}`);
        break;
      case 'started':
        if (this.phase === 'starting') this.phase = 'training';
        store.dropStepsAfter(this.runId, event.epoch + event.step / event.steps);
        store.addMissingEpochs(this.runId, event.history);
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
        this.onValidating(event.done, event.total);
        return;
      case 'epoch':
        this.onEpoch(event.metrics, event.confusion, event.best);
        break;
      case 'checkpoint':
        store.addCheckpoint(this.runId, event);
        return;
      case 'paused':
        if (this.phase === 'stopping') return;
        this.curves.flush();
        this.phase = 'paused';
        store.setStatus(this.runId, 'paused');
        this.log('paused, with a checkpoint');
        break;
      case 'resumed':
        this.phase = 'training';
        store.setStatus(this.runId, 'running');
        this.log('resumed');
        break;
      case 'done':
        this.outcome = { status: event.reason, reason: null };
        break;
      case 'failed':
        this.outcome = { status: 'failed', reason: event.message };
        break;
      case 'strip':
        this.curves.strip(event.images);
        this.options.events.emit('training.strip', { runId: this.runId, epoch: event.epoch, images: event.images });
        return;
      case 'scored':
      case 'skipped':
      case 'rate':
      case 'rate-found':
        return;
    }
    this.announce(true);
  }

  private onStep(metrics: StepMetrics, rssMb: number): void {
    if (this.phase === 'validating' || this.phase === 'starting') this.phase = 'training';
    this.validation = null;
    this.step = metrics;
    this.rssMb = rssMb;
    const ms = metrics.stepMs + metrics.waitMs;
    this.msPerStep = this.msPerStep === 0 ? ms : 0.9 * this.msPerStep + 0.1 * ms;
    const point = {
      globalStep: metrics.globalStep,
      epoch: metrics.epoch - 1 + metrics.step / metrics.stepsPerEpoch,
      loss: metrics.loss,
      accuracy: metrics.accuracy,
      learningRate: metrics.learningRate,
    };
    this.options.store.addStep(this.runId, point);
    this.curves.step(point);
    this.options.events.emit('training.step', { runId: this.runId, point });
    this.announce(false);
  }

  private onValidating(done: number, total: number): void {
    if (this.phase === 'training') this.phase = 'validating';
    if (done === 1) this.validationStart = Date.now();
    this.validationSeconds = ((Date.now() - this.validationStart) / 1000 / Math.max(1, done - 1)) * total;
    this.validation = { done, total };
    this.announce(false);
  }

  private onEpoch(metrics: EpochMetrics, confusion: number[], best: boolean): void {
    const { store, events } = this.options;
    store.addEpoch(this.runId, metrics, confusion);
    this.curves.epoch(metrics);
    this.validation = null;
    // The reference's line, with the mIoU it lacks.
    this.log(
      `epoch ${metrics.epoch} --- loss ${metrics.loss.toFixed(3)} --- train acc ${metrics.trainAccuracy.toFixed(3)} --- ` +
        `test acc ${metrics.validationAccuracy.toFixed(3)} --- miou ${metrics.miou.toFixed(3)}${best ? ' (best)' : ''} --- ` +
        `cost time ${metrics.timeSeconds.toFixed(1)} s`,
    );
    events.emit('training.epoch', { runId: this.runId });
    events.emit('runs.changed', store.summary(this.runId));
  }

  private end({ reason }: TrainerEnd): void {
    const outcome = this.outcome ?? { status: 'failed' as const, reason };
    // A trainer that was too slow to stop at the end of the application was killed by us, not by a lack of memory.
    const closed = outcome.status === 'stopped' || this.outcome === null ? this.closing : null;
    this.curves.flush();
    const { store, events } = this.options;
    this.phase = 'ended';
    try {
      this.recordEnd(outcome, closed);
      events.emit('runs.changed', store.summary(this.runId));
    } catch (error) {
      events.emit('app.notice', { kind: 'error', text: `The end of the run could not be recorded: ${messageOf(error)}` });
    } finally {
      this.options.ended();
    }
  }

  private recordEnd(outcome: { status: RunStatus; reason: string | null }, closed: ActiveRun['closing']): void {
    const { store } = this.options;
    // A pause outlives the application: the run is as it was, and goes on when a person says so.
    if (closed === 'while-paused') store.setStatus(this.runId, 'paused');
    else if (closed) store.setStatus(this.runId, 'interrupted', 'The workbench was closed; the run can go on from its last checkpoint.');
    else store.setStatus(this.runId, outcome.status, outcome.reason);
    this.log(outcome.reason ? `${outcome.status}: ${outcome.reason}` : outcome.status);
  }
}
