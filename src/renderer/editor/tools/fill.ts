import { floodRegion } from '../flood.ts';
import { SimpleTool, type Press, type ToolContext } from './tool.ts';

/** Fills the connected pixels of one class with another. */
export class FillTool extends SimpleTool {
  override down({ document, ink, subtract }: ToolContext, { at, shift }: Press): void {
    document.paintStroke('Fill', floodRegion(document.ids, document.size, at), shift ? subtract : ink);
  }
}
