import { voidId } from '#shared/mask/void-id';
import { gridWithin } from '../editor/cells.ts';
import { connectedParts } from '#shared/mask/connected';
import type { Size } from '../editor/region.ts';
import type { ProposalMap, ProposedRegion } from '../editor/proposed.ts';
import type { Proposal } from './proposal.ts';

/** More cells are not proposed: a larger image gets a coarser proposal, in the time that a hand waits. */
const mostCells = 1.5e6;

/** The size at which a mask of an image is proposed. */
export const proposedSize = (width: number, height: number): Size => gridWithin({ width, height }, mostCells);

/** Connected cells of one class, with how sure they are. Void is nobody's. */
export function regionsOf({ width, height, ids, sureness }: Proposal): ProposalMap {
  const { partOf, parts } = connectedParts(ids, { width, height }, voidId);
  const sums = new Float64Array(parts.length);
  partOf.forEach((part, cell) => part >= 0 && (sums[part] += sureness[cell]));
  const regions = parts.map(({ key, box, cells }, part): ProposedRegion => ({ id: key, box, cells, sureness: sums[part] / cells / 255 }));
  return { width, height, ids, regionOf: partOf, regions };
}
