// What the newest model sees in an image: the starter's, in a process of its own that stays warm.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { doubtOf } from '#shared/assist/doubt';
import { unpackMap } from '#shared/assist/grid-map';
import type { AssistDescription, AssistModel } from '#shared/contract/assist';
import { AssistantProcess } from '#services/assist/assistant-process';
import { readModel, writeModel } from '#ml/weights/checkpoint';
import { findStarter } from '#services/runs/starter';
import { builtInClassSet } from '#services/class-sets/class-set';
import { makeDataset } from '../helpers/dataset.ts';
import type { Precision } from '#shared/training/precision';
import { createBench, type TestBench } from '../helpers/services.ts';
import { root } from '../helpers/workbench.ts';

let bench: TestBench;
let folder: string;
const describe = (imageId: string, runId?: string | null) => bench.call<AssistDescription>('assist.describe', { imageId, runId });

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
});

test('the starter sees an image: its logits, the features that they are made of, and the classes that they mean', async () => {
  const starter = { runId: null, name: expect.any(String) as string, miou: expect.closeTo(0.701, 2) as number };
  expect(await bench.call<AssistModel[]>('assist.models')).toEqual([starter]);
  const asked = vi.spyOn(AssistantProcess.prototype, 'describe');
  const seen = await describe('train/train-0');
  const { classes } = builtInClassSet('camvid-11');
  expect(seen).toMatchObject({ width: 64, height: 48, classIds: classes.map(({ id }) => id), model: { runId: null } });
  const [logits, features] = [unpackMap(seen.logits), unpackMap(seen.features)];
  expect(logits.values).toHaveLength(logits.width * logits.height * 11);
  expect(features.values).toHaveLength(features.width * features.height * features.channels);
  expect([...logits.values.slice(0, 5), ...features.values.slice(0, 5)].every(Number.isFinite)).toBe(true);
  // What was seen is not looked at again.
  expect(unpackMap((await describe('train/train-0')).logits).values).toEqual(logits.values);
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockRestore();
});

test('how sure it is of an image is the same whether the image was seen before or not, and is remembered', async () => {
  const doubt = async (imageId: string) => (await bench.call<{ doubt: number }>('assist.doubt', { imageId })).doubt;
  const asked = vi.spyOn(AssistantProcess.prototype, 'doubt');
  const before = await doubt('train/train-0');
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(1);
  expect(before).toBeCloseTo(doubtOf(unpackMap((await describe('train/train-0')).logits)), 6);
  await describe('train/train-1');
  expect(await doubt('train/train-1')).toBeCloseTo(doubtOf(unpackMap((await describe('train/train-1')).logits)), 6);
  expect(await doubt('train/train-0')).toBe(before);
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockRestore();
});

test('an image that cannot be read, and a run that is not there, are named; the process goes on', async () => {
  rmSync(path.join(folder, 'train/train-1.png'));
  mkdirSync(path.join(folder, 'elsewhere'));
  await expect(describe('train/train-1')).rejects.toMatchObject({ message: expect.stringContaining('train-1.png') as string });
  await expect(describe('train/train-0', 'gone')).rejects.toThrow('choose another model');
  await expect(describe('train/nothing')).rejects.toThrow('There is no image');
  expect((await describe('val/val-0')).width).toBe(64);
});

test('what is proposed is as sure as the model was calibrated to be, and is nearly the same in bfloat16', async () => {
  const starter = findStarter(builtInClassSet('camvid-11').classes)!;
  const model = readModel(starter.file);
  const imageFile = path.join(folder, 'train/train-0.png');
  const host = { entry: path.join(root, 'src/ml/assistant/index.ts'), program: process.execPath };
  const assistant = new AssistantProcess(host, 60_000);
  const seen = async (name: string, temperature: number, precision: Precision) => {
    const file = path.join(folder, `${name}.safetensors`);
    writeModel(file, { ...model, temperature, config: { ...model.config, precision } }, 'F32');
    const request = { checkpoint: file, checkpointStamp: name, imageFile, imageStamp: '1' };
    const [{ logits }, { doubt }] = [await assistant.describe(request), await assistant.doubt(request)];
    return { values: [...logits.values], doubt };
  };
  try {
    const [sure, unsure] = [await seen('sure', 0.5, 'float32'), await seen('unsure', 2, 'float32')];
    for (const [place, value] of unsure.values.entries()) expect(4 * value).toBeCloseTo(sure.values[place], 3);
    expect(unsure.doubt).toBeGreaterThan(sure.doubt);
    const narrow = await seen('narrow', 0.5, 'bfloat16');
    expect(narrow.values).not.toEqual(sure.values);
    expect(narrow.doubt).toBeCloseTo(sure.doubt, 1);
    const likeliest = ({ values }: { values: number[] }) =>
      Array.from({ length: values.length / 11 }, (_, pixel) => {
        const own = values.slice(11 * pixel, 11 * pixel + 11);
        return own.indexOf(Math.max(...own));
      });
    const [wide, few] = [likeliest(sure), likeliest(narrow)];
    expect(few.filter((id, pixel) => id === wide[pixel]).length / wide.length).toBeGreaterThan(0.95);
  } finally {
    assistant.close();
  }
});

test('a process that dies is told of, and starts anew when it is asked again; one that nobody asks gives its memory back', async () => {
  const { classes } = builtInClassSet('camvid-11');
  const starter = findStarter(classes)!;
  const imageFile = path.join(folder, 'train/train-0.png');
  copyFileSync(path.join(folder, 'train/train-1.png'), imageFile);
  const host = { entry: path.join(root, 'src/ml/assistant/index.ts'), program: process.execPath };
  const assistant = new AssistantProcess(host, 300);
  const request = { checkpoint: starter.file, checkpointStamp: '1', imageFile, imageStamp: '1' };
  try {
    const first = assistant.describe(request);
    process.kill(assistant.pid!, 'SIGKILL');
    await expect(first).rejects.toThrow('The assistant has ended (SIGKILL); it starts anew when it is asked again');
    expect((await assistant.describe(request)).width).toBe(64);
    expect(assistant.pid).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(assistant.pid).toBeNull();
  } finally {
    assistant.close();
  }
  await expect(assistant.describe(request)).rejects.toMatchObject({ code: 'cancelled' });
});
