import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { AppError } from '#shared/errors';
import type { EpochMetrics, TrainJob, TrainerEvent } from '#shared/training/messages';
import { metricsTable, toCsv } from '#shared/training/metrics-table';
import type { RunConfig } from '#shared/training/run-config';
import { stepsPerEpoch, trainingBatches, type Batch } from '../data/batches.ts';
import { SampleStore } from '../data/sample-store.ts';
import { classWeights } from '../losses/class-weights.ts';
import { learningRateFactor } from '../optim/schedule.ts';
import { readCheckpoint, writeCheckpoint, type RunState } from '../weights/checkpoint.ts';
import type { Control } from './control.ts';
import { evaluate } from './evaluate.ts';
import { RunModel } from './run-model.ts';
import { surveySamples, type LabelStatistics } from './label-statistics.ts';

type Emit = (event: TrainerEvent) => void;

const freshSums = (): RunState['sums'] => ({ loss: 0, correct: 0, labelled: 0, steps: 0 });
const freshState = (): RunState => ({ epoch: 0, step: 0, sums: freshSums(), best: null, elapsedSeconds: 0, optimizerUpdates: 0, history: [] });

/** One run under way: network, optimiser, data and counters. */
class Fit {
  private readonly job: TrainJob;
  private readonly config: RunConfig;
  private readonly emit: Emit;
  private readonly control: Control;
  private readonly model: RunModel;
  private readonly trainStore: SampleStore;
  private readonly validationStore: SampleStore;
  private state = freshState();
  private clock = performance.now();
  /** The validation samples that can be read. */
  private validation: TrainJob['validation'] = [];

  constructor(job: TrainJob, control: Control, emit: Emit) {
    this.job = job;
    this.config = job.config;
    this.emit = emit;
    this.control = control;
    this.model = new RunModel(job.config, job.classes.length);
    this.trainStore = new SampleStore(job.maskFormat);
    this.validationStore = new SampleStore(job.maskFormat, 5e8);
    if (job.resumeFrom) this.restore(job.resumeFrom);
    else if (job.initialWeights) for (const text of this.model.loadInitial(job.initialWeights)) emit({ type: 'log', text });
  }

  private restore(file: string): void {
    const checkpoint = readCheckpoint(file);
    if (JSON.stringify(checkpoint.config.model) !== JSON.stringify(this.config.model)) {
      throw new AppError('invalid-argument', `${file} was written for another network: its model settings differ from the run's`);
    }
    this.model.restore(checkpoint);
    this.state = checkpoint.state;
  }

  /** @returns why the run ended */
  async run(): Promise<'finished' | 'stopped'> {
    const survey = await this.survey();
    const weights = classWeights(this.config.loss.classWeights, survey.pixels, survey.imagePixels);
    const steps = stepsPerEpoch(survey.usable.length, this.config);
    this.emit({ type: 'started', epoch: this.state.epoch, step: this.state.step, history: this.state.history, parameters: this.model.net.parameters.count(), steps });
    this.clock = performance.now();
    while (this.state.epoch < this.config.epochs) {
      if (!(await this.trainEpoch(survey, weights, steps))) return this.stopped();
      if (!(await this.finishEpoch())) return this.stopped();
      if (this.control.stopAfterEpoch && this.state.epoch < this.config.epochs) return 'stopped';
    }
    return 'finished';
  }

  private async survey(): Promise<LabelStatistics> {
    const survey = await surveySamples(this.trainStore, this.job.train, this.model.net.numClasses, () => this.control.breathe());
    const validation = await surveySamples(this.validationStore, this.job.validation, this.model.net.numClasses, () => this.control.breathe());
    for (const reason of [...survey.excluded, ...validation.excluded]) this.emit({ type: 'log', text: `left out: ${reason}` });
    for (const [split, { usable, excluded }] of [['training', survey], ['validation', validation]] as const) {
      if (usable.length > 0) continue;
      throw new AppError('invalid-argument', `No image of the ${split} split can be used${excluded.length > 0 ? `; the first: ${excluded[0]}` : ': it has no labelled image'}`);
    }
    this.validation = validation.usable;
    return survey;
  }

  /** @returns false if stopped on the way */
  private async trainEpoch(survey: LabelStatistics, weights: number[] | null, steps: number): Promise<boolean> {
    let waiting = performance.now();
    for await (const batches of trainingBatches(this.trainStore, survey.usable, this.config, this.state.epoch, this.state.step)) {
      const waitMs = performance.now() - waiting;
      await this.breathe();
      if (this.control.stopRequested) return false;
      this.step(batches, weights, steps, waitMs);
      waiting = performance.now();
    }
    await this.breathe();
    return !this.control.stopRequested;
  }

