// How fast Review is there once a split is predicted: the split opened, a cell of the matrix, the list from its top to its end.
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import type { RunSummary } from '../../src/shared/contract/runs.ts';
import { openDatabase } from '../../src/main/services/database.ts';
import { inWorkbench } from './in-workbench.ts';
import { benchServices, callsOf, predictSplit } from './services.ts';
import { summaryOf } from './summary.ts';

export interface ReviewArguments {
  /** A data set in CamVid's folders. */
  data: string;
  /** Images of the split. */
  images: number;
  switches: number;
}

/** Images that are really predicted; more are links to these, rows and files. */
const mostPredicted = 233;

const nameOf = (n: number): string => `image-${String(n).padStart(6, '0')}`;

/** A split of so many images by links. @param from how many are there already */
function linkImages(source: string, folder: string, from: number, to: number): void {
  for (const kind of ['val', 'valannot']) {
    const files = ['train', 'val'].flatMap((split) => {
      const of = path.join(source, kind.replace('val', split));
      return readdirSync(of)
        .sort()
        .map((name) => path.join(of, name));
    });
    mkdirSync(path.join(folder, kind), { recursive: true });
    // Those after the first are links to these: their masks and photos have the same revisions and stamps.
    for (let n = from; n < to; n++) linkSync(files[(n % mostPredicted) % files.length], path.join(folder, kind, `${nameOf(n)}.png`));
  }
}

/** Predicts what is there with the starter. @returns the prediction's id, and the seconds that it took */
async function predict(folder: string, userData: string): Promise<{ id: string; seconds: number }> {
  const workbench = benchServices(userData);
  try {
    await workbench.datasets.open(folder);
    const call = callsOf(workbench);
    const run = await call<RunSummary>('runs.addStarter');
    const begun = performance.now();
    const id = await predictSplit(call, run.id, 'val');
    return { id, seconds: (performance.now() - begun) / 1000 };
  } finally {
    await workbench.shutDown();
  }
}

/** Rows and files of images that are links to those that were predicted. */
function linkPredictions(folder: string, id: string, images: number): void {
  const work = path.join(folder, '.encnet');
  const db = openDatabase(path.join(work, 'history.db'));
  const copy = db.prepare(
    `INSERT INTO prediction_image (prediction_id, image_id, file, confusion, uncertainty, revision, photo, loss, suspicious, shapes)
     SELECT prediction_id, ?, ?, confusion, uncertainty, revision, photo, loss, suspicious, shapes
     FROM prediction_image WHERE prediction_id = ? AND image_id = ?`,
  );
  db.transaction(() => {
    for (let n = mostPredicted; n < images; n++) {
      const [file, of] = [n, n % mostPredicted].map((each) => `val+${nameOf(each)}.png`);
      for (const place of ['', 'sureness'])
        linkSync(path.join(work, 'predictions', id, place, of), path.join(work, 'predictions', id, place, file));
      copy.run(`val/${nameOf(n)}`, file, id, `val/${nameOf(n % mostPredicted)}`);
    }
  })();
  db.close();
}

/** Milliseconds from what is done until a sight is there, by the page's own clock. */
async function until(page: Page, [buttons, word]: readonly [selector: string, word: string], sight: string): Promise<number> {
  return page.evaluate(
    async ([within, text, seen]) => {
      const button = [...document.querySelectorAll<HTMLElement>(within)].find((each) => each.textContent.includes(text))!;
      const from = performance.now();
      button.click();
      while (!document.querySelector(seen)) await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      return performance.now() - from;
    },
    [buttons, word, sight] as const,
  );
}

/** Milliseconds of the page's thread for each of many steps of the wheel over one of four views: handlers, and the draws of all of them. */
const zoomFrames = (page: Page, frames: number): Promise<number[]> =>
  page.evaluate(async (count) => {
    const figures = [...document.querySelectorAll('figure:not([hidden])')];
    const hosts = figures.map((figure) => figure.querySelector<HTMLElement>('.view')!);
    const layers = hosts.flatMap((host) => [...host.querySelectorAll('canvas')]);
    const box = hosts[0].getBoundingClientRect();
    const times: number[] = [];
    const before = layers[0].toDataURL();
    for (let n = 0; n < count; n++) {
      if (n === count / 2 && layers[0].toDataURL() === before) throw new Error('the wheel does not zoom');
      const frameBegun = new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
      const begin = performance.now();
      // In for one half of them, out for the other.
      const wheel = {
        deltaY: n < count / 2 ? -60 : 60,
        ctrlKey: true,
        clientX: box.left + box.width / 3,
        clientY: box.top + box.height / 2,
      };
      (hosts[0].querySelector('canvas') ?? hosts[0]).dispatchEvent(new WheelEvent('wheel', { ...wheel, bubbles: true, cancelable: true }));
      const handled = performance.now() - begin;
      const drawn = await new Promise<number>((resolve) =>
        requestAnimationFrame(() => {
          // Read, so that nothing of it is put off.
          for (const layer of layers) layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1);
          resolve(performance.now());
        }),
      );
      times.push(handled + drawn - (await frameBegun));
    }
    return times;
  }, frames);

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** @returns medians in milliseconds, and the seconds that the prediction took */
export async function measureReview({ data, images, switches }: ReviewArguments): Promise<object> {
  const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-review-'));
  try {
    const [folder, userData] = [path.join(work, 'data'), path.join(work, 'user')];
    linkImages(path.resolve(data), folder, 0, Math.min(images, mostPredicted));
    const { id, seconds } = await predict(folder, userData);
    linkImages(path.resolve(data), folder, mostPredicted, images);
    linkPredictions(folder, id, images);
    return await inWorkbench({ userData, data: folder }, async (page) => {
      // Every image is known.
      await page.waitForTimeout(Math.max(3000, images * 3));
      const open: number[] = [];
      for (let n = 0; n < switches; n++) {
        open.push(await until(page, ['[aria-label="Places"] button', 'Review'], '[aria-label="Prediction"] canvas'));
        await page.waitForTimeout(500);
        if (n < switches - 1) await until(page, ['[aria-label="Places"] button', 'Train'], 'button.primary');
      }
      const filter: number[] = [];
      for (let n = 0; n < switches; n++) {
        filter.push(await until(page, ['button[aria-label*=" predicted as "]', ''], '[aria-label="Ranked images"] p button.link'));
        await page.getByRole('button', { name: 'all pairs' }).click();
        await page.waitForTimeout(300);
      }
      const zoom = summaryOf(await zoomFrames(page, 120));
      await page.getByRole('checkbox', { name: 'Outlines of the other' }).check();
      await page.waitForTimeout(300);
      const zoomOutlined = summaryOf(await zoomFrames(page, 120));
      const listed = await page.getByRole('navigation', { name: 'Ranked images' }).locator('button.row').count();
      return {
        images,
        predictSeconds: Math.round(seconds),
        openMs: median(open),
        filterMs: median(filter),
        zoom,
        zoomOutlined,
        rowsInPage: listed,
      };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
