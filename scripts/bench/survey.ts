// How fast a data set is read after it was opened, through the services as the hosts start them.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createServices } from '../../src/main/create-services.ts';

export interface SurveyMeasurement {
  images: number;
  /** From the call that opens the folder to its answer. */
  openMs: number;
  seconds: number;
  imagesPerSecond: number;
}

const root = path.resolve(import.meta.dirname, '../..');

/** @param data a folder, whose `.encnet` is made anew */
export async function measureSurvey({ data }: { data: string }): Promise<SurveyMeasurement> {
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
  const folder = path.resolve(data);
  rmSync(path.join(folder, '.encnet'), { recursive: true, force: true });
  const workbench = createServices({
    userData,
    trainer: { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath },
    workerEntry: path.join(root, 'src/main/services/workers/mask-worker.ts'),
    host: { host: 'browser', version: 'bench', platform: process.platform, nativeDialogs: false },
    chooseFolder: null,
  });
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
