import type { GridMap } from '#shared/assist/grid-map';
import type { CleanUp } from '../clean-up.ts';
import type { MaskDocument } from '../document.ts';
import type { Ink } from '../ink.ts';
import type { Proposed } from '../proposed.ts';
import type { Looked, Region } from '../region.ts';
import type { Box, ImagePoint, ImagePx } from '../units.ts';
import type { Vision } from '../vision.ts';

export const toolNames = [
  'take',
  'brush',
  'eraser',
  'outline',
  'polygon',
  'scissors',
  'superpixels',
  'wand',
  'cutout',
  'rectangle',
  'ellipse',
  'line',
  'fill',
  'clean',
] as const;
export type ToolName = (typeof toolNames)[number];

/** What a tool works on and with; read anew at every event. */
export interface ToolContext {
  document: MaskDocument;
  /** What it writes. */
  ink: Ink;
  /** What it writes with Shift where Shift takes away. */
  subtract: Ink;
  /** Of brush and eraser. */
  brush: { diameter: ImagePx; shape: 'round' | 'square' };
  /** Of lines. */
  lineWidth: ImagePx;
  /** What is proposed for the image; null while nothing is. */
  proposed: Proposed | null;
  /** Brings a part of the image into view. */
  reveal(box: Box): void;
  /** Image pixels within which a press means what lies there: the start of an outline, a corner, an edge. */
  near: ImagePx;
  /** Screen pixels of an image pixel. */
  scale: number;
  /** The part of the image that is seen. */
  seen: Box;
  /** What is seen in the photo; null while nobody looks. */
  vision: Vision | null;
  /** What a network sees in the photo, in few numbers a cell, 1 apart on average; null where none has looked. */
  traits: GridMap | null;
  /** What is set of a clean-up; null while none is in hand. */
  cleanUp: CleanUp | null;
  /** Whether brush and eraser keep to what belongs with the stroke's middle. */
  guided: boolean;
  /** How far a colour may be from the one that the wand is pressed on, 0 to 254. */
  tolerance: number;
  setTolerance(tolerance: number): void;
  /** Tells a person why nothing is done. */
  tell(text: string): void;
  /**
   * Goes on when an answer is there, if the image still is; what cannot be answered is told.
   * @param follows what follows: a look, at once; something written, after a press that is under way, so that one stroke stays one
   * step; 'owed' where a person waits for that, who is told when the image is left before
   */
  later<T>(answer: Promise<T>, then: (context: ToolContext, answer: T) => void, follows: Follows): void;
}

/** What follows an answer. */
export type Follows = 'look' | 'written' | 'owed';

/** How a pointer was pressed. */
export interface Press {
  at: ImagePoint;
  shift: boolean;
  /** Ctrl, or Cmd on a Mac. */
  ctrl: boolean;
  /** Share of the brush that it paints with: a pen's pressure, where that counts. */
  share: number;
}

/** What a tool shows while it works, besides the mask itself. */
export interface Preview {
  /** Lines through points; the last may lead to the pointer. */
  points: readonly ImagePoint[];
  closed: boolean;
  /** Whether what is inside would be written, and is shown so. */
  filled: boolean;
  /** Corners that can be taken hold of. */
  corners: readonly ImagePoint[];
  /** The corner under the pointer, or the start that the next click closes at. */
  chosen: ImagePoint | null;
  /** Whether it takes away. */
  subtracts: boolean;
  /** The part of the proposal that the next press or key takes. */
  region: number | null;
  /** Pixels that would be written. */
  pixels: Region | Looked | null;
}

export const emptyPreview: Preview = {
  points: [],
  closed: false,
  filled: false,
  corners: [],
  chosen: null,
  subtracts: false,
  region: null,
  pixels: null,
};

/** Why a tool that goes by the photo does nothing yet. */
export const notSeenYet = 'The photo is still being looked at: try again in a moment.';

/** What of a tool outlives a change of tool, image or place. */
export interface Draft {
  points: readonly ImagePoint[];
  /** Whether it takes away. */
  subtracts: boolean;
}

/**
 * A tool is a small state machine over pointer and key events, in image coordinates; it knows no canvas.
 * `down` and `up` come in pairs with moves between; moves come without a press too. What the system counts as a double-click is told
 * after its second press.
 */
export interface Tool {
  down(context: ToolContext, press: Press): void;
  move(context: ToolContext, press: Press): void;
  up(context: ToolContext, press: Press): void;
  /** The picture has moved under the pointer. */
  slide(context: ToolContext, press: Press): void;
  /** In mid-press another part of the picture is under the pointer at once: nothing lies between. */
  jump(context: ToolContext, press: Press): void;
  doubleClick(context: ToolContext): void;
  /** @returns whether the key was for this tool */
  key(context: ToolContext, key: string, shift: boolean): boolean;
  /** Rolls back what is open. @returns whether anything was */
  cancel(context: ToolContext): boolean;
  /** The press in hand was not meant: what it has done goes, and what was open before stays. @returns whether it had done anything */
  abandon(context: ToolContext): boolean;
  /** The press in hand comes to its end: what it has painted stays. What waits for more presses waits on. */
  finish(context: ToolContext): void;
  /** What is proposed is another. */
  renew(context: ToolContext): void;
  /** What is open and waits for more presses; null where nothing does. */
  readonly draft: Draft | null;
  readonly preview: Preview | null;
}

/** The answers of a tool that has no use for an event. */
export abstract class SimpleTool implements Tool {
  get draft(): Draft | null {
    return null;
  }

  get preview(): Preview | null {
    return null;
  }

  abstract down(context: ToolContext, press: Press): void;

  move(_context: ToolContext, _press: Press): void {
    // Not every tool follows the pointer.
  }

  slide(context: ToolContext, press: Press): void {
    this.move(context, press);
  }

  abandon(context: ToolContext): boolean {
    return this.cancel(context);
  }

  jump(_context: ToolContext, _press: Press): void {
    // Shapes go on to the pointer with its next move.
  }

  up(_context: ToolContext, _press: Press): void {
    // Some are done when they are pressed.
  }

  doubleClick(_context: ToolContext): void {
    // To most it is two clicks.
  }

  key(_context: ToolContext, _key: string, _shift: boolean): boolean {
    return false;
  }

  renew(_context: ToolContext): void {
    // Most tools take nothing from a proposal.
  }

  cancel(_context: ToolContext): boolean {
    return false;
  }

  finish(_context: ToolContext): void {
    // Nothing is open between presses.
  }
}
