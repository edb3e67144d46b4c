import type { ClassInfo } from '#shared/classes/class-info';
import { voidId } from '#shared/mask/void-id';
import { colourTable, hatchedTables } from '#shared/classes/colour-table';
import { EdgePan } from '../../canvas/edge-pan.ts';
import { MaskCanvas } from '../../canvas/mask-canvas.ts';
import { StageView } from '../../canvas/stage-view.ts';
import { PixelGrid } from '../../canvas/pixel-grid.ts';
import { ProposalLayer } from '../../canvas/proposal-layer.ts';
import { SuperpixelLayer } from '../../canvas/superpixel-layer.ts';
import { ToolOverlay } from '../../canvas/tool-overlay.ts';
import type { MaskDocument } from '../../editor/document.ts';
import { Hand, type HandContext, type LeftOpen } from '../../editor/hand.ts';
import type { Proposed } from '../../editor/proposed.ts';
import type { PointerFacts } from '../../editor/pointer-machine.ts';
import { clipBox } from '../../editor/region.ts';
import type { Press, ToolName } from '../../editor/tools/tool.ts';
import type { Box, ImagePoint, ScreenPoint } from '../../editor/units.ts';
import { centreOn, fit, keepInView, panBy, panToHidden, toImage, zoomAt, type Viewport } from '../../editor/viewport.ts';
import type { WheelMode } from '../../editor/wheel-machine.ts';

/** The hand as a person has set it: what does not depend on the view. */
type OfTheView = 'document' | 'near' | 'scale' | 'seen' | 'proposed' | 'reveal';

export type HandSettings = Omit<HandContext, OfTheView> & {
  tool: ToolName;
  /** The colour of what would be painted. */
  color: string;
  pressureSizes: boolean;
  wheel: WheelMode;
};

interface EditorOptions extends LeftOpen {
  document: MaskDocument;
  classes: readonly ClassInfo[];
  /** Why nothing can be painted now; null where it can. */
  blocked: () => string | null;
  settings: () => HandSettings;
  pick: (classId: number) => void;
  resizeBrush: (by: 1 | -1) => void;
  /** Shows the mask if it is hidden. */
  showMask: () => void;
  status: (text: string) => void;
  /** Told which part of the image is seen. */
  onSeen: (seen: Box) => void;
  /** Told whether a tool waits for more presses. */
  onOpen: (isOpen: boolean) => void;
}

/**
 * Screen pixels within which a click means a corner or the start of an outline. Never more than a few pixels of the image: outlines of
 * thin things come close to their own beginning.
 */
const nearPx = (scale: number): number => Math.min(5, Math.max(2, 2 * scale));

/** A system may be set to take two clicks for one that are so far apart. */
const longestDoubleClickMs = 1500;

/** What shows that pixels would lose their label: black, as a pixel of a canvas. */
const erased = 0xff000000;

/** Joins document, hand and canvas: pointer events go to the tool, changed boxes to the mask's canvas. */
export class EditorController {
  private readonly options: EditorOptions;
  private readonly stage: StageView;
  private readonly maskCanvas: MaskCanvas;
  private readonly overlay: ToolOverlay;
  private readonly proposal: ProposalLayer;
  private readonly superpixels: SuperpixelLayer;
  private proposed: Proposed | null = null;
  /** Whether a person is to see it. */
  private showsProposed = false;
  /** Whether the proposal's contours are those of the mask as it is. */
  private isProposalStale = false;
  private readonly hand: Hand;
  private readonly edgePan = new EdgePan((x, y) => this.panToHidden({ x, y }));
  private readonly unsubscribe: () => void;
  private tables: [Uint32Array, Uint32Array];
  private contours = false;
  private compared: Uint8Array | null = null;
  private readonly grid: PixelGrid;
  private gridShown = false;
  private view: Viewport;
  private userMoved = false;
  private spaceHeld = false;
  /** When the newest press was the hand’s, and the one before it, in milliseconds; -Infinity of one that was none of its own. */
  private pressedAt: readonly [number, number] = [-Infinity, -Infinity];
  /** Where the pointer is on the screen, and what it was told with; null where it is elsewhere. */
  private pointer: PointerFacts | null = null;

