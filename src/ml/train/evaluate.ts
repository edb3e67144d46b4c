import { Confusion } from '#shared/metrics/confusion';
import { Random } from '#shared/random';
import type { Sample } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { mirror } from '../data/mirror.ts';
import type { SampleStore } from '../data/sample-store.ts';
import type { EncNet } from '../models/encnet.ts';
import { predictSample } from './predict.ts';

/**
 * Scores a network on labelled samples, each at its label's own resolution, void left out, one confusion over all pixels.
 * @param progress called after each image; may wait, so that stop and pause are heard
 */
export async function evaluate(net: EncNet, store: SampleStore, samples: readonly Sample[], config: RunConfig, options: {
  epoch: number;
  progress: (done: number) => Promise<void>;
}): Promise<Confusion> {
  const confusion = new Confusion(net.numClasses);
  let done = 0;
  for (const sample of samples) {
    const random = Random.named(`validate:${options.epoch}:${sample.id}`, config.seed);
    const flip = () => config.data.flipValidation && random.next() < 0.5;
    const flips = { horizontal: flip(), vertical: flip() };
    const { source, ids } = await predictSample(net, store, sample, config.evaluationSize, { flips });
    if (source.labels) confusion.add(mirror(source.labels, source.width, flips), ids);
    await options.progress(++done);
  }
  return confusion;
}
