import os from 'node:os';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { hashOfFile } from '#files/file-hash';
import { unlessRefused } from '#shared/errors';
import type { PrecisionChoice } from '#shared/training/precision';
import type { JobOrigin, OriginSession, OriginWeights } from '#shared/training/run-origin';
import { deviceName, tf } from '../tensor/runtime.ts';

/** Epochs of training behind a file's weights; null for a file of another program, and for one that only predicts. */
function epochsBehind(file: string): number | null {
  // Weights of another program have no header of ours, and say nothing of their training.
  return unlessRefused(() => readCheckpointHeader(file).history.length || null, null);
}

/** Where weights come from that a run starts with. */
export function originOfWeights(file: string, run: JobOrigin['weightsOf'], fit: { taken: number; tensors: number }): OriginWeights {
  return { file, sha256: hashOfFile(file), run, epoch: epochsBehind(file), ...fit };
}

/** This start of a trainer. @param at where the run stands as it begins */
export function sessionOf(
  { by, command, codeVersion }: JobOrigin,
  at: { epoch: number; step: number },
  precision: PrecisionChoice,
): OriginSession {
  const cpus = os.cpus();
  return {
    startedAt: new Date().toISOString(),
    by,
    command,
    codeVersion,
    machine: {
      processor: cpus[0]?.model.trim() ?? os.arch(),
      cores: cpus.length,
      memoryMb: Math.round(os.totalmem() / 2 ** 20),
      system: `${os.type()} ${os.release()} ${os.arch()}`,
      device: deviceName(),
      library: `tfjs ${tf.version.tfjs}`,
    },
    epoch: at.epoch,
    step: at.step,
    precision,
  };
}
