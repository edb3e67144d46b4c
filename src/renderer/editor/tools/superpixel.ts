import { voidId } from '#shared/mask/void-id';
import { cellUnder, pixelsOfCells, pixelsWhere } from '../cells.ts';
import type { Ink } from '../ink.ts';
import type { Region, Size } from '../region.ts';
import type { Box, ImagePoint } from '../units.ts';
import type { Superpixels } from '../vision.ts';
import { emptyPreview, notSeenYet, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

const arrows: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Paints whole superpixels that a press goes over; Shift takes away. By keys: Tab goes to the next that is not labelled, arrows to the
 * one beside it, Enter paints it.
 */
export class SuperpixelTool extends SimpleTool {
  private last: ImagePoint | null = null;
  private ink: Ink | null = null;
  private readonly painted = new Set<number>();
  /** The one under the pointer, or that keys have gone to. */
  private chosen: number | null = null;
  private of: Superpixels | null = null;
  private pixels: Region | null = null;
  private byKeys = false;

  override get preview(): Preview | null {
    return this.pixels && { ...emptyPreview, pixels: this.pixels };
  }

  override down(context: ToolContext, { at, shift }: Press): void {
    const superpixels = context.vision?.superpixels;
    if (!superpixels) return context.tell(notSeenYet);
    this.ink = shift ? context.subtract : context.ink;
    this.painted.clear();
    this.of = superpixels;
    context.document.beginStroke('Superpixels');
    this.last = at;
    this.paintTo(context, at);
  }

  override move(context: ToolContext, { at }: Press): void {
    this.byKeys = false;
    if (this.last) this.paintTo(context, at);
    const { vision, document } = context;
    const superpixels = vision?.superpixels ?? null;
    const cell = superpixels && cellUnder(at, document.size, superpixels);
    this.choose(cell === null ? null : superpixels!.labels[cell], superpixels, document.size);
  }

  /** What keys have gone to stays chosen: it was brought into view. */
  override slide(context: ToolContext, press: Press): void {
    if (!this.byKeys || this.last) this.move(context, press);
  }

  override jump(_context: ToolContext, { at }: Press): void {
    if (this.last) this.last = at;
  }

  private paintTo({ document }: ToolContext, at: ImagePoint): void {
    const superpixels = this.of!;
    const from = this.last!;
    const step = document.size.width / superpixels.width;
    const steps = Math.max(1, Math.ceil(Math.hypot(at.x - from.x, at.y - from.y) / step));
    for (let i = 0; i <= steps; i++) {
      const point = { x: from.x + ((at.x - from.x) * i) / steps, y: from.y + ((at.y - from.y) * i) / steps };
      const cell = cellUnder(point, document.size, superpixels);
      const label = cell === null ? null : superpixels.labels[cell];
      if (label === null || this.painted.has(label)) continue;
      this.painted.add(label);
      document.paint(pixelsOf(label, superpixels, document.size), this.ink!);
    }
    this.last = at;
  }

  override up(context: ToolContext): void {
    this.finish(context);
  }

  override finish({ document }: ToolContext): void {
    if (!this.last) return;
    this.last = null;
    document.endStroke();
  }

  override cancel({ document }: ToolContext): boolean {
    const wasByKeys = this.byKeys;
    this.last = null;
    this.byKeys = false;
    this.choose(null, null, document.size);
    return document.cancelStroke() || wasByKeys;
  }

  private choose(label: number | null, of: Superpixels | null, image: Size): void {
    if (label === this.chosen && of === this.of) return;
    this.chosen = label;
    // A stroke goes on with those that it began with.
    if (!this.last) this.of = of;
    this.pixels = label === null || !of ? null : pixelsOf(label, of, image);
  }

  override key(context: ToolContext, key: string, shift: boolean): boolean {
    const superpixels = context.vision?.superpixels;
    if (shift) return false;
    if (!superpixels) return this.waits(context, key);
    // Others than those that keys went to: they have other numbers.
    if (this.of !== superpixels) this.byKeys = false;
    if (key === 'Tab') return this.goTo(context, superpixels, this.next(context, superpixels));
    if (!this.byKeys || this.chosen === null) return false;
    if (key in arrows) return this.goTo(context, superpixels, beside(superpixels, this.chosen, arrows[key]) ?? this.chosen);
    if (key !== 'Enter') return false;
    context.document.paintStroke('Superpixels', this.pixels, context.ink);
    return true;
  }

  /** Who begins before they are known stays on the canvas: the next keys would press a button elsewhere. */
  private waits(context: ToolContext, key: string): boolean {
    if (key !== 'Tab' || !context.vision?.isLooking) return false;
    context.tell(notSeenYet);
    return true;
  }

  /** Where all are labelled, keys begin with the first, and Tab then leaves the canvas. */
  private next(context: ToolContext, superpixels: Superpixels): number | null {
    const open = nextUnlabelled(context, superpixels, this.byKeys ? this.chosen! : -1);
    return open ?? (this.byKeys ? null : 0);
  }

  private goTo(context: ToolContext, superpixels: Superpixels, label: number | null): boolean {
    if (label === null) return false;
    this.byKeys = true;
    this.choose(label, superpixels, context.document.size);
    context.reveal(pixelsOfCells(boxOf(superpixels, label), context.document.size, superpixels));
    return true;
  }
}

function boxOf({ boxes }: Superpixels, label: number): Box {
  const [left, top, right, bottom] = boxes.subarray(label * 4, label * 4 + 4);
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

const pixelsOf = (label: number, superpixels: Superpixels, image: Size): Region =>
  pixelsWhere(boxOf(superpixels, label), image, superpixels, (cell) => superpixels.labels[cell] === label);

/** The next one, in the order of numbers and round again, with a pixel that is not labelled; null where all are. */
function nextUnlabelled({ document }: ToolContext, superpixels: Superpixels, after: number): number | null {
  const { ids, size } = document;
  const count = superpixels.boxes.length / 4;
  for (let i = 1; i <= count; i++) {
    const label = (after + i) % count;
    const { box, selected } = pixelsOf(label, superpixels, size);
    const isOpen = selected.some((is, at) => {
      const pixel = (box.top + Math.floor(at / box.width)) * size.width + box.left + (at % box.width);
      return is > 0 && ids[pixel] === voidId;
    });
    if (isOpen) return label;
  }
  return null;
}

/** The one beside another: what lies beyond its middle in that direction; null at the edge of the image. */
function beside(superpixels: Superpixels, label: number, [dx, dy]: readonly [number, number]): number | null {
  const { width, height, labels } = superpixels;
  const box = boxOf(superpixels, label);
  let [x, y] = [Math.floor(box.left + box.width / 2), Math.floor(box.top + box.height / 2)];
  // The middle of a bent one may lie outside it.
  let entered = labels[y * width + x] === label;
  for (;;) {
    [x, y] = [x + dx, y + dy];
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    const at = labels[y * width + x];
    if (at !== label && (entered || Math.abs(x - box.left) > box.width || Math.abs(y - box.top) > box.height)) return at;
    entered ||= at === label;
  }
}
