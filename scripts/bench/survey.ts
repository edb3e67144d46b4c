// How fast a data set is read after it was opened, through the services as the hosts start them.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { benchServices } from './services.ts';

export interface SurveyMeasurement {
  images: number;
  /** From the call that opens the folder to its answer. */
  openMs: number;
  seconds: number;
  imagesPerSecond: number;
}

/** @param data a folder, whose `.encnet` is made anew */
export async function measureSurvey({ data }: { data: string }): Promise<SurveyMeasurement> {
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
  const folder = path.resolve(data);
  rmSync(path.join(folder, '.encnet'), { recursive: true, force: true });
  const workbench = benchServices(userData);
  try {
    // The trainer's look for a GPU is over before anybody opens a folder.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const begun = performance.now();
    await workbench.datasets.open(folder);
    const opened = performance.now();
    const scope = workbench.datasets.require();
    await scope.surveyed();
    const seconds = (performance.now() - opened) / 1000;
    const images = scope.dataset.images().length;
    return { images, openMs: Math.round(opened - begun), seconds, imagesPerSecond: Math.round(images / seconds) };
  } finally {
    await workbench.shutDown();
    rmSync(userData, { recursive: true, force: true });
  }
}
