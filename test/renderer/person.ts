import type { GridMap } from '#shared/assist/grid-map';
import type { CleanUp } from '../../src/renderer/editor/clean-up.ts';
import { MaskDocument } from '../../src/renderer/editor/document.ts';
import { Hand, type Drafts, type HandContext } from '../../src/renderer/editor/hand.ts';
import { classInk, eraser, subtracting } from '../../src/renderer/editor/ink.ts';
import type { Proposed } from '../../src/renderer/editor/proposed.ts';
import type { Press, ToolName } from '../../src/renderer/editor/tools/tool.ts';
import type { Box } from '../../src/renderer/editor/units.ts';
import type { Vision } from '../../src/renderer/editor/vision.ts';

export const size = { width: 60, height: 60 };

/** A hand over a blank mask, as a person holds it. */
export class Person {
  readonly document = new MaskDocument(new Uint8Array(size.width * size.height), size);
  readonly steps: string[] = [];
  classId = 3;
  near = 1;
  proposed: Proposed | null = null;
  traits: GridMap | null = null;
  vision: Vision | null = null;
  cleanUp: CleanUp | null = null;
  guided = false;
  /** Whether the key that erases is held. */
  erasing = false;
  tolerance = 10;
  readonly told: string[] = [];
  readonly revealed: Box[] = [];
  onReveal: () => void = () => undefined;
  hand: Hand;

  constructor(tool: ToolName, drafts: Drafts = new Map()) {
    this.document.onCommit(({ label }) => this.steps.push(label));
    this.hand = new Hand(tool, drafts, () => this.context());
  }

  context(): HandContext {
    const { document, classId, near, proposed, traits, revealed } = this;
    const brush = { diameter: 4, shape: 'round' as const };
    const reveal = (box: Box) => {
      revealed.push(box);
      this.onReveal();
    };
    const { vision, guided, told } = this;
    const ink = this.erasing ? { ink: eraser, subtract: eraser } : { ink: classInk(classId), subtract: subtracting(classId) };
    const seen = { left: 0, top: 0, ...size };
    const setTolerance = (tolerance: number) => (this.tolerance = tolerance);
    const { tolerance } = this;
    const photo = { vision, cleanUp: this.cleanUp, guided, tolerance, setTolerance, tell: (text: string) => told.push(text) };
    return { document, ...ink, brush, lineWidth: 3, near, scale: 1, seen, proposed, traits, reveal, ...photo };
  }

  press(x: number, y: number, held: Partial<Press> = {}): void {
    this.hand.down({ at: { x, y }, shift: false, ctrl: false, share: 1, ...held });
  }

  move(x: number, y: number, held: Partial<Press> = {}): void {
    this.hand.move({ at: { x, y }, shift: false, ctrl: false, share: 1, ...held });
  }

  /** The picture is another one under the pointer at once. */
  jump(x: number, y: number): void {
    this.hand.jump({ at: { x, y }, shift: false, ctrl: false, share: 1 });
  }

  /** The picture moves under the pointer. */
  slide(x: number, y: number): void {
    this.hand.slide({ at: { x, y }, shift: false, ctrl: false, share: 1 });
  }

  release(x: number, y: number): void {
    this.hand.up({ at: { x, y }, shift: false, ctrl: false, share: 1 });
  }

  click(x: number, y: number, held: Partial<Press> = {}): void {
    this.press(x, y, held);
    this.release(x, y);
  }

  drag(points: readonly (readonly [number, number])[], held: Partial<Press> = {}): void {
    this.press(...points[0], held);
    for (const [x, y] of points.slice(1)) this.move(x, y, held);
    this.release(...points.at(-1)!);
  }

  at(x: number, y: number): number {
    return this.document.ids[y * size.width + x];
  }

  pixels(id: number): number {
    return this.document.pixels[id];
  }
}
