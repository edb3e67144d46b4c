import path from 'node:path';
import type { StepPoint } from '#shared/training/messages';
import { messageOf } from '#shared/errors';
import type { ClassInfo } from '#shared/classes/class-info';
import type { EpochMetrics, StripImage } from '#shared/training/messages';
import { TensorBoardWriter } from './tensorboard-writer.ts';

const mostUnwrittenMs = 3000;

/** Writes a run's curves for TensorBoard as they come. A file that cannot be written is said once and hurts nothing else. */
export class TensorBoardCurves {
  private readonly folder: string;
  private readonly classes: readonly ClassInfo[];
  private readonly log: (line: string) => void;
  private writer: TensorBoardWriter | null = null;
  private broken = false;
  private steps: StepPoint[] = [];
  private lastStep = 0;
  private flushedAt = performance.now();

  /** @param folder of the run */
  constructor(folder: string, classes: readonly ClassInfo[], log: (line: string) => void) {
    this.folder = folder;
    this.classes = classes;
    this.log = log;
  }

  private attempt(work: () => void): void {
    if (this.broken) return;
    try {
      work();
    } catch (error) {
      this.broken = true;
      this.log(`TensorBoard files are not written any more: ${messageOf(error)}`);
    }
  }

  /** @param firstStep the first that this session does, counted from 1 */
  begin(firstStep: number): void {
    // A run that was stopped while it validated goes on with its epoch's values, without a step before them.
    this.lastStep = firstStep - 1;
    this.attempt(() => (this.writer = new TensorBoardWriter(path.join(this.folder, 'tensorboard'), firstStep)));
  }

  step(point: StepPoint): void {
    this.steps.push(point);
    this.lastStep = point.globalStep;
    // What is not written is lost with the workbench, while its trainer saves the step that it is at.
    if (performance.now() - this.flushedAt > mostUnwrittenMs) this.flush();
  }

  /** Writes the steps that are not written yet: also at the end of an epoch, and where a run stops in the middle of one. */
  flush(): void {
    this.flushedAt = performance.now();
    this.attempt(() => {
      const ofSteps = (read: (point: StepPoint) => number | null) =>
        this.steps.flatMap((point): [number, number][] => {
          const value = read(point);
          return value === null ? [] : [[point.globalStep, value]];
        });
      if (this.steps.length > 0)
        this.writer?.scalars({
          'train/loss': ofSteps(({ loss }) => loss),
          'train/accuracy': ofSteps(({ accuracy }) => accuracy),
          'train/learning_rate': ofSteps(({ learningRate }) => learningRate),
          'train/cross_entropy': ofSteps(({ crossEntropy }) => crossEntropy),
          'train/scene_loss': ofSteps(({ sceneLoss }) => sceneLoss),
          'train/auxiliary_loss': ofSteps(({ auxiliaryLoss }) => auxiliaryLoss),
          'train/gradient_norm': ofSteps(({ gradientNorm }) => gradientNorm),
          'train/images_per_second': ofSteps(({ imagesPerSecond }) => imagesPerSecond),
        });
      this.steps = [];
    });
  }

  /** Writes the epoch's values, with the steps since the last. Epochs stand at their last step. */
  epoch(metrics: EpochMetrics): void {
    this.flush();
    this.attempt(() => {
      const at = (value: number | null): [number, number][] => (value === null ? [] : [[this.lastStep, value]]);
      this.writer?.scalars({
        'epoch/train_loss': at(metrics.loss),
        'epoch/train_accuracy': at(metrics.trainAccuracy),
        'validation/loss': at(metrics.validationLoss),
        'validation/accuracy': at(metrics.validationAccuracy),
        'validation/mIoU': at(metrics.miou),
        ...Object.fromEntries(this.classes.map(({ id, name }) => [`validation_IoU/${name}`, at(metrics.perClassIou[id] ?? null)])),
      });
    });
  }

  strip(images: readonly StripImage[]): void {
    this.attempt(() =>
      this.writer?.images(
        this.lastStep,
        images.map(({ imageId, file }) => ({ tag: `prediction/${imageId}`, file: path.join(this.folder, 'strip', file) })),
      ),
    );
  }
}
