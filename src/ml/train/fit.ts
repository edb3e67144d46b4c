import type { Lease } from '#files/lease';
import { assertStillOurs, takeRunFolder } from '#files/run-folder';
import { messageOf } from '#shared/errors';
import type { EpochMetrics, TrainJob, TrainerEvent } from '#shared/training/messages';
import type { OriginSession, OriginWeights } from '#shared/training/run-origin';
import type { Precision } from '#shared/training/precision';
import type { RunConfig } from '#shared/training/run-config';
import { fitsAloneAfter, keepsAfter, validatesAfter } from '#shared/training/validations';
import type { Confusion } from '#shared/metrics/confusion';
import type { Batch } from '../data/batch.ts';
import { trainingBatches } from '../data/batches.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import { learningRateFactor } from '../optim/schedule.ts';
import type { RunState } from '#files/checkpoint-metadata';
import { readCheckpoint, type Checkpoint } from '../weights/checkpoint.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import { fitOffsets, offsetSamples } from './class-offsets.ts';
import { Stopped, type Control } from './control.ts';
import { evaluate, type Scores } from './evaluate.ts';
import { hasStalled, LossGuard } from './guards.ts';
import { originOfWeights, sessionOf } from './origin.ts';
import { assertResumable } from './resume-guard.ts';
import { readRunData, type RunData } from './run-data.ts';
import type { EncNet } from '../models/encnet.ts';
import { RunFiles } from './run-files.ts';
import { assertNothingLoaded, RunModel } from './run-model.ts';
import { dropoutSeedOf } from './train-step.ts';

type Emit = (event: TrainerEvent) => void;

/** Seconds of training that a kill may cost: in an epoch of hours, and where images of a large size are scored after it. */
const mostUnsaved = { inAnEpoch: 600, beforeValidation: 60 };

const freshSums = (): RunState['sums'] => ({ loss: 0, correct: 0, labelled: 0, steps: 0 });
const freshState = (precision: Precision): RunState => ({
  precision,
  epoch: 0,
  step: 0,
  sums: freshSums(),
  best: null,
  elapsedSeconds: 0,
  optimizerUpdates: 0,
  history: [],
  offsets: null,
  originDue: { weights: null },
  guard: { smoothed: null, seen: 0 },
});

/** One run under way: network, optimiser, data and counters. */
class Fit {
  private readonly job: TrainJob;
  private readonly config: RunConfig;
  private readonly emit: Emit;
  private readonly control: Control;
  private readonly pool: SamplePool;
  private readonly model: RunModel;
  private readonly files: RunFiles;
  private readonly guard: LossGuard;
  private readonly session: OriginSession;
  private readonly lease: Lease;
  private originWritten = false;
  private state: RunState;
  /** Whether this session has made a step. */
  private stepped = false;
  private clock = performance.now();
  private savedAt = performance.now();

  /** @param lease of the run's folder: nothing is written there without it */
  constructor(job: TrainJob, pool: SamplePool, control: Control, emit: Emit, lease: Lease) {
    this.job = job;
    this.lease = lease;
    this.config = job.config;
    this.pool = pool;
    this.emit = emit;
    this.control = control;
    this.files = new RunFiles(job);
    if (!job.resumeFrom && !job.initialWeights) assertNothingLoaded(job.config);
    // Read first: what must not go on makes no network.
    const checkpoint = job.resumeFrom ? this.checkpointOf(job.resumeFrom) : null;
    // A run keeps to what it began with, wherever it goes on: only so does it end as it would have without a stop.
    const choice = checkpoint
      ? { precision: checkpoint.state.precision, reason: 'as the run began' }
      : choosePrecision(job.config.precision);
    this.state = checkpoint?.state ?? freshState(choice.precision);
    this.guard = new LossGuard(this.state.guard);
    this.session = sessionOf(job.origin, this.state, choice);
    emit({ type: 'precision', ...choice });
    this.model = new RunModel(job.config, job.classes.length, choice.precision);
    try {
      if (checkpoint) this.model.restore(checkpoint);
      else if (job.initialWeights) this.state.originDue = { weights: this.loadInitial(job.initialWeights) };
    } catch (error) {
      this.model.dispose();
      throw error;
    }
  }

