import { counted } from '../counted.ts';

/** How a number was measured; always shown with it. */
export interface Protocol {
  split: string;
  classes: number;
  void: string;
  resolution: string;
  scales: number[];
  flip: boolean;
}

/** How a number was measured, in one line. */
export function protocolText({ split, classes, resolution, scales, flip }: Protocol): string {
  const several = scales.length > 1 || scales[0] !== 1 ? `, scales ${scales.join(', ')}` : '';
  return `${split}, ${classes} classes, void left out, ${resolution}${several}${flip ? ', mirrored too' : ''}`;
}

/** Whether two looked at images in other ways, so that what lies between their scores is not the networks' alone. */
export const looksDiffer = (a: Protocol, b: Protocol): boolean =>
  a.resolution !== b.resolution || a.flip !== b.flip || a.scales.join() !== b.scales.join();

/** Of how many images scores are: those that have a label. */
export function scoredText(images: readonly { miou: number | null }[]): string {
  const scored = images.filter(({ miou }) => miou !== null).length;
  return scored === images.length ? counted(scored, 'image') : `${scored} labelled of ${counted(images.length, 'image')}`;
}
