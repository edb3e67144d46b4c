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

/** The same of a prediction, with what it was reckoned in where that is known. */
export const predictionText = ({ protocol, precision }: { protocol: Protocol; precision: string | null }): string =>
  `${protocolText(protocol)}${precision === null ? '' : `, in ${precision}`}`;

/** Whether two looked at images in other ways, or one learnt from some: what lies between their scores is then not the networks' alone. */
export const looksDiffer = (a: Protocol, b: Protocol): boolean =>
  a.split !== b.split || a.resolution !== b.resolution || a.flip !== b.flip || a.scales.join() !== b.scales.join();

/** Of how many images scores are: those that have a label. */
export function scoredText(images: readonly { miou: number | null }[]): string {
  const scored = images.filter(({ miou }) => miou !== null).length;
  return scored === images.length ? counted(scored, 'image') : `${scored} labelled of ${counted(images.length, 'image')}`;
}
