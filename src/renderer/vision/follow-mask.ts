import { proposedSize, regionsOf } from '../assist/proposal-map.ts';
import { followed, movedMask } from './follow.ts';
import type { Asks, FollowedMask } from './messages.ts';
import { withOpenCv } from './opencv.ts';
import { Photo } from './photo.ts';

/** Movement is looked for in so many cells: more take seconds. */
const mostCells = 350_000;

/** Another image's mask as a proposal for the one at hand. @throws Error if that image has another size */
export async function followMask(here: Photo, { address, ids, size }: Asks<'follow'>): Promise<FollowedMask> {
  const there = await Photo.at(address);
  const { width, height } = here.size;
  if (size.width !== width || size.height !== height)
    throw new Error(`its mask has ${size.width} x ${size.height} pixels, and this image has ${width} x ${height}`);
  const found = await withOpenCv((cv, keep) => followed(cv, keep, here.reduced(mostCells), there.reduced(mostCells)));
  return { ...regionsOf(movedMask(ids, here.size, found, proposedSize(width, height))), moved: found.moved };
}
