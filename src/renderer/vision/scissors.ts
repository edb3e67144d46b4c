import type { Box, ImagePoint } from '../editor/units.ts';
import { rgbOf, withOpenCv, type IntelligentScissors } from './opencv.ts';
import type { Photo } from './photo.ts';

/** More cells would have a hand wait for the map of ways. */
const mostCells = 350_000;

const isSameBox = (a: Box, b: Box): boolean => a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;

/** Finds ways along the edges of one photo. Its owner closes it. */
export class EdgeTracer {
  private readonly photo: Photo;
  private looked: { within: Box; box: Box; columns: number; rows: number; scissors: IntelligentScissors } | null = null;
  /** Where the map of ways begins. */
  private origin: ImagePoint | null = null;

  constructor(photo: Photo) {
    this.photo = photo;
  }

  /**
   * The way along edges, without its first point.
   * @param within the part of the image that is looked at: what is asked for lies in it, or is brought into it
   */
  async trace(from: ImagePoint, to: ImagePoint, within: Box): Promise<ImagePoint[]> {
    const looked = await this.look(within);
    if (!looked) return [to];
    return withOpenCv((cv, keep) => {
      const { box, columns, rows, scissors } = looked;
      const [across, down] = [columns / box.width, rows / box.height];
      const cellOf = ({ x, y }: ImagePoint) => {
        const column = Math.min(columns - 1, Math.max(0, Math.floor((x - box.left) * across)));
        return new cv.Point(column, Math.min(rows - 1, Math.max(0, Math.floor((y - box.top) * down))));
      };
      if (this.origin?.x !== from.x || this.origin.y !== from.y) scissors.buildMap(cellOf(from));
      this.origin = from;
      const contour = keep(new cv.Mat());
      scissors.getContour(cellOf(to), contour);
      const numbers = contour.data32S;
      const points = Array.from({ length: numbers.length / 2 }, (_, i) => ({
        x: box.left + (numbers[2 * i] + 0.5) / across,
        y: box.top + (numbers[2 * i + 1] + 0.5) / down,
      }));
      return [...points.slice(1, -1), to];
    });
  }

  private async look(within: Box): Promise<typeof this.looked> {
    if (this.looked && isSameBox(this.looked.within, within)) return this.looked;
    this.close();
    const part = this.photo.part(within, mostCells);
    if (!part) return null;
    this.looked = await withOpenCv((cv, keep) => {
      const scissors = new cv.segmentation_IntelligentScissorsMB();
      try {
        scissors.setEdgeFeatureCannyParameters(16, 100);
        scissors.setGradientMagnitudeMaxLimit(200);
        scissors.applyImage(rgbOf(cv, keep, part.pixels));
      } catch (error) {
        scissors.delete();
        throw error;
      }
      return { within, box: part.box, columns: part.pixels.width, rows: part.pixels.height, scissors };
    });
    return this.looked;
  }

  close(): void {
    this.looked?.scissors.delete();
    [this.looked, this.origin] = [null, null];
  }
}
