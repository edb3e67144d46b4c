// The assistant's process: a network that stays warm and looks at images while a person labels. Nothing imports this file; main forks it.
import os from 'node:os';
import path from 'node:path';
import { useReadLimits } from '#files/read-limits';
import { doubtOf } from '#shared/assist/doubt';
import { meanFeatures } from '#shared/assist/usefulness';
import type { DescribeAnswer, DescribeReply, DescribeTask } from '#shared/assist/messages';
import { toWireError } from '#shared/rpc/wire-errors';
import { Serial } from '#shared/serial';
import { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import { readModel, type Model } from '../weights/checkpoint.ts';
import { loadedNetwork } from '../weights/loaded-network.ts';
import { describeImage } from './describe-image.ts';

/** The network that was asked for last. */
let warm: { key: string; model: Model; net: EncNet } | null = null;

// Built, all entries lie in one folder; as source, the worker lies with the trainer, whose it is as well.
const isBuilt = path.extname(new URL(import.meta.url).pathname) === '.js';
const entry = new URL(isBuilt ? './data-worker.js' : '../trainer/data-worker.ts', import.meta.url);
// Tried before the pool's thread begins: what that does would be counted. Most checkpoints ask for it.
choosePrecision('auto');
const pool = new SamplePool(null, { entry, workers: 1, budgetBytes: 64e6, evicts: true });
const tasks = new Serial();

function networkOf({ checkpoint, checkpointStamp }: DescribeTask): { model: Model; net: EncNet } {
  const key = `${checkpoint}|${checkpointStamp}`;
  if (warm?.key === key) return warm;
  warm?.net.dispose();
  warm = null;
  const model = readModel(checkpoint);
  const net = loadedNetwork(model, choosePrecision(model.config.precision).precision);
  warm = { key, model, net };
  return warm;
}

async function answer(task: DescribeTask): Promise<DescribeAnswer> {
  const { imageFile, imageStamp, limits } = task;
  useReadLimits(limits);
  const { model, net } = networkOf(task);
  const sample = { id: `${imageFile}|${imageStamp}`, imageFile, maskFile: null };
  const { classes } = model;
  // Where a network looks through windows it knows things at the image's own scale.
  const { evaluation, evaluationSize } = model.config;
  const seen = await describeImage(net, pool, sample, evaluation.sliding ? null : evaluationSize, model.temperature);
  return task.what === 'doubt' ? { classes, doubt: doubtOf(seen.logits), features: meanFeatures(seen.features) } : { classes, ...seen };
}

function reply(message: DescribeReply): void {
  if (process.connected) process.send!(message, undefined, undefined, () => undefined);
}

process.on('message', (task: DescribeTask) => {
  void tasks.run(async () => {
    try {
      reply({ id: task.id, answer: await answer(task) });
    } catch (error) {
      reply({ id: task.id, error: toWireError(error) });
    }
  });
});

// Nothing of it is worth keeping: without the application it ends.
process.on('disconnect', () => process.exit());
process.on('error', () => process.exit());
process.on('SIGINT', () => undefined);
process.stderr.on('error', () => undefined);

try {
  // Behind everything else, a training too: a person's hand comes first, and what is proposed may come a moment later.
  os.setPriority(15);
} catch {
  // Without a lower priority it works all the same.
}
