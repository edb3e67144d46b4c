import type { EvaluationConfig, RunConfig } from './run-config.ts';

/**
 * What a network sees of an image at scale 1, [height, width] in pixels: the evaluation size, or the window that slides over the image,
 * which is as large as what the network was trained on where no evaluation size is set; null for the whole image at its own size.
 */
export const inputSizeOf = (
  { evaluationSize, data }: Pick<RunConfig, 'evaluationSize' | 'data'>,
  { sliding }: Pick<EvaluationConfig, 'sliding'>,
): [number, number] | null => evaluationSize ?? (sliding ? data.size : null);

/** What a network has learnt at: the size of its crops, [height, width], and by how much its coarsest maps are smaller. */
export interface LearntSize {
  size: readonly [number, number];
  stride: number;
}

/** The stem and its pooling halve an image twice, and each stage of stride 2 once more. */
export const learntSizeOf = ({ data, model }: Pick<RunConfig, 'data' | 'model'>): LearntSize => ({
  size: data.size,
  stride: model.stageStrides.reduce((product, stride) => product * stride, 4),
});

const leastSide = 8;

/**
 * The side nearest to `wanted` that leaves the remainder of the one that was learnt at, and so is halved to odd lengths where that was.
 * Where one is and the other is not, coarse maps are laid over fine ones by another factor, off by up to some pixels: thin things are lost.
 */
export function sideAsLearnt(wanted: number, learnt: number, stride: number): number {
  const side = learnt + stride * Math.round((wanted - learnt) / stride);
  return side < leastSide ? side + stride * Math.ceil((leastSide - side) / stride) : side;
}

/** A side at a scale, as it comes. */
export const scaledSide = (side: number, scale: number): number => Math.max(leastSide, Math.round(side * scale));

/**
 * What the network is given of a whole image at a scale, [height, width]. At 1 an image is seen as it was asked for.
 * @param input [height, width] at scale 1
 * @param learnt whose remainders the sides leave; by default they are as they come
 */
export function wholeLook(input: readonly [number, number], scale: number, learnt?: LearntSize): [number, number] {
  const side = (axis: 0 | 1) => {
    const wanted = scaledSide(input[axis], scale);
    return learnt && scale !== 1 ? sideAsLearnt(wanted, learnt.size[axis], learnt.stride) : wanted;
  };
  return [side(0), side(1)];
}