  constructor(host: HTMLDivElement, options: EditorOptions) {
    this.options = options;
    this.hand = new Hand(
      options.settings().tool,
      options.drafts,
      () => this.context(),
      () => this.refreshOverlay(),
    );
    this.tables = hatchedTables(colourTable(options.classes), options.classes.length);
    this.maskCanvas = new MaskCanvas(options.document.size);
    this.stage = new StageView(host, this.events(), () => this.onResize());
    const style = getComputedStyle(host);
    const color = (token: string) => style.getPropertyValue(token).trim();
    const colors = { light: color('--on-image'), dark: color('--label-shade'), accent: color('--accent') };
    this.overlay = new ToolOverlay(this.stage.overlay, colors);
    this.superpixels = new SuperpixelLayer(this.stage.guides);
    this.grid = new PixelGrid(this.stage.guides, colors.light);
    this.proposal = new ProposalLayer(this.stage.guides);
    this.repaint();
    this.stage.setMask(this.maskCanvas.canvas);
    this.view = options.view ?? fit(options.document.size, this.stage.size);
    this.userMoved = options.view !== null;
    this.setView(this.view);
    const unsubscribes = [
      options.document.onChange((box) => {
        this.repaint(box);
        this.stage.redrawMask();
        this.showStatus();
        this.proposalChanges();
      }),
      options.document.onCommit(() => this.proposalChanges()),
    ];
    this.unsubscribe = () => unsubscribes.forEach((unsubscribe) => unsubscribe());
    this.showStatus();
  }

  private events(): ConstructorParameters<typeof StageView>[1] {
    return {
      panHeld: () => this.spaceHeld,
      wheelMode: () => this.options.settings().wheel,
      press: (facts) => this.onPress(facts),
      move: (facts) => this.onMove(facts),
      release: (facts) => this.after(facts, () => this.hand.up(this.pressOf(facts))),
      abandon: () => this.after(this.pointer, () => this.hand.abandon()),
      leave: () => this.onLeave(),
      pan: (dx, dy, at) => this.pan(dx, dy, at),
      zoom: (at, factor) => this.zoomAt(at, factor),
      resize: (by) => this.options.resizeBrush(by),
      doubleClick: () => this.after(this.pointer, () => this.isDoubleClick() && this.hand.doubleClick()),
    };
  }

  setPhoto(image: HTMLImageElement | null): void {
    this.stage.setPhoto(image);
  }

  setTool(name: ToolName): void {
    this.hand.choose(name);
    this.refreshOverlay();
  }

  /** @param proposed null for nothing, and tools have nothing to take @param shows whether its contours are drawn */
  setProposed(proposed: Proposed | null, shows: boolean): void {
    [this.proposed, this.showsProposed] = [proposed, shows];
    this.isProposalStale = false;
    this.showProposed();
    this.hand.renew();
    this.refreshOverlay();
  }

  private showProposed(): void {
    this.proposal.show(this.showsProposed ? this.proposed : null, this.options.document.ids, this.tables[0]);
  }

  /** @param borders of superpixels; null shows none */
  setSuperpixels(borders: ImageBitmap | null): void {
    this.superpixels.show(borders, this.options.document.size);
    this.refreshOverlay();
  }

  /** Contours go where the mask is as proposed: after a stroke, and never in the middle of one. */
  private proposalChanges(): void {
    if (!this.showsProposed || !this.proposed || this.isProposalStale) return;
    this.isProposalStale = true;
    requestAnimationFrame(() => {
      if (!this.isProposalStale) return;
      this.isProposalStale = false;
      if (this.options.document.strokeOpen) return;
      this.showProposed();
      this.refreshOverlay();
    });
  }

  setOpacity(opacity: number): void {
    this.stage.setMaskOpacity(opacity);
  }

  setPhotoFilter(filter: string): void {
    this.stage.setPhotoFilter(filter);
  }

  /** @param classes in the colours that they are shown in @param hidden those that are not @param contours whether only edges are shown */
  setLook(classes: readonly ClassInfo[], hidden: ReadonlySet<number>, contours: boolean): void {
    const tables = hatchedTables(colourTable(classes, hidden), classes.length);
    // Classes are told anew with every change of the data set: a very large mask is not drawn again for nothing.
    const isSame = tables.every((table, i) => table.every((pixel, id) => pixel === this.tables[i][id]));
    if (isSame && contours === this.contours) return;
    [this.tables, this.contours] = [tables, contours];
    this.repaint();
    this.stage.redrawMask();
    this.showProposed();
  }

  /** Shows another mask instead, which nobody paints on; null shows the one at hand again. */
  setCompared(ids: Uint8Array | null): void {
    if (ids === this.compared) return;
    this.compared = ids;
    this.repaint();
    this.stage.redrawMask();
  }

  setGrid(shown: boolean): void {
    this.gridShown = shown;
    this.showGrid();
  }

