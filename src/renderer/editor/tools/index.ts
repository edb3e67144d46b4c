import { boxOutline, ellipse, line, lineOutline, rectangle } from '../shapes.ts';
import type { ImagePoint } from '../units.ts';
import { BrushTool } from './brush.ts';
import { CleanTool } from './clean.ts';
import { CutOutTool } from './cut-out.ts';
import { DragShapeTool, type DraggedShape } from './drag-shape.ts';
import { FillTool } from './fill.ts';
import { OutlineTool } from './outline.ts';
import { PolygonTool } from './polygon.ts';
import { ScissorsTool } from './scissors.ts';
import { SuperpixelTool } from './superpixel.ts';
import { TakeTool } from './take.ts';
import type { Draft, Tool, ToolName } from './tool.ts';
import { WandTool } from './wand.ts';

const roundOutline = (a: ImagePoint, b: ImagePoint): ImagePoint[] => {
  const [cx, cy] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const [rx, ry] = [Math.abs(b.x - a.x) / 2, Math.abs(b.y - a.y) / 2];
  return Array.from({ length: 64 }, (_, i) => {
    const angle = (i * Math.PI) / 32;
    return { x: cx + rx * Math.cos(angle), y: cy + ry * Math.sin(angle) };
  });
};

const shapes: Record<'rectangle' | 'ellipse' | 'line', DraggedShape> = {
  rectangle: { label: 'Rectangle', region: (a, b, _, size) => rectangle(a, b, size), outline: boxOutline },
  ellipse: { label: 'Ellipse', region: (a, b, _, size) => ellipse(a, b, size), outline: roundOutline },
  line: {
    label: 'Line',
    region: (a, b, { lineWidth }, size) => line(a, b, lineWidth, size),
    outline: (a, b, { lineWidth }) => lineOutline(a, b, lineWidth),
  },
};

/** @param draft what was left open of it on this image */
export function createTool(name: ToolName, draft?: Draft): Tool {
  switch (name) {
    case 'take':
      return new TakeTool();
    case 'brush':
      return new BrushTool({ erases: false });
    case 'eraser':
      return new BrushTool({ erases: true });
    case 'outline':
      return new OutlineTool();
    case 'polygon':
      return new PolygonTool(draft);
    case 'scissors':
      return new ScissorsTool(draft);
    case 'superpixels':
      return new SuperpixelTool();
    case 'wand':
      return new WandTool();
    case 'cutout':
      return new CutOutTool();
    case 'rectangle':
    case 'ellipse':
    case 'line':
      return new DragShapeTool(shapes[name]);
    case 'fill':
      return new FillTool();
    case 'clean':
      return new CleanTool();
  }
}
