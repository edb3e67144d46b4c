import type { ImagePoint, ImagePx, ScreenPoint, ScreenPx } from './units.ts';

/** A panorama of 100,000 px still fits a screen. */
const minScale = 0.01;
const maxScale = 40;

/** How an image lies on the screen. screen = image * scale + offset */
export interface Viewport {
  scale: number;
  x: ScreenPx;
  y: ScreenPx;
}

export interface Extent {
  width: number;
  height: number;
}

export const toImage = (view: Viewport, point: ScreenPoint): ImagePoint => ({
  x: (point.x - view.x) / view.scale,
  y: (point.y - view.y) / view.scale,
});
export const toScreen = (view: Viewport, point: ImagePoint): ScreenPoint => ({
  x: point.x * view.scale + view.x,
  y: point.y * view.scale + view.y,
});

/** What is left free around an image that is fitted. */
const fitMargin: ScreenPx = 24;

/** As far as a picture moves to show more of itself: not at all towards a side that is seen with its margin. */
export function panToHidden({ scale, x, y }: Viewport, by: ScreenPoint, image: Extent, screen: Extent, margin = fitMargin): ScreenPoint {
  const along = (at: ScreenPx, length: ScreenPx, room: ScreenPx, wanted: ScreenPx) =>
    wanted > 0 ? Math.min(wanted, Math.max(0, margin - at)) : Math.max(wanted, Math.min(0, room - margin - at - length));
  return { x: along(x, image.width * scale, screen.width, by.x), y: along(y, image.height * scale, screen.height, by.y) };
}

/** The whole image, centred, with a margin. */
export function fit(image: Extent, screen: Extent, margin: ScreenPx = fitMargin): Viewport {
  const scale = clampScale(Math.min((screen.width - 2 * margin) / image.width, (screen.height - 2 * margin) / image.height));
  return { scale, x: (screen.width - image.width * scale) / 2, y: (screen.height - image.height * scale) / 2 };
}

/** Changes the scale by a factor and keeps the image point under `at` where it is. */
export function zoomAt(view: Viewport, at: ScreenPoint, factor: number): Viewport {
  const scale = clampScale(view.scale * factor);
  const point = toImage(view, at);
  return { scale, x: at.x - point.x * scale, y: at.y - point.y * scale };
}

export const panBy = (view: Viewport, dx: ScreenPx, dy: ScreenPx): Viewport => ({ ...view, x: view.x + dx, y: view.y + dy });

/** Puts an image point at the middle of the screen at a given scale. */
export function centreOn(point: ImagePoint, screen: Extent, scale: number): Viewport {
  const clamped = clampScale(scale);
  return { scale: clamped, x: screen.width / 2 - point.x * clamped, y: screen.height / 2 - point.y * clamped };
}

/** Keeps at least a part of the image on the screen. */
export function keepInView(view: Viewport, image: Extent, screen: Extent, rest: ImagePx = 40): Viewport {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  return {
    scale: view.scale,
    x: clamp(view.x, rest - image.width * view.scale, screen.width - rest),
    y: clamp(view.y, rest - image.height * view.scale, screen.height - rest),
  };
}

const clampScale = (scale: number): number => Math.min(maxScale, Math.max(minScale, scale));