  private loadInitial(file: string): OriginWeights {
    const { said, ...fit } = this.model.loadInitial(file, this.job.classes);
    for (const text of said) this.emit({ type: 'log', text });
    return originOfWeights(file, this.job.origin.weightsOf, fit);
  }

  private checkpointOf(file: string): Checkpoint {
    const checkpoint = readCheckpoint(file);
    assertResumable(file, checkpoint, this.job);
    return checkpoint;
  }

  /** @returns why the run ended */
  async run(): Promise<'finished' | 'stopped'> {
    this.files.clearLeftovers();
    const { job, pool, control, files, emit, state } = this;
    const owner = { breathe: () => this.breathe(), assertOurs: () => this.assertOurs() };
    const data = await readRunData({ job, pool, control, files, emit, ...owner }, state);
    if (!data) return this.stopped();
    this.emit({
      type: 'started',
      epoch: state.epoch,
      step: state.step,
      history: state.history,
      parameters: this.model.net.parameters.count(),
      steps: data.steps,
    });
    this.clock = this.savedAt = performance.now();
    while (state.epoch < this.config.epochs && !this.stalled()) {
      if (!(await this.trainEpoch(data)) || !(await this.finishEpoch(data))) return this.stopped();
      if (this.control.stopAfterEpoch && state.epoch < this.config.epochs) return 'stopped';
    }
    return 'finished';
  }

  private stalled(): boolean {
    const { epoch, best } = this.state;
    const stalled = best !== null && hasStalled(this.config, epoch, best.epoch);
    if (stalled)
      this.emit({
        type: 'log',
        text: `ended early: no better mIoU than ${best.miou.toFixed(4)} of epoch ${best.epoch} for ${epoch - best.epoch} epochs`,
      });
    return stalled;
  }

  /** @returns false if stopped on the way */
  private async trainEpoch(data: RunData): Promise<boolean> {
    let waiting = performance.now();
    for await (const batches of trainingBatches(this.pool, data.train, this.config, this.state.epoch, this.state.step)) {
      const waitMs = performance.now() - waiting;
      await this.breathe();
      if (this.control.stopRequested) return false;
      this.step(batches, data, waitMs);
      this.saveWhatIsLong(mostUnsaved.inAnEpoch);
      waiting = performance.now();
    }
    await this.breathe();
    return !this.control.stopRequested;
  }

