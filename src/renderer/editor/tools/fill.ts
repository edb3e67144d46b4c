import { floodRegion } from '../flood.ts';
import type { ImagePoint } from '../units.ts';
import type { Tool, ToolContext } from './tool.ts';

/** Fills the connected pixels of one class with another. */
export class FillTool implements Tool {
  readonly preview = null;

  pointerDown({ document, classId }: ToolContext, at: ImagePoint): void {
    document.beginStroke('Fill');
    document.paint(floodRegion(document.ids, document.size, at), classId);
    document.endStroke();
  }

  pointerMove(): void {
    // A fill is done at once.
  }

  pointerUp(): void {
    // A fill is done at once.
  }

  key(): boolean {
    return false;
  }

  cancel(): boolean {
    return false;
  }
}
