import { BrushTool } from './brush.ts';
import { FillTool } from './fill.ts';
import { PolygonTool } from './polygon.ts';
import type { Tool, ToolName } from './tool.ts';

export function createTool(name: ToolName): Tool {
  switch (name) {
    case 'brush':
      return new BrushTool({ erase: false });
    case 'eraser':
      return new BrushTool({ erase: true });
    case 'polygon':
      return new PolygonTool();
    case 'fill':
      return new FillTool();
  }
}
