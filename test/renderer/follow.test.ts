// Another image's mask, moved to where things are in this one: by OpenCV as it is built, and by flows that are given.
import { describe, expect, test } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import { followed, movedMask, type Followed } from '../../src/renderer/vision/follow.ts';
import type { OpenCv, Owned, Pixels } from '../../src/renderer/vision/opencv.ts';
import { strictOpenCvHere } from '../helpers/opencv.ts';

const size = { width: 120, height: 90 };

/** A textured picture whose content is moved right and down. */
function pictureOf(dx: number, dy: number): Pixels {
  const data = new Uint8ClampedArray(size.width * size.height * 4);
  for (let i = 0; i < size.width * size.height; i++) {
    const [x, y] = [(i % size.width) - dx, Math.floor(i / size.width) - dy];
    const value = 128 + 50 * Math.sin(x / 7) + 40 * Math.cos(y / 5 + x / 11);
    data.set([value, value, value, 255], i * 4);
  }
  return { ...size, data };
}

async function follow(here: Pixels, there: Pixels): Promise<Followed> {
  const cv = await strictOpenCvHere<OpenCv>();
  const kept: Owned[] = [];
  try {
    return followed(cv, (thing) => (kept.push(thing), thing), here, there);
  } finally {
    for (const thing of kept) thing.delete();
  }
}

const still = (): Followed => ({ ...size, flow: new Float32Array(120 * 90 * 2), misfit: new Float32Array(120 * 90), moved: 0 });

describe('movement', () => {
  test('of a whole picture is found, and a mask goes along', async () => {
    const found = await follow(pictureOf(6, 3), pictureOf(0, 0));
    const inner = Array.from({ length: 120 * 90 }, (_, cell) => cell).filter(
      (cell) => cell % 120 > 20 && cell % 120 < 100 && cell > 20 * 120 && cell < 70 * 120,
    );
    const mean = (c: number) => inner.reduce((sum, cell) => sum + found.flow[2 * cell + c], 0) / inner.length;
    expect(mean(0)).toBeCloseTo(-6, 0);
    expect(mean(1)).toBeCloseTo(-3, 0);
    expect(found.moved).toBeGreaterThan(0.8);
    const ids = Uint8Array.from({ length: 120 * 90 }, (_, i) => (i % 120 < 60 ? 1 : 2));
    const moved = movedMask(ids, size, found, size).ids;
    const right = inner.filter((cell) => moved[cell] === (cell % 120 < 66 ? 1 : 2)).length;
    expect(right / inner.length).toBeGreaterThan(0.97);
  });

  test('is none in a picture that is the same', async () => {
    const found = await follow(pictureOf(0, 0), pictureOf(0, 0));
    expect(found.moved).toBe(0);
    expect(found.flow.every((value) => value === 0)).toBe(true);
  });
});

describe('a mask that is moved', () => {
  const ids = Uint8Array.from({ length: 120 * 90 }, (_, i) => i % 7);

  test('by nothing is the same, to the byte, and as sure as pictures are alike', () => {
    const proposal = movedMask(ids, size, { ...still(), misfit: new Float32Array(120 * 90).fill(24) }, size);
    expect(Buffer.from(proposal.ids).equals(ids)).toBe(true);
    expect(proposal.sureness.every((sure) => sure === 127)).toBe(true);
  });

  test('proposes nothing for what was not in the other picture', () => {
    const found = still();
    for (let cell = 0; cell < 120 * 90; cell++) found.flow[2 * cell] = -10;
    const moved = movedMask(ids, size, found, size).ids;
    expect([...moved.subarray(0, 10)].every((id) => id === voidId)).toBe(true);
    expect(moved[10]).toBe(ids[0]);
  });

  test('is proposed for a larger image by cells of the smaller grids', () => {
    const large = { width: 480, height: 360 };
    const mask = Uint8Array.from({ length: 480 * 360 }, (_, i) => (i % 480 < 240 ? 3 : 4));
    const proposal = movedMask(mask, large, still(), { width: 240, height: 180 });
    expect([proposal.ids[119], proposal.ids[120]]).toEqual([3, 4]);
  });
});
