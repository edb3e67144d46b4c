import type { MaskDocument } from '../document.ts';
import type { ImagePoint, ImagePx } from '../units.ts';

export type ToolName = 'brush' | 'eraser' | 'polygon' | 'fill';

/** What a tool works on and with; read anew at every event. */
export interface ToolContext {
  document: MaskDocument;
  classId: number;
  /** Of brush and eraser. */
  radius: ImagePx;
  /** Image pixels within which a click closes a polygon at its start. */
  snap: ImagePx;
}

/** What a tool shows while it works, besides the mask itself. */
export interface Preview {
  points: readonly ImagePoint[];
  /** Whether the next click closes the outline. */
  closing: boolean;
}

/** A tool is a small state machine over pointer and key events, in image coordinates; it knows no canvas. */
export interface Tool {
  pointerDown(context: ToolContext, at: ImagePoint): void;
  pointerMove(context: ToolContext, at: ImagePoint): void;
  pointerUp(context: ToolContext, at: ImagePoint): void;
  /** @returns whether the key was for this tool */
  key(context: ToolContext, key: string): boolean;
  /** Rolls back what is open. @returns whether anything was */
  cancel(context: ToolContext): boolean;
  readonly preview: Preview | null;
}
