import { floodRegion } from '../flood.ts';
import { SimpleTool, type Press, type ToolContext } from './tool.ts';

/** Fills the connected pixels of one class with another, where it was pressed: what becomes a gesture of two fingers fills nothing. */
export class FillTool extends SimpleTool {
  private pressed: Press | null = null;

  override down(_context: ToolContext, press: Press): void {
    this.pressed = press;
  }

  override up(context: ToolContext): void {
    this.finish(context);
  }

  override finish({ document, ink, subtract }: ToolContext): void {
    const { pressed } = this;
    this.pressed = null;
    if (pressed) document.paintStroke('Fill', floodRegion(document.ids, document.size, pressed.at), pressed.shift ? subtract : ink);
  }

  override cancel(): boolean {
    const open = this.pressed !== null;
    this.pressed = null;
    return open;
  }
}
