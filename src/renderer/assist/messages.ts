import type { GridMap } from '#shared/assist/grid-map';
import type { ProposalMap } from '../editor/proposed.ts';
import type { Evidence, Example } from './live-model.ts';

/** An image to learn from, and what a network sees in it. */
export interface BeginTask extends Omit<Evidence, 'photo'> {
  kind: 'begin';
  turn: number;
  /** Where the photo is had from. */
  address: string;
}

/** All strokes of the image as they are now. */
export interface LearnTask {
  kind: 'learn';
  turn: number;
  examples: readonly Example[];
  /** What a person has given a class, a cell of the proposal: 0 for nothing, else the id and 1. */
  fixed: Uint16Array;
}

export type AssistTask = BeginTask | LearnTask;

/** What it proposes, or why it cannot, for the task of a turn; and once an image, in few numbers, what the network sees in it. */
export type AssistReply = { turn: number; map: ProposalMap } | { turn: number; error: string } | { turn: number; traits: GridMap };
