// COCO: a segment is all pixels of a class in an image. Its number is the category's, 1 … n; 0 is void.
// Source: the COCO data format (cocodataset.org/#format-data), its run lengths column by column.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { rgbPng } from '#files/png/rgb-png';
import { voidId } from '#shared/mask/void-id';

interface Mask {
  width: number;
  height: number;
  ids: Uint8Array;
}

export interface CocoAnnotation {
  category_id: number;
  area: number;
  /** [left, top, width, height] */
  bbox: [number, number, number, number];
  /** Of a class, not of a crowd: what reads things one by one leaves crowds out. */
  iscrowd: 0;
  /** Lengths of runs outside and inside in turn, column by column. */
  segmentation: { size: [height: number, width: number]; counts: number[] };
}

/** What the lists at the end need to know of an annotation. The run lengths of thousands of images are more than a process can hold. */
export type PackedAnnotation = Omit<CocoAnnotation, 'iscrowd' | 'segmentation'> & { packed: Uint8Array };

/** Quick rather than small. */
const level = 1;

export const packed = (annotation: CocoAnnotation): PackedAnnotation => {
  const { category_id, area, bbox } = annotation;
  // A copy: what zlib gives may be a piece of a larger buffer, which would go with it.
  return { category_id, area, bbox, packed: Uint8Array.from(deflateRawSync(JSON.stringify(annotation), { level })) };
};

/** An annotation as the list of instances has it, with its number and its image's. */
export function annotationText({ packed: bytes }: PackedAnnotation, id: number, imageId: number): string {
  const text = inflateRawSync(bytes).toString();
  return `{"id":${id},"image_id":${imageId},${text.slice(1)}`;
}

/** A mask whose colours are the numbers of segments: red is the lowest byte. */
export function panopticMask({ width, height, ids }: Mask): Uint8Array {
  const samples = new Uint8Array(3 * ids.length);
  for (let index = 0; index < ids.length; index++) {
    const segment = ids[index] === voidId ? 0 : ids[index] + 1;
    samples[3 * index] = segment & 255;
    samples[3 * index + 1] = segment >> 8;
  }
  return rgbPng(width, height, samples);
}

interface Segment {
  area: number;
  box: [left: number, top: number, right: number, bottom: number];
  counts: number[];
  /** Where its last run ends, counted column by column. */
  end: number;
}

/** Every class of a mask as one annotation. @param classes how many there are */
export function cocoAnnotations({ width, height, ids }: Mask, classes: number): CocoAnnotation[] {
  const segments = new Map<number, Segment>();
  for (let x = 0, at = 0; x < width; x++)
    for (let y = 0; y < height; y++, at++) {
      const id = ids[y * width + x];
      if (id >= classes) continue;
      const segment = segments.get(id) ?? { area: 0, box: [x, y, x, y], counts: [], end: -1 };
      segments.set(id, segment);
      segment.area++;
      const { box, counts } = segment;
      box[1] = Math.min(box[1], y);
      box[2] = x;
      box[3] = Math.max(box[3], y);
      if (segment.end === at) counts[counts.length - 1]++;
      else counts.push(at - Math.max(0, segment.end), 1);
      segment.end = at + 1;
    }
  return [...segments].map(
    ([
      id,
      {
        area,
        box: [left, top, right, bottom],
        counts,
        end,
      },
    ]) => ({
      category_id: id + 1,
      area,
      bbox: [left, top, right - left + 1, bottom - top + 1],
      iscrowd: 0,
      segmentation: { size: [height, width], counts: end < ids.length ? [...counts, ids.length - end] : counts },
    }),
  );
}
