import { createHash } from 'node:crypto';
import { writeAtomic } from '#files/atomic-write';
import { assertOnePerClass, classesIn, configIn, offsetsIn, stateIn, temperatureIn, type RunState } from '#files/checkpoint-metadata';
import { AppError } from '#shared/errors';
import type { ClassInfo } from '#shared/classes/class-info';
import type { RunConfig } from '#shared/training/run-config';
import type { StateDict } from '../layers/parameters.ts';
import { parametersOf } from '#shared/training/estimate';
import { withOffsets } from './decided.ts';
import { assertFinite } from './raw-tensor.ts';
import { decodeSafetensors, encodeSafetensors, type Accept } from './safetensors.ts';

export interface Checkpoint {
  config: RunConfig;
  classes: ClassInfo[];
  state: RunState;
  /** The network's tensors that predict, in PyTorch's names and layouts: the averaged ones where a run averages. */
  model: StateDict;
  /**
   * The tensors that training goes on with, where they are not the same; empty otherwise. In the file they are named
   * `training.<tensor>`.
   */
  training: StateDict;
  /** Optimiser slots, named `optimizer.<slot>.<tensor>`. */
  optimizer: StateDict;
}

const trainingPrefix = 'training.';
const optimizerPrefix = 'optimizer.';

/** Whether a tensor of a checkpoint is part of the network that predicts. */
export const isModelTensor = (name: string): boolean => !name.startsWith(trainingPrefix) && !name.startsWith(optimizerPrefix);

export const formatName = 'encnet-workbench-checkpoint';
export const modelFormatName = 'encnet-workbench-model';
const formatVersion = '1';

