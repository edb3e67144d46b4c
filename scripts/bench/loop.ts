import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TrainerProcess } from '../../src/main/services/jobs/trainer-process.ts';
import { findPreset } from '../../src/shared/training/presets.ts';
import type { PrecisionSetting } from '../../src/shared/training/precision.ts';
import { jobData } from '../../test/helpers/job-data.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export interface LoopArguments {
  data: string;
  preset: string;
  epochs: number;
  images: number;
  precision?: PrecisionSetting;
}

/**
 * Where the wall time of an epoch goes: waiting for data, steps, validation, and the rest (checkpoints, messages). The
 * reading before the first epoch is left out.
 */
export async function measureLoop({ data, preset, epochs, images, precision }: LoopArguments): Promise<Record<string, number | string>> {
  const { config: plain } = findPreset(preset);
  const config = { ...plain, epochs, precision: precision ?? plain.precision };
  const spent = { wait: 0, step: 0, evaluation: 0 };
  let [begin, end, evaluationBegin, trained, steps] = [0, 0, 0, 0, 0];
  const trainer = new TrainerProcess(
    { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath },
    {
      kind: 'train',
      config,
      ...jobData(path.resolve(data), { train: images, val: images }),
      outDir: mkdtempSync(path.join(os.tmpdir(), 'encnet-loop-')),
      resumeFrom: null,
      initialWeights: null,
    },
    (event) => {
      const now = performance.now();
      if (event.type === 'started') begin = now;
      else if (event.type === 'step') {
        spent.wait += event.metrics.waitMs;
        spent.step += event.metrics.stepMs;
        trained += event.metrics.images;
        steps++;
        evaluationBegin = now;
      } else if (event.type === 'validating' && event.done === event.total) spent.evaluation += now - evaluationBegin;
      else if (event.type === 'epoch') end = now;
    },
  );
  const { reason } = await trainer.ended;
  if (reason || end === 0) throw new Error(reason ?? 'no epoch was finished');
  const total = end - begin;
  const share = (ms: number) => Number((ms / total).toFixed(4));
  return {
    preset,
    precision: config.precision,
    epochs,
    steps,
    total_ms: Math.round(total),
    wait_share: share(spent.wait),
    wait_share_of_training: Number((spent.wait / (spent.wait + spent.step)).toFixed(4)),
    step_share: share(spent.step),
    evaluation_share: share(spent.evaluation),
    other_share: share(total - spent.wait - spent.step - spent.evaluation),
    images_per_second: Number(((1000 * trained) / (spent.wait + spent.step)).toFixed(2)),
  };
}
