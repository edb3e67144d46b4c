import type { EvaluationConfig, RunConfig } from './run-config.ts';

/**
 * What a network sees of an image at scale 1, [height, width] in pixels: the evaluation size, or the window that slides over the image,
 * which is as large as what the network was trained on where no evaluation size is set; null for the whole image at its own size.
 */
export const inputSizeOf = (
  { evaluationSize, data }: Pick<RunConfig, 'evaluationSize' | 'data'>,
  { sliding }: Pick<EvaluationConfig, 'sliding'>,
): [number, number] | null => evaluationSize ?? (sliding ? data.size : null);
