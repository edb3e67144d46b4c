// Weight and checkpoint files as they come: above 2 GiB, cut off at any byte, or with a header that lies.
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { withPlainFile } from '#files/plain-file';
import { readHeader } from '#files/safetensors-header';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from '#ml/weights/checkpoint';
import { readSafetensors } from '#ml/weights/safetensors';
import { toNumbers } from '#ml/weights/raw-tensor';
import { builtInClassSet } from '#services/class-sets/class-set';
import { AppError } from '#shared/errors';
import { temporaryFolder } from '../helpers/dataset.ts';
import { runState, smallConfig } from '../helpers/training.ts';

const gibibyte = 2 ** 30;

/** A safetensors file with holes: as large as is wanted, and no room on the disk but for what is written. */
function sparse(file: string, tensors: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>, size: number) {
  const json = Buffer.from(JSON.stringify(tensors));
  const head = Buffer.alloc(8 + json.length);
  head.writeBigUInt64LE(BigInt(json.length));
  json.copy(head, 8);
  const handle = openSync(file, 'w');
  writeSync(handle, head);
  ftruncateSync(handle, head.length + size);
  const last = Buffer.from(new Float32Array([1.5, -2, 3, 0.25]).buffer);
  writeSync(handle, last, 0, last.length, head.length + size - last.length);
  closeSync(handle);
}

describe('a file above 2 GiB', () => {
  test('is read tensor by tensor, to its last value', () => {
    const file = path.join(temporaryFolder(), 'large.safetensors');
    // The first lies below 2 GiB, the second begins beyond what a 32-bit offset can tell.
    const begin = 5 * gibibyte;
    sparse(
      file,
      {
        first: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
        second: { dtype: 'F32', shape: [2, 2], data_offsets: [begin, begin + 16] },
      },
      begin + 16,
    );
    const { tensors } = readSafetensors(file);
    expect([...toNumbers(tensors.get('first')!)]).toEqual([0, 0]);
    expect([...toNumbers(tensors.get('second')!)]).toEqual([1.5, -2, 3, 0.25]);
    expect(readHeader(file).fileSize).toBeGreaterThan(5 * gibibyte);
  });

  test('gives a part that is itself larger than one read', () => {
    const file = path.join(temporaryFolder(), 'part.bin');
    const handle = openSync(file, 'w');
    const size = gibibyte + 4096;
    ftruncateSync(handle, size);
    writeSync(handle, Buffer.from([7]), 0, 1, size - 1);
    closeSync(handle);
    const part = withPlainFile(file, ({ read }) => read(0, size));
    expect([part.length, part[0], part[gibibyte], part[size - 1]]).toEqual([size, 0, 0, 7]);
  });
});

describe('a checkpoint', () => {
  let file: string;
  let bytes: Buffer;
  const checkpoint: Checkpoint = {
    config: smallConfig(),
    classes: builtInClassSet('camvid-11').classes,
    state: runState(7),
    model: new Map([['conv.weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]),
    training: new Map([['conv.weight', { shape: [2, 3], data: Float32Array.of(6, 5, 4, 3, 2, 1) }]]),
    optimizer: new Map([['optimizer.momentum.conv.weight', { shape: [6], data: new Float32Array(6).fill(0.5) }]]),
  };

  beforeAll(() => {
    file = path.join(temporaryFolder(), 'last.ckpt');
    writeCheckpoint(file, checkpoint);
    bytes = readFileSync(file);
  });

  const written = (content: Uint8Array): string => {
    const at = path.join(temporaryFolder(), 'damaged.ckpt');
    writeFileSync(at, content);
    return at;
  };

  /** Reading it gives the checkpoint that was written, or an error of ours that names the file. */
  function readsOrNames(at: string): void {
    try {
      const { config, classes, state, model } = readCheckpoint(at);
      expect({ config, classes, state }).toEqual({ config: checkpoint.config, classes: checkpoint.classes, state: checkpoint.state });
      expect(model).toEqual(checkpoint.model);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(['corrupt-file', 'unsupported', 'invalid-argument']).toContain(error.code);
    }
  }

  test('comes back as it was', () => {
    expect(readCheckpoint(written(bytes))).toEqual(checkpoint);
    expect(readCheckpointHeader(written(bytes))).toMatchObject({ config: checkpoint.config, classes: checkpoint.classes, history: [] });
  });

  test('of the longest run of the most classes comes back', () => {
    const perClassIou = Array.from({ length: 254 }, (_, id) => Math.sqrt(id) / 17);
    const epoch = { loss: 1 / 3, trainAccuracy: 1 / 7, validationAccuracy: 1 / 9, validationLoss: 1 / 11, miou: 1 / 13, perClassIou };
    const history = Array.from({ length: 5000 }, (_, n) => ({
      ...epoch,
      epoch: n + 1,
      learningRate: 1e-3 / 7,
      timeSeconds: n / 3,
      epochSeconds: 1 / 3,
    }));
    const at = path.join(temporaryFolder(), 'long.ckpt');
    writeCheckpoint(at, { ...checkpoint, state: { ...checkpoint.state, history } });
    expect(readCheckpointHeader(at).history).toHaveLength(5000);
    expect(readCheckpoint(at).state.history.at(-1)).toEqual(history.at(-1));
  });

  test('cut off at any byte is refused by its name', () => {
    const step = Math.ceil(bytes.length / 120);
    for (let end = 0; end < bytes.length; end += step) {
      const at = written(bytes.subarray(0, end));
      expect(() => readCheckpoint(at), `at ${end}`).toThrow(expect.objectContaining({ code: 'corrupt-file' }) as Error);
      expect(() => readCheckpoint(at)).toThrow(at);
    }
  });

  test('with a flipped bit in its tensors is refused, wherever it is', () => {
    const { dataStart } = readHeader(written(bytes));
    for (let at = dataStart; at < bytes.length; at += 7) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 1;
      expect(() => readCheckpoint(written(damaged)), `byte ${at}`).toThrow(/does not have the sha256 it was written with/);
    }
  });

  test('with any bytes changed gives what was written or an error of ours, never something else', () => {
    const { dataStart } = readHeader(written(bytes));
    fc.assert(
      fc.property(fc.nat(dataStart - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at] ^= flip;
        readsOrNamesHeader(written(damaged));
      }),
      { numRuns: 300 },
    );
  });

  /** The header holds text, which a flipped bit may change to other text: only a crash is wrong here. */
  function readsOrNamesHeader(at: string): void {
    try {
      readCheckpoint(at);
    } catch (error) {
      expect(error, String(error)).toBeInstanceOf(AppError);
      expect((error as AppError).message.length).toBeGreaterThan(10);
    }
  }

  test('of any other content is no checkpoint', () => {
    for (const content of ['', '{}', 'PK\u0003\u0004 a zip', '\u0000'.repeat(64)]) readsOrNames(written(Buffer.from(content)));
    expect(() => readCheckpoint('/nowhere/last.ckpt')).toThrow('/nowhere/last.ckpt does not exist');
  });
});
