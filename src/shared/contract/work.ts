import { z } from 'zod';
import { event, method } from './define.ts';
import { imageId } from './ids.ts';

/** What a person says of an image: it is done, or needs a look by somebody. */
export const workMarks = ['done', 'look'] as const;
export type WorkMark = (typeof workMarks)[number];

/** How far the work on an image is. */
export interface ImageWork {
  imageId: string;
  /** null: nobody has said anything of it. */
  mark: WorkMark | null;
  /** Seconds that somebody worked on it, pauses left out. */
  seconds: number;
}

/** More seconds at once are no report of a window, which tells them every quarter of a minute. */
const mostSeconds = 600;

export const work = {
  methods: {
    /** Of every image that there is something to tell of. */
    all: method(z.undefined()).returns<ImageWork[]>(),
    /** @returns how they stood before, to be put back */
    mark: method(
      z.strictObject({
        images: z
          .array(z.strictObject({ imageId, mark: z.enum(workMarks).nullable() }))
          .min(1)
          .max(200_000),
      }),
    ).returns<ImageWork[]>(),
    /** Somebody has worked on an image. */
    spent: method(z.strictObject({ imageId, seconds: z.number().positive().max(mostSeconds) })).returns<void>(),
  },
  events: {
    changed: event<ImageWork[]>(),
  },
};
