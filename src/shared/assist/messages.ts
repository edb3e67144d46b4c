import type { ClassInfo } from '../classes/class-info.ts';
import type { ReadLimits } from '../data/read-limits.ts';
import type { WireError } from '../rpc/frames.ts';
import type { GridMap } from './grid-map.ts';
import type { Usefulness } from './usefulness.ts';

/** What the assistant's process is asked: what a network sees in an image, or only how sure it is of it. */
export interface DescribeTask {
  /** Names the answer. */
  id: number;
  what: 'description' | 'doubt';
  checkpoint: string;
  /** Changes with the checkpoint's file: the network that is warm is read anew. */
  checkpointStamp: string;
  imageFile: string;
  /** Changes with the image's file. */
  imageStamp: string;
  limits: ReadLimits;
}

/** What a network sees in an image. */
export interface ImageDescription {
  /** Size of the image as it is seen, in pixels. */
  width: number;
  height: number;
  /** The network's own classes, one a channel of its logits. */
  classes: ClassInfo[];
  logits: GridMap;
  /** What the network's classifier reads. */
  features: GridMap;
}

/** How much an image would teach a network; without its features cell by cell, which are megabytes. */
export interface ImageDoubt extends Usefulness {
  classes: ClassInfo[];
}

export type DescribeAnswer = ImageDescription | ImageDoubt;

export type DescribeReply = { id: number; answer: DescribeAnswer } | { id: number; error: WireError };