  /** Lets messages in; a pause is announced, and its checkpoint makes it survive the application. */
  private async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.control.paused) return;
    this.tick();
    this.save('last');
    this.emit({ type: 'paused' });
    await this.control.breathe();
    this.clock = performance.now();
    if (!this.control.stopRequested) this.emit({ type: 'resumed' });
  }

  private step(batches: readonly Batch[], weights: number[] | null, steps: number, waitMs: number): void {
    const { state, config } = this;
    const begin = performance.now();
    const globalStep = state.epoch * steps + state.step;
    const totalSteps = steps * config.epochs;
    const learningRate = config.optimizer.learningRate * learningRateFactor(config.schedule, config.warmUpEpochs, { step: globalStep, stepsPerEpoch: steps, totalSteps });
    const result = this.model.step(batches, { loss: config.loss, classWeights: weights, learningRate, dropoutSeed: config.seed * 1_000_003 + globalStep });
    if (!Number.isFinite(result.loss)) {
      throw new AppError('trainer-failed', `The loss became ${result.loss} in epoch ${state.epoch + 1}, step ${state.step + 1} (images ${batches.flatMap(({ ids }) => ids).join(', ')}); the last checkpoint keeps the weights before it. A smaller learning rate may help.`);
    }
    state.step++;
    state.sums.loss += result.loss;
    state.sums.correct += result.correct;
    state.sums.labelled += result.labelled;
    state.sums.steps++;
    this.emit({
      type: 'step',
      rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      metrics: {
        epoch: state.epoch + 1, step: state.step, stepsPerEpoch: steps, globalStep: globalStep + 1, totalSteps,
        loss: result.loss, accuracy: result.labelled > 0 ? result.correct / result.labelled : 0, learningRate,
        stepMs: performance.now() - begin, waitMs,
      },
    });
  }

  /** Validates, records the epoch and writes its checkpoints. @returns false if stopped during validation */
  private async finishEpoch(): Promise<boolean> {
    const { state, config } = this;
    this.tick();
    const total = this.validation.length;
    let stopped = false;
    const confusion = await this.model.predicting((net) => evaluate(net, this.validationStore, this.validation, config, {
      epoch: state.epoch,
      progress: async (done) => {
        this.emit({ type: 'validating', done, total });
        // Validation is not training time.
        this.clock = performance.now();
        await this.breathe();
        if (this.control.stopRequested) stopped = true;
        if (stopped) throw new StopDuringValidation();
      },
    })).catch((error: unknown) => {
      if (error instanceof StopDuringValidation) return null;
      throw error;
    });
    if (!confusion) return false;
    this.clock = performance.now();
    const previous = state.history.at(-1)?.timeSeconds ?? 0;
    const metrics: EpochMetrics = {
      epoch: state.epoch + 1,
      loss: state.sums.loss / Math.max(1, state.sums.steps),
      trainAccuracy: state.sums.labelled > 0 ? state.sums.correct / state.sums.labelled : 0,
      validationAccuracy: confusion.pixelAccuracy() ?? 0,
      miou: confusion.meanIou() ?? 0,
      perClassIou: confusion.iou(),
      learningRate: this.learningRateAtEnd(),
      timeSeconds: state.elapsedSeconds,
      epochSeconds: state.elapsedSeconds - previous,
    };
    this.record(metrics, [...confusion.counts]);
    return true;
  }

  private learningRateAtEnd(): number {
    const steps = Math.max(1, this.state.sums.steps);
    const position = { step: this.state.epoch * steps + steps - 1, stepsPerEpoch: steps, totalSteps: steps * this.config.epochs };
    return this.config.optimizer.learningRate * learningRateFactor(this.config.schedule, this.config.warmUpEpochs, position);
  }

  private record(metrics: EpochMetrics, confusion: number[]): void {
    const { state, config } = this;
    const best = !state.best || metrics.miou > state.best.miou;
    state.history.push(metrics);
    state.epoch++;
    state.step = 0;
    state.sums = freshSums();
    if (best) state.best = { miou: metrics.miou, epoch: metrics.epoch };
    // The best first: a `last` that knows of a best must never be there without it.
    if (best) this.save('best');
    this.save('last');
    if (state.epoch % config.checkpointEvery === 0) this.save('epoch');
    writeAtomic(path.join(this.job.outDir, 'metrics.csv'), toCsv(metricsTable(state.history, this.job.classes, 'command-line')));
    this.emit({ type: 'epoch', metrics, confusion, best });
  }

  private save(role: 'last' | 'best' | 'epoch'): void {
    const { epoch } = this.state;
    const file = path.join(this.job.outDir, role === 'epoch' ? `epoch-${String(epoch).padStart(4, '0')}.ckpt` : `${role}.ckpt`);
    const { updates, ...tensors } = this.model.toTensors();
    this.state.optimizerUpdates = updates;
    const sha256 = writeCheckpoint(file, { config: this.config, classes: this.job.classes, state: this.state, ...tensors });
    this.emit({ type: 'checkpoint', file, role, epoch, sha256 });
  }

  private stopped(): 'stopped' {
    this.tick();
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

class StopDuringValidation extends Error {}

/**
 * Trains as the job says until it is finished or stopped; events report everything on the way.
 * @throws AppError 'invalid-argument' if a split has no usable image, 'trainer-failed' if the loss is not a number, 'disk-full', 'corrupt-file'
 */
export async function fit(job: TrainJob, control: Control, emit: Emit): Promise<void> {
  writeAtomic(path.join(job.outDir, 'config.json'), `${JSON.stringify(job.config, null, 2)}\n`);
  const run = new Fit(job, control, emit);
  try {
    const reason = await run.run();
    emit({ type: 'done', reason, epoch: run.epoch });
  } finally {
    run.dispose();
  }
}
