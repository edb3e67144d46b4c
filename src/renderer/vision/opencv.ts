import { loadOpenCV } from '@opencvjs/web';

/** Something in OpenCV's own memory: nothing frees it but `delete`. */
export interface Owned {
  delete(): void;
}

export interface Mat extends Owned {
  rows: number;
  cols: number;
  data: Uint8Array;
  data32S: Int32Array;
  data32F: Float32Array;
}

interface Point {
  x: number;
  y: number;
}

/** Intelligent scissors of Mortensen and Barrett (1995). */
export interface IntelligentScissors extends Owned {
  setEdgeFeatureCannyParameters(low: number, high: number): void;
  setGradientMagnitudeMaxLimit(limit: number): void;
  applyImage(image: Mat): void;
  buildMap(from: Point): void;
  /** @param contour gets int32 [points, 1, 2] */
  getContour(to: Point, contour: Mat): void;
}

/** RGBA, four bytes a cell, row-major. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

/** What is used of OpenCV: the package's own types lack some of it. */
export interface OpenCv {
  Mat: new (rows?: number, columns?: number, type?: number) => Mat;
  Point: new (x: number, y: number) => Point;
  Rect: new (x: number, y: number, width: number, height: number) => unknown;
  Size: new (width: number, height: number) => unknown;
  segmentation_IntelligentScissorsMB: new () => IntelligentScissors;
  matFromArray(rows: number, columns: number, type: number, values: ArrayLike<number>): Mat;
  matFromImageData(pixels: Pixels): Mat;
  cvtColor(from: Mat, to: Mat, code: number): void;
  getStructuringElement(shape: number, size: unknown): Mat;
  dilate(from: Mat, to: Mat, around: Mat): void;
  erode(from: Mat, to: Mat, around: Mat): void;
  blur(from: Mat, to: Mat, size: unknown): void;
  /** @param labels gets int32 [rows, columns]: the number of the nearest cell that is 0 */
  distanceTransformWithLabels(from: Mat, distances: Mat, labels: Mat, metric: number, mask: number, labelled: number): void;
  grabCut(image: Mat, mask: Mat, box: unknown, background: Mat, foreground: Mat, rounds: number, mode: number): void;
  /** @param flow gets float32 [rows, columns, 2]: how far a cell of the first picture lies from where it is in the second */
  calcOpticalFlowFarneback(
    first: Mat,
    second: Mat,
    flow: Mat,
    pyramidScale: number,
    levels: number,
    window: number,
    rounds: number,
    neighbourhood: number,
    sigma: number,
    flags: number,
  ): void;
  connectedComponentsWithStats(image: Mat, labels: Mat, stats: Mat, centres: Mat, connectivity: number, type: number): number;
  exceptionFromPtr(pointer: number): { msg: string };
  CV_8UC1: number;
  CV_32S: number;
  COLOR_RGBA2RGB: number;
  COLOR_RGBA2GRAY: number;
  GC_INIT_WITH_RECT: number;
  CC_STAT_AREA: number;
  CC_STAT_LEFT: number;
  CC_STAT_TOP: number;
  CC_STAT_WIDTH: number;
  CC_STAT_HEIGHT: number;
  MORPH_ELLIPSE: number;
  DIST_L2: number;
  DIST_MASK_5: number;
  DIST_LABEL_PIXEL: number;
}

/** Takes hold of something, to be freed when the work is done. */
export type Keep = <T extends Owned>(thing: T) => T;

/** What is taken hold of within the work is freed at its end, whatever happens. */
export function freeing<T>(work: (keep: Keep) => T): T {
  const kept: Owned[] = [];
  try {
    return work((thing) => {
      kept.push(thing);
      return thing;
    });
  } finally {
    for (const thing of kept.reverse()) thing.delete();
  }
}

/** Works with OpenCV; what is owned by nobody else is freed. An error of C++ is a number: here it has its words. */
export async function withOpenCv<T>(work: (cv: OpenCv, keep: Keep) => T): Promise<T> {
  const cv = (await loadOpenCV()) as unknown as OpenCv;
  try {
    return freeing((keep) => work(cv, keep));
  } catch (error) {
    throw typeof error === 'number' ? new Error(cv.exceptionFromPtr(error).msg) : error;
  }
}

/** The colours of a picture without its alpha. */
export function rgbOf(cv: OpenCv, keep: Keep, pixels: Pixels): Mat {
  const rgb = keep(new cv.Mat());
  cv.cvtColor(keep(cv.matFromImageData(pixels)), rgb, cv.COLOR_RGBA2RGB);
  return rgb;
}
