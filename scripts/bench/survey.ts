// How fast a data set is read after it was opened, through the services as the hosts start them.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Workbench } from '../../src/main/create-services.ts';
import { benchServices } from './services.ts';

export interface SurveyMeasurement {
  images: number;
  /** From the call that opens the folder to its answer. */
  openMs: number;
  /** From the folder's opening to the first thumbnails, as many as a window shows, while the survey goes on. */
  thumbnailsMs: number;
  /** The longest that main's thread answered nobody, from the opening's end to the survey's and a second more. */
  stallMs: number;
  seconds: number;
  imagesPerSecond: number;
}

const shownAtOnce = 24;

/** Loads the thumbnails that a window shows first. */
async function firstThumbnails({ datasets, assets }: Workbench): Promise<void> {
  const { dataset } = datasets.require();
  const shown = dataset.images().slice(0, shownAtOnce);
  const load = async (id: string) => {
    const answer = await assets.handle(new Request(`http://bench/asset/${dataset.id}/thumb/${id}?size=192`));
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
  };
  await Promise.all(shown.map(({ id }) => load(id)));
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
    const delay = monitorEventLoopDelay({ resolution: 2 });
    delay.enable();
    const thumbnails = firstThumbnails(workbench).then(() => performance.now() - opened);
    await scope.surveyed();
    const seconds = (performance.now() - opened) / 1000;
    const images = scope.dataset.images().length;
    const thumbnailsMs = Math.round(await thumbnails);
    // What follows the folder looks at all of it once.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const stallMs = Math.round(delay.max / 1e6);
    return { images, openMs: Math.round(opened - begun), thumbnailsMs, stallMs, seconds, imagesPerSecond: Math.round(images / seconds) };
  } finally {
    await workbench.shutDown();
    rmSync(userData, { recursive: true, force: true });
  }
}
