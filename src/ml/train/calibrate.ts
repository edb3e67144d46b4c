import { AppError } from '#shared/errors';
import { inputSizeOf } from '#shared/training/input-size';
import { fitTemperature, reliabilityOf } from '#shared/metrics/calibration';
import type { CalibrateJob, TrainerEvent } from '#shared/training/messages';
import type { SamplePool } from '../data/sample-pool.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import { writeModel, type Model } from '../weights/checkpoint.ts';
import { loadedNetwork } from '../weights/loaded-network.ts';
import { Stopped, type Control } from './control.ts';
import { gatherEvidence, joined } from './evidence.ts';

/** Labelled pixels that are looked at: more of them change the temperature in its fourth digit. */
const mostPixels = 400_000;

/**
 * Finds the temperature at which a network is as sure as it is right, and tells how much that mends: on the second half of the images
 * with the temperature of the first, so that it is judged neither by what it was fitted to nor by the frames beside; then once more on
 * all.
 * @param pool reads labels as the network's classes @throws AppError 'invalid-argument' if there are fewer than two labelled images
 */
export async function calibrate(
  job: CalibrateJob,
  checkpoint: Model,
  pool: SamplePool,
  control: Control,
  emit: (event: TrainerEvent) => void,
): Promise<void> {
  const classes = checkpoint.classes.length;
  const choice = choosePrecision(job.precision ?? checkpoint.config.precision);
  emit({ type: 'precision', ...choice });
  const net = loadedNetwork(checkpoint, choice.precision);
  try {
    const { evaluation } = checkpoint.config;
    const look = { inputSize: inputSizeOf(checkpoint.config, evaluation), sliding: evaluation.sliding, mostPixels };
    const total = job.samples.length;
    const parts = await gatherEvidence(
      net,
      pool,
      job.samples,
      look,
      async (done) => {
        emit({ type: 'looked-at', done, total });
        await control.breathe();
        if (control.stopRequested) throw new Stopped();
      },
      ({ id }, reason, done) => emit({ type: 'skipped', id, reason, done, total }),
    );
    if (parts.length < 2) throw new AppError('invalid-argument', 'A temperature needs at least two labelled images: choose another split');
    const middle = Math.ceil(parts.length / 2);
    const [first, second] = [parts.slice(0, middle), parts.slice(middle)].map((half) => joined(half, classes));
    const temperature = fitTemperature(joined(parts, classes));
    const [before, after] = [checkpoint.temperature, fitTemperature(first)].map((used) => reliabilityOf(second, used));
    emit({ type: 'calibrated', temperature, before, after, images: parts.length });
    if (job.outFile) writeModel(job.outFile, { ...checkpoint, temperature }, 'F32');
    emit({ type: 'done', reason: 'finished', epoch: checkpoint.epoch });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    emit({ type: 'done', reason: 'stopped', epoch: checkpoint.epoch });
  } finally {
    net.dispose();
  }
}
