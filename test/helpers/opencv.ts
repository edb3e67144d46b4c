import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { strictOpenCv } from '../../scripts/build/strict-opencv.ts';

const entry = createRequire(import.meta.url).resolve('@opencvjs/web');

/** OpenCV.js as its package has it. */
export const openCvSource = (): string => readFileSync(path.join(path.dirname(entry), 'opencv_js.js'), 'utf8');

/** OpenCV as the build has it, in this process. */
export async function strictOpenCvHere<T>(): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-opencv-'));
  try {
    const file = path.join(folder, 'opencv.mjs');
    writeFileSync(file, strictOpenCv(openCvSource()));
    const { default: load } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default: () => Promise<T> };
    return await load();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