  private showGrid(): void {
    this.grid.show(this.options.document.size, this.gridShown ? this.seen : null, this.view.scale);
  }

  /** What each id is shown as where it would be written. */
  private get shownPixels(): Uint32Array {
    return this.tables[0].map((pixel) => pixel || erased);
  }

  /** What tools are told of is another: a proposal, or what a clean-up would change. */
  renew(): void {
    this.hand.renew();
    this.refreshOverlay();
  }

  private repaint(box?: Box): void {
    const [even, odd] = this.tables;
    this.maskCanvas.repaint(this.compared ?? this.options.document.ids, even, box, odd, this.contours);
  }

  /** Whether the pointer is over the canvas. */
  get pointerInside(): boolean {
    return this.pointer !== null;
  }

  setSpaceHeld(held: boolean): void {
    this.spaceHeld = held;
    this.refreshOverlay();
  }

  fit(): void {
    this.userMoved = false;
    this.setView(fit(this.options.document.size, this.stage.size), true);
  }

  actualSize(): void {
    this.zoom(1 / this.view.scale);
  }

  zoom(factor: number): void {
    const { width, height } = this.stage.size;
    this.zoomAt({ x: width / 2, y: height / 2 }, factor);
  }

  private zoomAt(at: ScreenPoint, factor: number): void {
    this.userMoved = true;
    this.setView(zoomAt(this.view, at, factor), true);
  }

  /** A pointer at the edge asks for what lies beyond it: a picture that is all seen stays where it is. */
  private panToHidden(by: ScreenPoint): void {
    const { x, y } = panToHidden(this.view, by, this.options.document.size, this.stage.size);
    if (x !== 0 || y !== 0) this.pan(x, y);
  }

  /** Shows what lies a quarter of the canvas beyond its edge. @param across, down -1, 0 or 1 */
  look(across: number, down: number): void {
    const { width, height } = this.stage.size;
    this.panToHidden({ x: (-across * width) / 4, y: (-down * height) / 4 });
  }

  /** @param at where the pointer is by then; where it was, unless told */
  private pan(dx: number, dy: number, at?: ScreenPoint): void {
    this.userMoved = true;
    if (this.pointer && at) this.pointer = { ...this.pointer, at };
    this.setView(panBy(this.view, dx, dy));
  }

  /** @param scale the one that it has, unless told */
  centreOn(point: ImagePoint, scale = this.view.scale): void {
    this.userMoved = true;
    this.setView(centreOn(point, this.stage.size, scale), true);
  }

  /** Rolls back what is open. @returns whether anything was */
  cancel(): boolean {
    const open = this.hand.cancel();
    this.refreshOverlay();
    return open;
  }

  /** Undo while something is open: the stroke goes, or the polygon's last corner. @returns whether anything was */
  undoOpen(): boolean {
    const taken = this.hand.undoOpen();
    this.refreshOverlay();
    return taken;
  }

  toolKey(key: string, shift: boolean): boolean {
    if (this.options.blocked()) return false;
    const taken = this.hand.key(key, shift);
    if (taken) this.refreshOverlay();
    return taken;
  }

  /** A stroke in hand is done: the window may be closed, or stay. */
  rest(): void {
    this.hand.rest();
  }

  /** The image is left: a stroke in hand is done. @returns what waits for more presses, and the view where a person has chosen it */
  leave(): LeftOpen {
    return { drafts: this.hand.leave(), view: this.userMoved ? this.view : null };
  }

  destroy(): void {
    this.edgePan.stop();
    this.unsubscribe();
    // A frame that was asked for finds nothing to draw.
    this.isProposalStale = false;
    this.stage.destroy();
    this.options.status('');
  }

  private context(): HandContext {
    const { proposed, seen } = this;
    const { document } = this.options;
    const { scale } = this.view;
    return { ...this.options.settings(), document, near: nearPx(scale) / scale, scale, seen, proposed, reveal: (box) => this.reveal(box) };
  }

  /** The part of the image that is seen. */
  private get seen(): Box {
    const { width, height } = this.stage.size;
    const whole = { left: 0, top: 0, ...this.options.document.size };
    const [from, to] = [toImage(this.view, { x: 0, y: 0 }), toImage(this.view, { x: width, y: height })];
    const [left, top] = [Math.floor(from.x), Math.floor(from.y)];
    return clipBox({ left, top, width: Math.ceil(to.x) - left, height: Math.ceil(to.y) - top }, this.options.document.size) ?? whole;
  }

