import { AppError } from '#shared/errors';
import { frozenPrefixes } from '#shared/training/fine-tune';
import type { RunConfig } from '#shared/training/run-config';
import type { StateDict, StateTensor } from '../layers/parameters.ts';
import { EncNet } from '../models/encnet.ts';
import { WeightAverage } from '../optim/ema.ts';
import { Optimizer } from '../optim/optimizer.ts';
import type { Checkpoint } from '../weights/checkpoint.ts';
import { mapNames } from '../weights/map-names.ts';
import { readWeights } from '../weights/read-weights.ts';
import { trainStep, type StepOptions, type StepResult } from './train-step.ts';
import type { Batch } from '../data/batches.ts';

/** What a run trains: the network, its optimiser and, where asked for, the average of its weights. */
export class RunModel {
  readonly net: EncNet;
  private readonly optimizer: Optimizer;
  private readonly average: WeightAverage | null;

  constructor(config: RunConfig, numClasses: number) {
    this.net = new EncNet(config.model, numClasses, config.seed);
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

  /** Takes what fits of a weight file. @returns how much, with sentences for the log @throws AppError 'invalid-argument' if nothing fits */
  loadInitial(file: string): { taken: number; tensors: number; said: string[] } {
    const weights: StateDict = mapNames(readWeights(file));
    const report = this.net.parameters.load(weights, false);
    this.average?.load(weights);
    const tensors = this.net.parameters.all().length;
    const loaded = tensors - report.missing.length - report.mismatched.length;
    if (loaded === 0)
      throw new AppError(
        'invalid-argument',
        `${file} has no tensor that fits the network; its first is ${[...weights.keys()][0] ?? 'none'}`,
      );
    const said = [
      `${loaded} tensors taken from ${file}; ${report.missing.length} start at random, ` +
        `${report.mismatched.length} have another shape, ${report.unexpected.length} are not in the network`,
      ...(['mismatched', 'unexpected'] as const).flatMap((rule) => report[rule].slice(0, 5).map((name) => `${rule}: ${name}`)),
    ];
    const random = report.missing.filter((name) => this.net.parameters.get(name)!.frozen);
    if (random.length > 0)
      said.push(
        `warning: ${random.length} tensors that are kept as loaded are not in the file and stay at random, the first: ${random[0]}`,
      );
    return { taken: loaded, tensors, said };
  }

  dispose(): void {
    this.net.dispose();
    this.optimizer.dispose();
    this.average?.dispose();
  }
}
