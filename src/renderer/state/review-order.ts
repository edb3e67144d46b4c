import type { ReviewImage } from '#shared/contract/review';

/**
 * By IoU of all classes or the chosen one, by pixels that differ, by the loss, by labelled pixels that are confidently predicted otherwise,
 * by how unsure the network is; by what would teach it most, each image unlike those before it; or by what is worse or better than another
 * run's prediction.
 */
export type ReviewOrder = 'iou' | 'wrong' | 'loss' | 'suspicion' | 'uncertainty' | 'useful' | 'worsened' | 'improved';

/** What an order needs to know besides the images. */
export interface OrderBasis {
  order: ReviewOrder;
  /** The class whose IoU counts; null for the mean, in which the images come. */
  classId: number | null;
  /** Places of images in the order of use; null while that is not known. */
  useful: Readonly<Record<string, number>> | null;
  /** How much better an image is than in another run's prediction; null where that is not known. */
  gainOf: (image: ReviewImage) => number | null;
}

const negative = (value: number | null): number | null => value && -value;

/** The images, those to look at first in front. @param images by their mIoU, the worst first */
export function inOrder(images: readonly ReviewImage[], { order, classId, useful, gainOf }: OrderBasis): ReviewImage[] {
  const by = (most: (image: ReviewImage) => number | null) => images.toSorted((a, b) => (most(b) ?? -Infinity) - (most(a) ?? -Infinity));
  switch (order) {
    case 'wrong':
      return by(({ wrongPixels }) => wrongPixels);
    case 'loss':
      return by(({ loss }) => loss);
    case 'suspicion':
      return by(({ suspicious }) => suspicious);
    case 'uncertainty':
      return by(({ uncertainty }) => uncertainty);
    case 'useful':
      // Until it is known, those that the network is least sure of.
      return by(({ id, uncertainty }) => (useful ? -(useful[id] ?? Infinity) : uncertainty));
    case 'improved':
      return by(gainOf);
    case 'worsened':
      return by((image) => negative(gainOf(image)));
    case 'iou': {
      const score = (image: ReviewImage) => (classId === null ? 0 : (image.perClassIou[classId] ?? 2));
      return images.toSorted((a, b) => score(a) - score(b));
    }
  }
}
