import type { ClassInfo } from '#shared/classes/class-info';
import { AppError } from '#shared/errors';
import { frozenPrefixes } from '#shared/training/fine-tune';
import type { RunConfig } from '#shared/training/run-config';
import type { Precision } from '#shared/training/precision';
import { fitSentences, noFitText } from '#shared/training/weight-fit';
import type { StateTensor } from '../layers/parameters.ts';
import { EncNet } from '../models/encnet.ts';
import { WeightAverage } from '../optim/ema.ts';
import { Optimizer } from '../optim/optimizer.ts';
import type { Checkpoint } from '../weights/checkpoint.ts';
import { weightFit, weightsFor } from '../weights/weight-fit.ts';
import { trainStep, type StepOptions, type StepResult } from './train-step.ts';
import type { Batch } from '../data/batch.ts';

/** What a run trains: the network, its optimiser and, where asked for, the average of its weights. */
export class RunModel {
  readonly net: EncNet;
  private readonly config: RunConfig;
  private readonly optimizer: Optimizer;
  private readonly average: WeightAverage | null;

  constructor(config: RunConfig, numClasses: number, precision: Precision) {
    this.config = config;
    this.net = new EncNet(config.model, numClasses, config.seed, precision);
    this.net.parameters.freeze(frozenPrefixes(config.fineTune), config.fineTune.batchNorm === 'running');
    this.optimizer = new Optimizer(config.optimizer);
    this.average = config.emaDecay > 0 ? new WeightAverage(this.net.parameters.all(), config.emaDecay) : null;
  }

  step(batches: readonly Batch[], options: StepOptions): StepResult {
    const result = trainStep(this.net, this.optimizer, batches, options);
    if (Number.isFinite(result.loss)) this.average?.update(this.optimizer.updatesDone);
    return result;
  }

  /** Runs `work` with the weights that predict: the average where there is one. */
  async predicting<T>(work: (net: EncNet) => Promise<T>): Promise<T> {
    try {
      return this.average ? await this.average.during(() => work(this.net)) : await work(this.net);
    } finally {
      this.net.parameters.releaseDerived();
    }
  }

  /** The tensors of a checkpoint: `model` predicts, `training` is what a resume goes on with where that differs. */
  toTensors(): Pick<Checkpoint, 'model' | 'training' | 'optimizer'> & { updates: number } {
    const { updates, slots } = this.optimizer.toStateDict();
    const live = this.net.parameters.toStateDict();
    if (!this.average) return { model: live, training: new Map<string, StateTensor>(), optimizer: slots, updates };
    const { average, weights } = this.average.states(live);
    return { model: average, training: weights, optimizer: slots, updates };
  }

  /** Goes on from a checkpoint of the same network. */
  restore({ model, training, optimizer, state }: Checkpoint): void {
    this.net.parameters.load(training.size > 0 ? training : model);
    this.average?.load(model);
    this.optimizer.load(this.net.parameters.all(), { updates: state.optimizerUpdates, slots: optimizer });
  }

  /**
   * Takes what fits of a weight file.
   * @param classes of the data set
   * @returns how much, with sentences for the log
   * @throws AppError 'invalid-argument' if nothing fits
   */
  loadInitial(file: string, classes: readonly ClassInfo[]): { taken: number; tensors: number; said: string[] } {
    const { parameters } = this.net;
    const found = weightsFor(file, parameters, classes);
    const { weights } = found;
    const fit = weightFit(file, found, parameters, this.config, classes.length);
    if (fit.taken === 0) throw new AppError('invalid-argument', noFitText(fit), { file });
    parameters.load(weights, false);
    this.average?.load(weights);
    const said = fitSentences(fit);
    const taken = new Set(parameters.compare(weights).matching.map(([{ name }]) => name));
    const random = parameters.all().filter(({ name, frozen }) => frozen && !taken.has(name));
    if (random.length > 0)
      said.push(
        `warning: ${random.length} tensors that are kept as loaded are not in the file, or have another shape there, ` +
          `and stay at random, the first: ${random[0].name}`,
      );
    return { taken: fit.taken, tensors: fit.tensors, said };
  }

  dispose(): void {
    this.net.dispose();
    this.optimizer.dispose();
    this.average?.dispose();
  }
}

/** @throws AppError 'invalid-argument' if random weights are to be treated as loaded ones */
export function assertNothingLoaded({ fineTune: { freeze, batchNorm } }: RunConfig): void {
  if (freeze === 'none' && batchNorm === 'batch') return;
  const setting = freeze === 'none' ? `fineTune.batchNorm "${batchNorm}"` : `fineTune.freeze "${freeze}"`;
  throw new AppError(
    'invalid-argument',
    `${setting} keeps what was loaded, and this run starts from random weights: choose weights to start from, or set it back`,
  );
}
