import type { ClassInfo } from '#shared/classes/class-info';
import { voidId } from '#shared/mask/void-id';
import { colourTable, hatchedTables } from '#shared/classes/colour-table';
import { MaskCanvas } from '../../canvas/mask-canvas.ts';
import { StageView } from '../../canvas/stage-view.ts';
import { ToolOverlay } from '../../canvas/tool-overlay.ts';
import type { MaskDocument } from '../../editor/document.ts';
import { createTool } from '../../editor/tools/index.ts';
import type { Tool, ToolContext, ToolName } from '../../editor/tools/tool.ts';
import type { Box, ImagePoint, ScreenPoint } from '../../editor/units.ts';
import { centreOn, fit, keepInView, panBy, toImage, zoomAt, type Viewport } from '../../editor/viewport.ts';

interface EditorOptions {
  document: MaskDocument;
  classes: readonly ClassInfo[];
  /** Why nothing can be painted now; null where it can. */
  blocked: () => string | null;
  settings: () => { tool: ToolName; classId: number; radius: number };
  pick: (classId: number) => void;
  resizeBrush: (factor: number) => void;
  /** Shows the mask if it is hidden. */
  showMask: () => void;
  status: (text: string) => void;
}

const snapScreenPx = 10;

/** Joins document, tools and canvas: pointer events go to the tool, changed boxes to the mask's canvas. */
export class EditorController {
  private readonly options: EditorOptions;
  private readonly stage: StageView;
  private readonly maskCanvas: MaskCanvas;
  private readonly overlay: ToolOverlay;
  private readonly unsubscribe: () => void;
  private tables: [Uint32Array, Uint32Array];
  private tool: Tool;
  private view: Viewport;
  private userMoved = false;
  private panFrom: ScreenPoint | null = null;
  private spaceHeld = false;
  private pointer: ImagePoint | null = null;
  private painting = false;

  constructor(host: HTMLDivElement, options: EditorOptions) {
    this.options = options;
    this.tool = createTool(options.settings().tool);
    this.tables = hatchedTables(colourTable(options.classes), options.classes.length);
    this.maskCanvas = new MaskCanvas(options.document.size);
    this.stage = new StageView(
      host,
      {
        pointer: (kind, at, event) => this.onPointer(kind, at, event),
        leave: () => this.onLeave(),
        wheel: (at, event) => this.onWheel(at, event),
      },
      () => this.onResize(),
    );
    const style = getComputedStyle(host);
    const color = (token: string) => style.getPropertyValue(token).trim();
    this.overlay = new ToolOverlay(this.stage.overlay, {
      light: color('--on-image'),
      dark: color('--label-shade'),
      accent: color('--accent'),
    });
    this.repaint();
    this.stage.setMask(this.maskCanvas.canvas);
    this.view = fit(options.document.size, this.stage.size);
    this.stage.setViewport(this.view);
    this.unsubscribe = options.document.onChange((box) => {
      this.repaint(box);
      this.stage.redrawMask();
      this.showStatus();
    });
    this.showStatus();
  }

  setPhoto(image: HTMLImageElement): void {
    this.stage.setPhoto(image);
  }

  setTool(name: ToolName): void {
    this.cancel();
    this.tool = createTool(name);
    this.refreshOverlay();
  }

  setOpacity(opacity: number): void {
    this.stage.setMaskOpacity(opacity);
  }

  setBrightness(brightness: number): void {
    this.stage.setPhotoBrightness(brightness);
  }

  setHiddenClasses(hidden: ReadonlySet<number>): void {
    const { classes } = this.options;
    this.tables = hatchedTables(colourTable(classes, hidden), classes.length);
    this.repaint();
    this.stage.redrawMask();
  }

  private repaint(box?: Box): void {
    const [even, odd] = this.tables;
    this.maskCanvas.repaint(this.options.document.ids, even, box, odd);
  }

  /** Whether the pointer is over the canvas. */
  get pointerInside(): boolean {
    return this.pointer !== null;
  }

  setSpaceHeld(held: boolean): void {
    this.spaceHeld = held;
    if (!held && !this.painting) this.panFrom = null;
    this.refreshOverlay();
  }

  fit(): void {
    this.userMoved = false;
    this.setView(fit(this.options.document.size, this.stage.size));
  }

  zoom(factor: number): void {
    const { width, height } = this.stage.size;
    this.userMoved = true;
    this.setView(zoomAt(this.view, { x: width / 2, y: height / 2 }, factor));
  }

  centreOn(point: ImagePoint, scale: number): void {
    this.userMoved = true;
    this.setView(centreOn(point, this.stage.size, scale));
  }

