import { voidId } from '#shared/mask/void-id';
import { gridWithin } from '../editor/cells.ts';
import type { Size } from '../editor/region.ts';
import type { ProposalMap, ProposedRegion } from '../editor/proposed.ts';
import type { Proposal } from './proposal.ts';

/** More cells are not proposed: a larger image gets a coarser proposal, in the time that a hand waits. */
const mostCells = 1.5e6;

/** The size at which a mask of an image is proposed. */
export const proposedSize = (width: number, height: number): Size => gridWithin({ width, height }, mostCells);

/** Connected cells of one class, over edges (4-connected), with how sure they are. Void is nobody's. */
export function regionsOf({ width, height, ids, sureness }: Proposal): ProposalMap {
  const regionOf = new Int32Array(width * height).fill(-1);
  const regions: ProposedRegion[] = [];
  const stack = new Int32Array(width * height);
  for (let start = 0; start < ids.length; start++) {
    const id = ids[start];
    if (id === voidId || regionOf[start] >= 0) continue;
    const region = regions.length;
    let [depth, cells, sum] = [0, 0, 0];
    let [left, top, right, bottom] = [width, height, 0, 0];
    const reach = (cell: number) => {
      if (ids[cell] !== id || regionOf[cell] >= 0) return;
      regionOf[cell] = region;
      stack[depth++] = cell;
    };
    reach(start);
    while (depth > 0) {
      const cell = stack[--depth];
      const [x, y] = [cell % width, Math.floor(cell / width)];
      cells++;
      sum += sureness[cell];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      if (x > 0) reach(cell - 1);
      if (x < width - 1) reach(cell + 1);
      if (y > 0) reach(cell - width);
      if (y < height - 1) reach(cell + width);
    }
    const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
    regions.push({ id, box, cells, sureness: sum / cells / 255 });
  }
  return { width, height, ids, regionOf, regions };
}