  /** Lets messages in; a pause is announced, and its checkpoint makes it survive the application. */
  private async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const file of this.pool.takeChanged())
      this.emit({
        type: 'log',
        text: `warning: ${file} is another than when this run first read it: put it back, or the run cannot go on after a stop`,
      });
    if (!this.control.paused) return;
    // A run that goes on is as its checkpoint has it until it has made a step.
    if (this.stepped) this.tick();
    if (this.stepped || !this.job.resumeFrom) this.save('last');
    this.emit({ type: 'paused' });
    await this.control.breathe();
    this.clock = performance.now();
    if (!this.control.stopRequested) this.emit({ type: 'resumed' });
  }

  private rateAt(step: number, steps: number): number {
    const { config } = this;
    return (
      config.optimizer.learningRate *
      learningRateFactor(config.schedule, config.warmUpEpochs, { step, stepsPerEpoch: steps, totalSteps: steps * config.epochs })
    );
  }

  private step(batches: readonly Batch[], { steps, classWeights: weights }: RunData, waitMs: number): void {
    const { state, config } = this;
    const begin = performance.now();
    const globalStep = state.epoch * steps + state.step;
    const learningRate = this.rateAt(globalStep, steps);
    const result = this.model.step(batches, {
      loss: config.loss,
      classWeights: weights,
      learningRate,
      dropoutSeed: dropoutSeedOf(config.seed, globalStep),
      runningNorm: config.fineTune.batchNorm === 'running',
    });
    const ids = batches.flatMap((batch) => batch.ids);
    this.guard.check(result.loss, { epoch: state.epoch + 1, step: state.step + 1, ids, labelled: result.labelled });
    state.step++;
    this.stepped = true;
    // Where nothing is labelled there is no loss to be told of.
    const hasLoss = result.labelled > 0;
    if (hasLoss) {
      state.sums.loss += result.loss;
      state.sums.steps++;
    }
    state.sums.correct += result.correct;
    state.sums.labelled += result.labelled;
    this.emit({
      type: 'step',
      rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      metrics: {
        epoch: state.epoch + 1,
        step: state.step,
        stepsPerEpoch: steps,
        globalStep: globalStep + 1,
        totalSteps: steps * config.epochs,
        loss: hasLoss ? result.loss : null,
        accuracy: hasLoss ? result.correct / result.labelled : null,
        crossEntropy: hasLoss ? result.crossEntropy : null,
        sceneLoss: hasLoss ? result.sceneLoss : null,
        auxiliaryLoss: hasLoss ? result.auxiliaryLoss : null,
        gradientNorm: hasLoss ? result.gradientNorm : null,
        learningRate,
        images: batches.reduce((sum, { count }) => sum + count, 0),
        stepMs: performance.now() - begin,
        waitMs,
      },
    });
  }

  /** Validates where it is time to, records the epoch and writes its checkpoints. @returns false if stopped during validation */
  private async finishEpoch(data: RunData): Promise<boolean> {
    this.tick();
    const { state } = this;
    // Whoever ends a run after an epoch wants to know what it came to.
    const isDue = () => this.control.stopAfterEpoch || validatesAfter(this.config, state.epoch + 1);
    if (!isDue() && fitsAloneAfter(this.config, state.epoch + 1) && !(await this.fitAlone(data))) return false;
    // A person may have asked for the end meanwhile.
    const due = isDue();
    if (due) this.saveWhatIsLong(mostUnsaved.beforeValidation);
    const scores = due ? await this.validate(data) : null;
    this.clock = performance.now();
    if (due && !scores) return false;
    const confusion = scores?.confusion ?? null;
    const previous = state.history.at(-1)?.timeSeconds ?? 0;
    this.record(
      {
        epoch: state.epoch + 1,
        loss: state.sums.steps > 0 ? state.sums.loss / state.sums.steps : null,
        trainAccuracy: state.sums.labelled > 0 ? state.sums.correct / state.sums.labelled : null,
        validationAccuracy: confusion?.pixelAccuracy() ?? null,
        validationLoss: scores?.loss ?? null,
        miou: confusion?.meanIou() ?? null,
        perClassIou: confusion?.iou() ?? [],
        learningRate: this.rateAt((state.epoch + 1) * data.steps - 1, data.steps),
        timeSeconds: state.elapsedSeconds,
        epochSeconds: state.elapsedSeconds - previous,
      },
      confusion,
      data,
    );
    return true;
  }

  /** @returns null if stopped on the way */
  private validate(data: RunData): Promise<Scores | null> {
    const { state, config, pool } = this;
    const { validation, strip, classWeights } = data;
    const { watched } = this.control;
    if (watched) strip.watch(watched);
    return this.looking(data, validation.length, (net, fitted, looked) =>
      evaluate(net, pool, validation, config, {
        epoch: state.epoch,
        classWeights,
        offsets: state.offsets,
        progress: (done, sample, prediction) => {
          strip.take(sample, prediction);
          return looked(fitted + done);
        },
      }),
    );
  }

  /** What is kept of an epoch that is not scored decides by offsets of its own weights. @returns false if stopped on the way */
  private async fitAlone(data: RunData): Promise<boolean> {
    const fitted = await this.looking(data, 0, () => Promise.resolve(true));
    this.clock = performance.now();
    return fitted ?? false;
  }

  /**
   * Looks at images with the network as it predicts, after the offsets of its classes were fitted where it has any.
   * @param images that `work` looks at @param work gets how many were fitted on before, and tells what it has looked at
   * @returns null if stopped on the way
   */
  private async looking<T>(
    { train }: RunData,
    images: number,
    work: (net: EncNet, fitted: number, looked: (done: number) => Promise<void>) => Promise<T>,
  ): Promise<T | null> {
    const { state, config, pool } = this;
    const before = offsetSamples(config, train.samples);
    const fitted = before.length;
    const looked = async (done: number) => {
      this.emit({ type: 'validating', done, total: fitted + images, fitted });
      // Validation is not training time.
      this.clock = performance.now();
      await this.breathe();
      if (this.control.stopRequested) throw new Stopped();
    };
    try {
      return await this.model.predicting(async (net) => {
        if (fitted > 0) state.offsets = await fitOffsets(net, pool, before, config, looked);
        return work(net, fitted, looked);
      });
    } catch (error) {
      if (error instanceof Stopped) return null;
      throw error;
    }
  }

  /** @param confusion null of an epoch that was not scored */
  private record(metrics: EpochMetrics, confusion: Confusion | null, { strip }: RunData): void {
    const { state, config } = this;
    // What could not be measured is neither the best nor worse than it.
    const best = metrics.miou !== null && (!state.best || metrics.miou > state.best.miou);
    state.history.push(metrics);
    state.epoch++;
    state.step = 0;
    state.sums = freshSums();
    if (best) state.best = { miou: metrics.miou!, epoch: metrics.epoch };
    // The best first: a `last` that knows of a best must never be there without it.
    if (best) this.save('best');
    this.save('last');
    if (keepsAfter(config, state.epoch)) this.save('epoch');
    this.files.writeMetrics(state);
    if (confusion) {
      strip.finish(state.epoch);
      this.emit({ type: 'strip', epoch: state.epoch, images: strip.images });
    }
    this.emit({ type: 'epoch', metrics, confusion: [...(confusion?.counts ?? [])], best });
  }

  /** Between the ends of epochs: what has taken long is not to be lost to a kill. @param seconds since it was saved last */
  private saveWhatIsLong(seconds: number): void {
    if (!this.stepped || performance.now() - this.savedAt < 1000 * seconds) return;
    this.tick();
    this.save('last');
  }

  private save(role: 'last' | 'best' | 'epoch'): void {
    this.assertOurs();
    if (role === 'last') this.savedAt = performance.now();
    // Settings are written with the first thing that was made by them.
    this.files.writeConfig();
    this.emit(this.files.save(role, this.model, this.state));
    this.writeOrigin();
  }

  /** To be called before whatever writes. */
  private assertOurs(): void {
    assertStillOurs(this.job.outDir, this.lease);
  }

  private writeOrigin(): void {
    // A run that is stopped while its images are read does not know yet what it trains on.
    const { data, originDue } = this.state;
    if (this.originWritten || !data) return;
    this.originWritten = true;
    try {
      const first = originDue && { ...originDue, data: { folder: this.job.origin.folder, ...data } };
      this.files.writeOrigin(first, this.session);
      this.state.originDue = null;
    } catch (error) {
      // What a run comes from is no reason to lose what it has learnt.
      this.emit({ type: 'log', text: `warning: where the run comes from could not be kept: ${messageOf(error)}` });
    }
  }

  private stopped(): 'stopped' {
    // A run that goes on and is stopped before its first step is as it was.
    if (this.job.resumeFrom && !this.stepped) return 'stopped';
    // Reading images is not training time.
    if (this.stepped) this.tick();
    this.save('last');
    return 'stopped';
  }

  private tick(): void {
    const now = performance.now();
    this.state.elapsedSeconds += (now - this.clock) / 1000;
    this.clock = now;
  }

  get epoch(): number {
    return this.state.epoch;
  }

  dispose(): void {
    this.model.dispose();
  }
}

/**
 * Trains as the job says until it is finished or stopped; events report everything on the way.
 * @throws AppError 'busy' if the run's folder is being written, 'invalid-argument' if a split has no usable image or a
 * resume is not the run's own, 'trainer-failed' if the loss is not a number or
 * explodes, 'disk-full', 'corrupt-file'
 */
export async function fit(job: TrainJob, pool: SamplePool, control: Control, emit: Emit): Promise<void> {
  const lease = await takeRunFolder(job.outDir, 'a trainer');
  try {
    const run = new Fit(job, pool, control, emit, lease);
    try {
      const reason = await run.run();
      emit({ type: 'done', reason, epoch: run.epoch });
    } finally {
      run.dispose();
    }
  } finally {
    lease.release();
  }
}
