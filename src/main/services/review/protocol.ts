import { foldText } from '#shared/data/folds';
import { inputSizeOf } from '#shared/training/input-size';
import type { Protocol } from '#shared/metrics/protocol';
import type { EvaluationConfig, RunConfig } from '#shared/training/run-config';

/**
 * How a number is measured: said wherever one is shown.
 * @param flipped whether images are flipped at random, as a run of preset reference validates
 */
export function protocolOf(
  config: RunConfig,
  split: string,
  classes: number,
  evaluation: EvaluationConfig = config.evaluation,
  flipped = false,
): Protocol {
  const { sliding, scales, flip } = evaluation;
  const size = inputSizeOf(config, evaluation);
  const box = size && `${size[1]} x ${size[0]}`;
  const input = sliding ? `windows of ${box} over the image` : box ? `input ${box}` : 'input at image size';
  // How such sides are chosen has changed once: scores of before and after are not of the same looks.
  const sides = !sliding && scales.some((scale) => scale !== 1) ? ', at other scales by sides as in training' : '';
  // All but its own fold of these the run has seen: whoever reads the number is to know.
  const seen = config.fold && (split === 'train' || split === 'val') ? `, trained on but for ${foldText(config.fold)}` : '';
  return {
    split: `${split}${seen}`,
    classes,
    void: 'left out; a class in neither label nor prediction does not count',
    resolution: `${input}${sides}, scored at the labels' own resolution${flipped ? ', images flipped at random' : ''}`,
    scales,
    flip,
  };
}

/** How a run's own scores are measured while it trains. @param classes how many it is trained on */
export const trainingProtocol = (config: RunConfig, classes: number): Protocol =>
  protocolOf(config, config.fold ? foldText(config.fold) : 'val', classes, config.evaluation, config.data.flipValidation);
