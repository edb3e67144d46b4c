import type { ProposalMap } from '../editor/proposed.ts';
import type { Region, Size } from '../editor/region.ts';
import type { Box, ImagePoint } from '../editor/units.ts';
import type { CleanUpTask } from './clean-up.ts';
import type { PhotoMap, Superpixels } from '../editor/vision.ts';

/** Superpixels, and their borders as a picture of the same cells. */
export interface SuperpixelPicture extends Superpixels {
  borders: ImageBitmap;
}

/** A mask of another image, moved to where things are in this one. */
export interface FollowedMask extends ProposalMap {
  /** Share of it that has moved. */
  moved: number;
}

/** What can be asked of the worker, each with what it answers. */
export interface VisionQuestions {
  /** Looks at another photo. @param address where it is had from */
  photo: { asks: { address: string }; answers: PhotoMap };
  /** @param spacing image pixels from one to the next */
  superpixels: { asks: { spacing: number }; answers: SuperpixelPicture };
  trace: { asks: { from: ImagePoint; to: ImagePoint; within: Box }; answers: ImagePoint[] };
  /** Another image's mask as a proposal for this one. @param ids of that mask, row-major */
  follow: { asks: { address: string; ids: Uint8Array; size: Size }; answers: FollowedMask };
  /** A part of a mask as it would be. */
  cleanUp: { asks: CleanUpTask; answers: Uint8Array };
  cutOut: { asks: { box: Box }; answers: Region | null };
}

export type QuestionKind = keyof VisionQuestions;
export type Asks<K extends QuestionKind> = VisionQuestions[K]['asks'];
export type Answers<K extends QuestionKind> = VisionQuestions[K]['answers'];

/** A question on its way; its answer has the same number. */
export type VisionTask = { [K in QuestionKind]: { question: K; number: number; asks: Asks<K> } }[QuestionKind];
export type VisionReply = { number: number; answer: Answers<QuestionKind> } | { number: number; error: string };