  /** Rolls back the open stroke or polygon. @returns whether one was open */
  cancel(): boolean {
    this.painting = false;
    const open = this.tool.cancel(this.context());
    this.refreshOverlay();
    return open;
  }

  /** Undo while something is open: the stroke goes, or the polygon's last corner. @returns whether anything was */
  undoOpen(): boolean {
    return this.tool.preview ? this.toolKey('Backspace') : this.cancel();
  }

  toolKey(key: string): boolean {
    const taken = this.tool.key(this.context(), key);
    if (taken) this.refreshOverlay();
    return taken;
  }

  destroy(): void {
    this.tool.cancel(this.context());
    this.unsubscribe();
    this.stage.destroy();
    this.options.status('');
  }

  private context(): ToolContext {
    const { classId, radius } = this.options.settings();
    return { document: this.options.document, classId, radius, snap: snapScreenPx / this.view.scale };
  }

  private setView(view: Viewport): void {
    this.view = keepInView(view, this.options.document.size, this.stage.size);
    this.stage.setViewport(this.view);
    this.refreshOverlay();
    this.showStatus();
  }

  private onResize(): void {
    if (this.userMoved) this.setView(this.view);
    else this.fit();
  }

  private onWheel(at: ScreenPoint, event: WheelEvent): void {
    const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015));
    if (event.altKey) return this.options.resizeBrush(factor);
    this.userMoved = true;
    this.setView(zoomAt(this.view, at, factor));
  }

  private onPointer(kind: 'down' | 'move' | 'up', at: ScreenPoint, event: PointerEvent): void {
    this.pointer = toImage(this.view, at);
    if (kind === 'down' && (event.button === 1 || (event.button === 0 && this.spaceHeld))) this.panFrom = at;
    else if (this.panFrom) this.pan(kind, at);
    else if (kind === 'down' && event.button === 0) this.press(event);
    else if (kind === 'move') this.tool.pointerMove(this.context(), this.pointer);
    else if (kind === 'up' && this.painting) {
      this.painting = false;
      this.tool.pointerUp(this.context(), this.pointer);
    }
    this.refreshOverlay();
    this.showStatus();
  }

  private press(event: PointerEvent): void {
    if (event.altKey) {
      const id = this.idAt(this.pointer!);
      if (id !== null && id < this.options.classes.length) this.options.pick(id);
      return;
    }
    // The status says why.
    if (this.options.blocked()) return;
    // Nobody should paint blind.
    this.options.showMask();
    this.painting = true;
    this.tool.pointerDown(this.context(), this.pointer!);
  }

  private pan(kind: 'down' | 'move' | 'up', at: ScreenPoint): void {
    const from = this.panFrom!;
    this.panFrom = kind === 'up' ? null : at;
    this.userMoved = true;
    this.setView(panBy(this.view, at.x - from.x, at.y - from.y));
    this.pointer = toImage(this.view, at);
  }

  private onLeave(): void {
    this.pointer = null;
    this.refreshOverlay();
    this.showStatus();
  }

  private idAt({ x, y }: ImagePoint): number | null {
    const { width, height } = this.options.document.size;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    return column < 0 || row < 0 || column >= width || row >= height ? null : this.options.document.ids[row * width + column];
  }

  private nameOf(id: number): string {
    if (id === voidId) return 'Not labelled';
    const { classes, document } = this.options;
    return classes.at(id)?.name ?? `not in the class set (${document.foreign.get(id) ?? 'unknown'})`;
  }

  /** Draws ring and outline as tool, radius and zoom are now. */
  refreshOverlay(): void {
    const { tool, radius } = this.options.settings();
    const ring = (tool === 'brush' || tool === 'eraser') && !this.spaceHeld && !this.options.blocked() ? this.pointer : null;
    this.overlay.showRing(ring, radius);
    this.overlay.showPreview(this.tool.preview, snapScreenPx / this.view.scale);
  }

  /** Tells in the status bar what is under the pointer, and what keeps one from painting. */
  showStatus(): void {
    const { width, height } = this.options.document.size;
    const blocked = this.options.blocked();
    const parts = [...(blocked ? [blocked] : []), `${width} x ${height}`, `zoom ${Math.round(this.view.scale * 100)} %`];
    const id = this.pointer && this.idAt(this.pointer);
    if (this.pointer && id !== null) {
      parts.push(`x ${Math.floor(this.pointer.x)} y ${Math.floor(this.pointer.y)} ${this.nameOf(id)}`);
    }
    this.options.status(parts.join(' · '));
  }
}
