import type { Protocol } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';

/** How a number is measured: said wherever one is shown. */
export function protocolOf(config: RunConfig, split: string, classes: number): Protocol {
  const input = config.evaluationSize ? `input ${config.evaluationSize[1]} x ${config.evaluationSize[0]}` : 'input at image size';
  return {
    split,
    classes,
    void: 'left out; a class in neither label nor prediction does not count',
    resolution: `${input}, scored at the labels' own resolution`,
    scales: [1],
    flip: false,
  };
}
