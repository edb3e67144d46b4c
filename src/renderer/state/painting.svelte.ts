import { takeRemembered } from './take-remembered.ts';
import { voidId } from '#shared/mask/void-id';
import { brushSize, steppedSize } from '../editor/brush-sizes.ts';
import { classInk, eraser, subtracting, type Ink, type WriteWhere } from '../editor/ink.ts';
import type { ToolName } from '../editor/tools/tool.ts';
import { mostTolerance } from '../editor/tools/wand.ts';
import type { WheelMode } from '../editor/wheel-machine.ts';

/** Superpixels of other sizes are no help: smaller ones are pixels, larger ones lose every edge. */
export const [smallestSpacing, largestSpacing] = [4, 100];

/** What is remembered of a hand over images, places, data sets and starts; of classes nothing, since their numbers are a class set's. */
export interface RememberedPainting {
  tool: ToolName;
  diameter: number;
  shape: 'round' | 'square';
  lineWidth: number;
  guided: boolean;
  tolerance: number;
  spacing: number;
  where: WriteWhere;
  pressureSizes: boolean;
  wheel: WheelMode;
}

const photoTools: ReadonlySet<ToolName> = new Set(['scissors', 'superpixels', 'wand', 'cutout']);

/** A key that is held for less is tapped. */
const tapMs = 300;

/** The tool in hand, what it paints, and where it may. */
export class Painting {
  tool = $state<ToolName>('brush');
  /** Of brush and eraser, in image pixels. */
  diameter = $state(16);
  shape = $state<'round' | 'square'>('round');
  /** Of lines, in image pixels. */
  lineWidth = $state(4);
  /** Whether brush and eraser keep to what belongs with the stroke's middle. */
  guided = $state(false);
  /** Of the wand: how far a colour may be from the one that it is pressed on. */
  tolerance = $state(12);
  /** Image pixels from one superpixel to the next. */
  spacing = $state(14);
  /** A class, or void: not labelled. */
  classId = $state(0);
  where = $state.raw<WriteWhere>({ on: 'all' });
  /** What comes back when what is labelled need not be kept any more. */
  private whereBefore: WriteWhere = { on: 'all' };
  /** Whether whatever is in hand erases, for as long as a key is held. */
  erasing = $state(false);
  /** Whether a pen's pressure sets the size. */
  pressureSizes = $state(false);
  wheel = $state<WheelMode>('auto');
  private before = $state(voidId);
  private heldSince = 0;

  /** What the tool in hand writes. */
  get ink(): Ink {
    return this.erasing ? eraser : classInk(this.classId);
  }

  /** What it writes with Shift, where Shift takes away. */
  get subtract(): Ink {
    return this.erasing || this.classId === voidId ? eraser : subtracting(this.classId);
  }

  /** The id that is painted now. */
  get paintedId(): number {
    return this.erasing || this.tool === 'eraser' ? voidId : this.classId;
  }

  /** What was remembered, as far as it is still so. */
  restore(remembered: Partial<RememberedPainting>): void {
    takeRemembered<RememberedPainting>(this, this.remembered, remembered);
    this.whereBefore = { on: 'all' };
    if (this.where.on === 'classes') this.where = { on: 'all' };
    this.setDiameter(this.diameter);
    this.setLineWidth(this.lineWidth);
    this.setSpacing(this.spacing);
    this.setTolerance(this.tolerance);
  }

  get remembered(): RememberedPainting {
    const { tool, diameter, shape, lineWidth, guided, tolerance, spacing, pressureSizes, wheel } = this;
    const where: WriteWhere = this.where.on === 'classes' ? { on: 'all' } : this.where;
    return { tool, diameter, shape, lineWidth, guided, tolerance, spacing, where, pressureSizes, wheel };
  }

  pick(classId: number): void {
    if (classId === this.classId) return;
    this.before = this.classId;
    this.classId = classId;
  }

  /** Back to the class before, and forth. */
  swap(): void {
    this.pick(this.before);
  }

  /** The eraser's key: held, whatever is in hand erases; tapped, it is the eraser. @param now in milliseconds */
  holdEraser(held: boolean, now: number): void {
    if (held) this.heldSince = now;
    else if (this.erasing && now - this.heldSince < tapMs) this.tool = 'eraser';
    this.erasing = held;
  }

  setDiameter(diameter: number): void {
    this.diameter = brushSize(diameter);
  }

  setLineWidth(width: number): void {
    this.lineWidth = brushSize(width);
  }

  /** A step larger or smaller of what the tool in hand has: its brush, its line, its superpixels, its tolerance. */
  resize(by: 1 | -1): void {
    if (this.tool === 'line') this.setLineWidth(steppedSize(this.lineWidth, by));
    else if (this.tool === 'superpixels') this.setSpacing(steppedSize(this.spacing, by));
    else if (this.tool === 'wand') this.setTolerance(this.tolerance + 2 * by);
    else this.setDiameter(steppedSize(this.diameter, by));
  }

  setSpacing(spacing: number): void {
    this.spacing = Math.min(largestSpacing, Math.max(smallestSpacing, brushSize(spacing)));
  }

  setTolerance(tolerance: number): void {
    this.tolerance = Math.min(mostTolerance, Math.max(0, Math.round(tolerance) || 0));
  }

  /** Whether the tool in hand goes by the photo. */
  get needsPhoto(): boolean {
    return photoTools.has(this.tool) || this.isGuided;
  }

  /** Whether the tool in hand is guided. */
  get isGuided(): boolean {
    return this.guided && (this.tool === 'brush' || this.tool === 'eraser');
  }

  turnShape(): void {
    this.shape = this.shape === 'round' ? 'square' : 'round';
  }

  /** Says where tools may write. */
  writeOver(where: WriteWhere): void {
    [this.whereBefore, this.where] = [{ on: 'all' }, where];
  }

  toggleUnlabelled(): void {
    if (this.where.on === 'unlabelled') this.where = this.whereBefore;
    else [this.whereBefore, this.where] = [this.where, { on: 'unlabelled' }];
  }

  /** Puts a class among those that may be painted over, or takes it from them. */
  toggleOver(id: number): void {
    const ids = this.where.on === 'classes' ? this.where.ids : [];
    this.where = { on: 'classes', ids: ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id] };
  }
}