/** sha256 (hex) of the tensors' data, in order, and of the offsets that decide beside them, where there are any. */
function hashOf(tensors: StateDict, offsets: readonly number[] | null = null): string {
  const hash = createHash('sha256');
  if (offsets) hash.update(JSON.stringify(offsets));
  for (const { data } of tensors.values()) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/**
 * Writes a checkpoint: one safetensors file whose metadata holds configuration, classes, counters and the sha256 of the
 * tensor data, so that any safetensors reader opens it (ADR 0004).
 * @returns sha256 of the tensor data
 */
export function writeCheckpoint(file: string, checkpoint: Checkpoint): string {
  const training = [...checkpoint.training].map(([name, tensor]) => [trainingPrefix + name, tensor] as const);
  const tensors: StateDict = new Map([...checkpoint.model, ...training, ...checkpoint.optimizer]);
  const sha256 = hashOf(tensors, checkpoint.state.offsets);
  writeAtomic(
    file,
    encodeSafetensors(tensors, {
      format: formatName,
      version: formatVersion,
      sha256,
      config: JSON.stringify(checkpoint.config),
      classes: JSON.stringify(checkpoint.classes),
      state: JSON.stringify(checkpoint.state),
    }),
  );
  return sha256;
}

/** Weights that predict, weights that training goes on with, and an optimiser's two slots. */
const mostCopies = 4;
/** Statistics of normalisations, counters, and what the reckoning of parameters leaves out. */
const tolerance = { factor: 1.5, bytes: 4_000_000 };

/** A file's tensors cannot be more than its own network has: what claims more is refused before it is read. */
const assertPlausible =
  (file: string, formats: readonly string[]): Accept =>
  (metadata, bytes) => {
    if (!formats.includes(metadata.format) || metadata.version !== formatVersion) {
      throw new AppError(
        'unsupported',
        `${file} must be a checkpoint of version ${formatVersion}, ` +
          `received format "${metadata.format ?? 'none'}" version ${metadata.version ?? 'none'}`,
        { file },
      );
    }
    const parameters = parametersOf(configIn(file, metadata), classesIn(file, metadata).length);
    const most = parameters * 4 * mostCopies * tolerance.factor + tolerance.bytes;
    if (bytes > most) {
      const text = `its tensors have ${bytes} bytes, and those of its network can have ${Math.round(most)}`;
      throw new AppError('corrupt-file', `${file} is not a whole checkpoint: ${text}`, { file });
    }
  };

/** Reads and verifies a checkpoint. @throws AppError as `readSafetensors`, 'unsupported' if it is none, naming the file */
export function readCheckpoint(file: string): Checkpoint {
  return toCheckpoint(decodeSafetensors(file, assertPlausible(file, [formatName])), file);
}

function toCheckpoint({ metadata, tensors }: { metadata: Record<string, string>; tensors: StateDict }, file: string): Checkpoint {
  const [classes, state] = [classesIn(file, metadata), stateIn(file, metadata)];
  if (hashOf(tensors, state.offsets) !== metadata.sha256)
    throw new AppError('corrupt-file', `${file} does not have the sha256 it was written with`, { file });
  assertOnePerClass(file, state.offsets, classes);
  const entries = [...tensors];
  assertFinite(file, entries);
  return {
    config: configIn(file, metadata),
    classes,
    state,
    model: new Map(entries.filter(([name]) => isModelTensor(name))),
    training: new Map(
      entries.filter(([name]) => name.startsWith(trainingPrefix)).map(([name, tensor]) => [name.slice(trainingPrefix.length), tensor]),
    ),
    optimizer: new Map(entries.filter(([name]) => name.startsWith(optimizerPrefix))),
  };
}

/** A network as it is handed on: its tensors and what they are for, without a run's state. */
export interface Model {
  config: RunConfig;
  classes: ClassInfo[];
  /** What is known of it, such as how it was measured. */
  notes: Record<string, string>;
  /** What logits are divided by before they are probabilities, so that it is as sure as it is right; 1 as it was trained. */
  temperature: number;
  model: StateDict;
  /** Of each class, in nats, which `model` has in its classifier's bias; null for none. Whoever trains on takes them out again. */
  offsets: number[] | null;
  /** Epochs it was trained for. */
  epoch: number;
}

/**
 * Writes a model as safetensors with PyTorch's names and layouts, in single or half precision.
 * @returns sha256 of the float32 values it was made from
 */
export function writeModel(
  file: string,
  { config, classes, notes, temperature, model, offsets, epoch }: Model,
  dtype: 'F32' | 'F16',
): string {
  const sha256 = hashOf(model);
  writeAtomic(
    file,
    encodeSafetensors(
      model,
      {
        ...notes,
        format: modelFormatName,
        version: formatVersion,
        config: JSON.stringify(config),
        classes: JSON.stringify(classes),
        epoch: String(epoch),
        temperature: JSON.stringify(temperature),
        ...(offsets && { offsets: JSON.stringify(offsets) }),
      },
      dtype,
    ),
  );
  return sha256;
}

/**
 * Reads what predicts, of a checkpoint (with its offsets) or of a file that `writeModel` wrote.
 * @throws AppError 'not-found', 'corrupt-file' or 'unsupported', naming the file
 */
export function readModel(file: string): Model {
  const content = decodeSafetensors(file, assertPlausible(file, [formatName, modelFormatName]));
  const { metadata } = content;
  const {
    format,
    version: _version,
    config: _config,
    classes: _classes,
    epoch,
    temperature: _temperature,
    offsets: _offsets,
    ...notes
  } = metadata;
  if (format === modelFormatName) {
    assertFinite(file, content.tensors);
    return {
      config: configIn(file, metadata),
      classes: classesIn(file, metadata),
      notes,
      temperature: temperatureIn(file, metadata),
      model: content.tensors,
      offsets: offsetsIn(file, metadata),
      epoch: Number(epoch),
    };
  }
  const checkpoint = toCheckpoint(content, file);
  const { config, classes, state } = checkpoint;
  return {
    config,
    classes,
    notes: {},
    temperature: 1,
    model: withOffsets(checkpoint.model, config.model, state.offsets),
    offsets: state.offsets,
    epoch: state.epoch,
  };
}
