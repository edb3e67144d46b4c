import { clipBox, type Region } from '../editor/region.ts';
import type { Box } from '../editor/units.ts';
import { rgbOf, withOpenCv, type Keep, type Mat, type OpenCv } from './opencv.ts';
import type { Photo } from './photo.ts';

/** A box is looked at in so many cells, its surroundings too: more take seconds. */
const mostCells = 200 * 200;
/** How much around the box is looked at, as a share of it: what the thing is told from. */
const margin = 0.25;
const rounds = 5;
/** Pieces of a smaller share of the thing are noise. */
const smallestShare = 0.02;
/** Values of its mask that stand for the thing: surely, and probably. */
const [surely, probably] = [1, 3];

/** The thing in a box, by GrabCut (Rother et al., 2004); null where nothing stands out. @param box in pixels of the image */
export async function cutOut(photo: Photo, box: Box): Promise<Region | null> {
  const inside = clipBox(box, photo.size);
  if (!inside) return null;
  const [dx, dy] = [Math.max(4, Math.round(inside.width * margin)), Math.max(4, Math.round(inside.height * margin))];
  const around = { left: inside.left - dx, top: inside.top - dy, width: inside.width + 2 * dx, height: inside.height + 2 * dy };
  const part = photo.part(around, mostCells);
  if (!part) return null;
  const { pixels, box: seen } = part;
  const [across, down] = [pixels.width / seen.width, pixels.height / seen.height];
  const cells = {
    left: Math.floor((inside.left - seen.left) * across),
    top: Math.floor((inside.top - seen.top) * down),
    width: Math.max(1, Math.round(inside.width * across)),
    height: Math.max(1, Math.round(inside.height * down)),
  };
  const thing = await withOpenCv((cv, keep) => thingIn(cv, keep, pixels, cells));
  const selected = new Uint8Array(inside.width * inside.height);
  let isAny = false;
  for (let y = 0, i = 0; y < inside.height; y++) {
    const row = Math.min(pixels.height - 1, Math.floor((inside.top - seen.top + y + 0.5) * down)) * pixels.width;
    for (let x = 0; x < inside.width; x++, i++) {
      selected[i] = thing[row + Math.min(pixels.width - 1, Math.floor((inside.left - seen.left + x + 0.5) * across))];
      isAny ||= selected[i] > 0;
    }
  }
  return isAny ? { box: inside, selected } : null;
}

/** @param box in cells of the picture @returns 1 for each cell of the thing */
function thingIn(cv: OpenCv, keep: Keep, pixels: ImageData, { left, top, width, height }: Box): Uint8Array {
  // Where the box is the whole picture, nothing is left to tell the thing from.
  const [w, h] = [Math.min(width, pixels.width - left - 1), Math.min(height, pixels.height - top - 1)];
  if (w < 2 || h < 2) return new Uint8Array(pixels.width * pixels.height);
  const [mask, background, foreground] = [keep(new cv.Mat()), keep(new cv.Mat()), keep(new cv.Mat())];
  cv.grabCut(rgbOf(cv, keep, pixels), mask, new cv.Rect(left, top, w, h), background, foreground, rounds, cv.GC_INIT_WITH_RECT);
  const thing = Uint8Array.from(mask.data, (value) => (value === surely || value === probably ? 1 : 0));
  return withoutSpecks(cv, keep, thing, mask);
}

function withoutSpecks(cv: OpenCv, keep: Keep, thing: Uint8Array, { rows, cols }: Mat): Uint8Array {
  const image = keep(cv.matFromArray(rows, cols, cv.CV_8UC1, thing));
  const [labels, stats, centres] = [keep(new cv.Mat()), keep(new cv.Mat()), keep(new cv.Mat())];
  const count = cv.connectedComponentsWithStats(image, labels, stats, centres, 8, cv.CV_32S);
  const areas = Array.from({ length: count }, (_, label) => stats.data32S[label * stats.cols + cv.CC_STAT_AREA]);
  const whole = areas.slice(1).reduce((sum, area) => sum + area, 0);
  const numbers = labels.data32S;
  return thing.map((value, cell) => (value && areas[numbers[cell]] >= whole * smallestShare ? 1 : 0));
}
