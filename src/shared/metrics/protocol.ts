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
