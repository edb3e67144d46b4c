import { EncNet } from '../../src/ml/models/encnet.ts';
import { tf } from '../../src/ml/tensor/runtime.ts';
import { Tape } from '../../src/ml/tensor/tape.ts';
import { RunModel } from '../../src/ml/train/run-model.ts';
import { argMax } from '../../src/ml/train/train-step.ts';
import { Random } from '../../src/shared/random.ts';
import type { Precision } from '../../src/shared/training/precision.ts';
import { findPreset } from '../../src/shared/training/presets.ts';
import { profileOps, type OpTime } from './profile.ts';

/** The form of ../shared/peer/reference_step.py. */
export interface Measurement {
  mode: string;
  preset: string;
  batch: number;
  height: number;
  width: number;
  precision: Precision;
  classes: number;
  wall_ms: number[];
  cpu_s: number[];
  peak_rss_mb: number;
}

/** Runs work once to warm up and then `steps` times. */
function time(steps: number, work: () => void): Pick<Measurement, 'wall_ms' | 'cpu_s' | 'peak_rss_mb'> {
  const [wall, cpu]: [number[], number[]] = [[], []];
  for (let i = 0; i <= steps; i++) {
    const usage = process.cpuUsage();
    const begin = performance.now();
    work();
    wall.push(Math.round(performance.now() - begin));
    const { user, system } = process.cpuUsage(usage);
    cpu.push(Math.round((user + system) / 1e4) / 100);
  }
  return { wall_ms: wall.slice(1), cpu_s: cpu.slice(1), peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024) };
}

const noise = (count: number): Float32Array => {
  const random = new Random(17);
  return Float32Array.from({ length: count }, () => random.normal());
};

interface StepArguments {
  preset: string;
  batch: number;
  height: number;
  width: number;
  precision: Precision;
  classes: number;
}

/** A preset's training step on noise: forward, all losses, backward, update. */
function stepOf({ preset, batch, height, width, precision, classes }: StepArguments): () => void {
  const { config } = findPreset(preset);
  const model = new RunModel(config, classes, precision);
  const random = new Random(18);
  const data = {
    images: noise(batch * height * width * 3),
    labels: Uint8Array.from({ length: batch * height * width }, () => random.integer(classes)),
    count: batch,
    size: [height, width] as const,
    ids: [],
  };
  let step = 0;
  // As with weights, where the recipe has them: they take a map of their own.
  const classWeights = config.loss.classWeights === 'none' ? null : Array<number>(classes).fill(1);
  const options = { loss: config.loss, classWeights, learningRate: 0.01 };
  return () => void model.step([data], { ...options, dropoutSeed: ++step });
}

/** Times whole training steps. */
export function measureStep({ steps, ...rest }: StepArguments & { steps: number }): Measurement {
  return { mode: 'train', ...rest, ...time(steps, stepOf(rest)) };
}

/** Where the time of a training step goes, kernel by kernel; a warm-up step comes first. */
export function profileStep({ steps, ...rest }: StepArguments & { steps: number }): OpTime[] {
  const step = stepOf(rest);
  step();
  return profileOps(() => {
    for (let i = 0; i < steps; i++) step();
  });
}

/** Times predictions: forward in evaluation mode and the class of each pixel. */
export function measurePredict({ steps, ...rest }: StepArguments & { steps: number }): Measurement {
  const { preset, batch, height, width, precision, classes } = rest;
  const net = new EncNet(findPreset(preset).config.model, classes, 17, precision);
  const images = tf.tensor(noise(batch * height * width * 3), [batch, height, width, 3], 'float32');
  const measured = time(steps, () => {
    const tape = new Tape({ training: false, recording: false, fold: true, precision });
    argMax(net.forward(tape, tape.constant(images)).logits.value);
    tape.dispose();
  });
  return { mode: 'predict', ...rest, ...measured };
}