  /** Brings a part of the image into view, without another zoom where it fits. */
  private reveal({ left, top, width, height }: Box): void {
    const centre = { x: left + width / 2, y: top + height / 2 };
    const { size } = this.stage;
    const corners = [toImage(this.view, { x: 0, y: 0 }), toImage(this.view, { x: size.width, y: size.height })];
    const isSeen = left >= corners[0].x && top >= corners[0].y && left + width <= corners[1].x && top + height <= corners[1].y;
    if (!isSeen) this.centreOn(centre, Math.min(this.view.scale, size.width / width, size.height / height));
  }

  /** @param jumps whether the picture is under the pointer another one at once, and was not moved there */
  private setView(view: Viewport, jumps = false): void {
    this.view = keepInView(view, this.options.document.size, this.stage.size);
    this.stage.setViewport(this.view);
    this.overlay.setScale(this.view.scale);
    this.showGrid();
    this.options.onSeen(this.seen);
    // What is open leads to what lies under the pointer now.
    if (this.pointer) this.hand[jumps && this.hand.pressing ? 'jump' : 'slide'](this.pressOf(this.pointer));
    this.refreshOverlay();
    this.showStatus();
  }

  private onResize(): void {
    if (this.userMoved) this.setView(this.view, true);
    else this.fit();
  }

  private pressOf({ at, shift, ctrl, pressure, type }: PointerFacts): Press {
    const share = this.options.settings().pressureSizes && type === 'pen' ? pressure : 1;
    return { at: toImage(this.view, at), shift, ctrl, share };
  }

  private after(facts: PointerFacts | null, work: () => unknown): void {
    this.pointer = facts;
    work();
    if (!this.hand.pressing && !this.hand.isOpen) this.edgePan.stop();
    this.refreshOverlay();
    this.showStatus();
  }

  private onPress(facts: PointerFacts): void {
    this.after(facts, () => {
      // The status says why nothing is painted where something keeps one from it.
      const reaches = !facts.alt && !this.options.blocked();
      this.pressedAt = [reaches ? performance.now() : -Infinity, this.pressedAt[0]];
      if (facts.alt) return this.pickAt(toImage(this.view, facts.at));
      if (!reaches) return;
      // Nobody should paint blind.
      this.options.showMask();
      this.hand.down(this.pressOf(facts), facts.button === 5);
    });
  }

  /** Whether both presses of what the system calls one were the hand's: what moves the picture, and Alt, are not. */
  private isDoubleClick(): boolean {
    const isLate = this.pressedAt.some((at) => performance.now() - at > longestDoubleClickMs);
    return !this.spaceHeld && !isLate && !this.options.blocked();
  }

  private pickAt(at: ImagePoint): void {
    const id = this.idAt(at);
    if (id === null) return;
    if (id < this.options.classes.length || id === voidId) this.options.pick(id);
    else this.options.settings().tell(`What was picked is ${this.nameOf(id)}: there is no such class to take in hand.`);
  }

  private onMove(facts: PointerFacts): void {
    this.after(facts, () => {
      this.hand.move(this.pressOf(facts));
      if (this.hand.pressing || this.hand.isOpen) this.edgePan.at(facts.at, this.stage.size);
    });
  }

  private onLeave(): void {
    this.pointer = null;
    this.edgePan.stop();
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

  /** Draws what the brush would cover and what is open, as tool, size and zoom are now. */
  refreshOverlay(): void {
    const { tool, brush, color, ink } = this.options.settings();
    const shows = (tool === 'brush' || tool === 'eraser') && !this.spaceHeld && !this.options.blocked() && this.pointer !== null;
    this.overlay.showBrush(shows ? { at: toImage(this.view, this.pointer!.at), ...brush } : null);
    const { preview } = this.hand;
    const pixel = preview?.subtracts ? erased : this.tables[0][ink.id] || erased;
    this.overlay.showPreview(preview, color, preview?.pixels?.ids ? this.shownPixels : pixel);
    this.proposal.hover(preview?.region ?? null);
    this.options.onOpen(this.hand.isOpen);
  }

  /** Tells in the status bar what is under the pointer, and what keeps one from painting. */
  showStatus(): void {
    const { width, height } = this.options.document.size;
    const blocked = this.options.blocked();
    const parts = [...(blocked ? [blocked] : []), `${width} x ${height}`, `zoom ${Math.round(this.view.scale * 100)} %`];
    const at = this.pointer && toImage(this.view, this.pointer.at);
    const id = at && this.idAt(at);
    if (at && id !== null) parts.push(`x ${Math.floor(at.x)} y ${Math.floor(at.y)} ${this.nameOf(id)}`);
    this.options.status(parts.join(' · '));
  }
}
