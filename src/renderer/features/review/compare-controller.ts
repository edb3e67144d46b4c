import type { ClassInfo } from '#shared/classes/class-info';
import { colourTable, voidHatched } from '#shared/classes/colour-table';
import { voidId } from '#shared/mask/void-id';
import { Frame } from '../../canvas/frame.ts';
import { MaskCanvas } from '../../canvas/mask-canvas.ts';
import { OutlineLayer } from '../../canvas/outline-layer.ts';
import { StageView } from '../../canvas/stage-view.ts';
import type { Pair } from '../../editor/disagreement.ts';
import { cellsOf } from '../../editor/cells.ts';
import { forEachSelected, type Region, type Size } from '../../editor/region.ts';
import type { ScreenPoint } from '../../editor/units.ts';
import type { Box } from '../../editor/units.ts';
import { heatTable } from './heat.ts';
import { centreOn, fit, keepInView, panBy, toImage, zoomAt, type Viewport } from '../../editor/viewport.ts';

export const panes = ['image', 'label', 'prediction', 'errors'] as const;
export type PaneName = (typeof panes)[number];

interface CompareEvents {
  /** Whole image pixel under the pointer, or null. */
  pointer(at: { x: number; y: number } | null): void;
  /** A person clicks on this image pixel. */
  click(at: { x: number; y: number }): void;
  /** A person wants to edit at this image pixel. */
  edit(at: { x: number; y: number }): void;
}

/** A patch of fewer pixels of the screen cannot be judged. */
const readablePx = 24;

/** What would be taken is shown within a rim of so many image pixels: an id that no class has, and its colour. */
const [rimPx, rim, rimColour] = [2, voidId - 1, 0xff_ff_ff_ff];
// A red that no class of the built-in sets has.
const errorColor = [255, 40, 60] as const;

/** Four views of one image that share one zoom and pan: photo, label, prediction and where those two differ. */
export class CompareController {
  private readonly views: Record<PaneName, StageView>;
  private readonly masks: Record<PaneName, MaskCanvas>;
  private readonly frames: Record<PaneName, Frame>;
  private readonly outlines: Record<PaneName, OutlineLayer>;
  private readonly size: Size;
  private stripes: readonly [Uint32Array, Uint32Array];
  private readonly classes: readonly ClassInfo[];
  private readonly colours: Uint32Array;
  private readonly events: CompareEvents;
  private view: Viewport;
  private moved = false;
  private opacity = 1;
  private isMaskLast = false;
  /** One of the panes that are shown: all of them have its size. */
  private lead: PaneName = 'image';

  constructor(hosts: Record<PaneName, HTMLDivElement>, size: Size, classes: readonly ClassInfo[], events: CompareEvents) {
    this.size = size;
    this.events = events;
    this.classes = classes;
    this.colours = colourTable(classes);
    this.stripes = voidHatched(this.colours);
    const make = <T>(work: (pane: PaneName) => T) => Object.fromEntries(panes.map((pane) => [pane, work(pane)])) as Record<PaneName, T>;
    this.masks = make(() => new MaskCanvas(size));
    const accent = getComputedStyle(hosts.image).getPropertyValue('--accent').trim();
    this.views = make((pane) => this.createView(hosts[pane]));
    this.frames = make((pane) => new Frame(this.views[pane].overlay, accent));
    this.outlines = make((pane) => new OutlineLayer(this.views[pane].guides, size));
    for (const pane of panes) if (pane !== 'image') this.views[pane].setMask(this.masks[pane].canvas);
    this.view = fit(size, this.screen, 4);
    this.apply();
  }

  private createView(host: HTMLDivElement): StageView {
    return new StageView(
      host,
      {
        panHeld: () => true,
        wheelMode: () => 'auto',
        // A press moves the picture, or is a click: nothing is drawn here.
        press: () => undefined,
        release: () => undefined,
        abandon: () => undefined,
        move: ({ at }) => this.events.pointer(this.pixelAt(at)),
        tap: (at) => {
          const pixel = this.pixelAt(at);
          if (pixel) this.events.click(pixel);
        },
        leave: () => this.events.pointer(null),
        pan: (dx, dy) => this.move(panBy(this.view, dx, dy)),
        zoom: (at, factor) => this.move(zoomAt(this.view, at, factor)),
        resize: () => undefined,
        doubleClick: (at) => {
          const pixel = this.pixelAt(at);
          if (pixel) this.events.edit(pixel);
        },
      },
      () => (this.moved ? this.setView(this.view) : this.fit()),
    );
  }

  private get screen(): Size {
    return this.views[this.lead].size;
  }

  /** Other panes are shown now. */
  setShown(shown: readonly PaneName[]): void {
    this.lead = shown[0];
    if (!this.moved) this.fit();
  }

  setPhoto(image: HTMLImageElement | null): void {
    for (const pane of panes) this.views[pane].setPhoto(image);
  }

  /** Masks show one class alone, or all again; seen with the next masks. */
  setSolo(id: number | null): void {
    const hidden = new Set(id === null ? [] : this.classes.flatMap((each) => (each.id === id ? [] : [each.id])));
    this.stripes = voidHatched(colourTable(this.classes, hidden));
  }

  setMasks(label: Uint8Array, prediction: Uint8Array): void {
    // What is not labelled is hatched: it is not the photo seen through.
    this.masks.label.repaint(label, this.stripes[0], undefined, this.stripes[1]);
    this.masks.prediction.repaint(prediction, this.stripes[0], undefined, this.stripes[1]);
    for (const pane of ['label', 'prediction'] as const) this.views[pane].redrawMask();
  }

  /** Draws the outlines of label and prediction over each other and over the photo, or none. @param over what lies over each pane */
  showOutlines(over: Partial<Record<PaneName, Uint8Array>>): void {
    const [table] = this.stripes;
    // What is not labelled has no outline of its own.
    const outlined = table.slice();
    outlined[voidId] = 0;
    for (const pane of panes) this.outlines[pane].show(over[pane] ?? null, outlined);
  }

  /** Shows in the last view where label and prediction differ. @param pair the only one whose pixels are shown, or null */
  showErrors(label: Uint8Array, prediction: Uint8Array, pair: Pair | null): void {
    this.masks.errors.paintErrors(label, prediction, errorColor, pair);
    this.showsMask(false);
  }

  /** What the last view shows: a mask is as opaque as the others, all else is drawn full. */
  private showsMask(isMask: boolean): void {
    this.isMaskLast = isMask;
    this.views.errors.setMaskOpacity(isMask ? this.opacity : 1);
    this.views.errors.redrawMask();
  }

  /** Shows what another network predicts in the last view. */
  showOther(prediction: Uint8Array): void {
    this.masks.errors.repaint(prediction, this.stripes[0], undefined, this.stripes[1]);
    this.showsMask(true);
  }

  /** Shows how much of something there is at each cell in the last view. @param heat values of 0 to 255 */
  showHeat(heat: Size & { values: Uint8Array }): void {
    const cellOf = cellsOf(this.size, heat);
    const values = Uint8Array.from({ length: this.size.width * this.size.height }, (_, pixel) => heat.values[cellOf(pixel)]);
    this.masks.errors.repaint(values, heatTable);
    this.showsMask(false);
  }

  /** Shows in the last view what would be painted, and nothing else. */
  showPreview(region: Required<Region>): void {
    const { width, height } = this.size;
    const shown = new Uint8Array(width * height).fill(voidId);
    // A rim first, by which a few pixels are found.
    forEachSelected(region, (x, y) => {
      const [left, right] = [Math.max(0, x - rimPx), Math.min(width, x + rimPx + 1)];
      for (let v = Math.max(0, y - rimPx); v <= Math.min(height - 1, y + rimPx); v++) shown.fill(rim, v * width + left, v * width + right);
    });
    forEachSelected(region, (x, y, i) => (shown[y * width + x] = region.ids[i]));
    const table = this.colours.slice();
    table[rim] = rimColour;
    this.masks.errors.repaint(shown, table);
    this.showsMask(false);
  }

  /** Frames a part of the image in every view, and brings it there: it fills a third of a view, at a scale of eight at the most. */
  mark(box: Box | null): void {
    for (const pane of panes) this.frames[pane].show(box);
    if (box && !this.isSeen(box)) {
      const { width, height } = this.screen;
      const scale = Math.min(8, Math.max(this.view.scale, Math.min(width / (3 * box.width), height / (3 * box.height))));
      this.move(centreOn({ x: box.left + box.width / 2, y: box.top + box.height / 2 }, { width, height }, scale));
    }
  }

  /** Whether a box is in view, and large enough to be looked at. */
  private isSeen({ left, top, width, height }: Box): boolean {
    const { scale, x, y } = this.view;
    const { width: across, height: down } = this.screen;
    const inside =
      left * scale + x >= 0 && top * scale + y >= 0 && (left + width) * scale + x <= across && (top + height) * scale + y <= down;
    return inside && Math.max(width, height) * scale >= readablePx;
  }

  /** Of masks; the error map is always drawn full. */
  setOpacity(opacity: number): void {
    this.opacity = opacity;
    for (const pane of ['label', 'prediction'] as const) this.views[pane].setMaskOpacity(opacity);
    this.showsMask(this.isMaskLast);
  }

  fit(): void {
    if (!this.views) return;
    this.moved = false;
    this.setView(fit(this.size, this.screen, 4));
  }

  /** Closer, or farther, about the middle. */
  zoom(factor: number): void {
    const { width, height } = this.screen;
    this.move(zoomAt(this.view, { x: width / 2, y: height / 2 }, factor));
  }

  /** Moves the view by a quarter of it: right and down are 1, left and up -1. */
  look(right: -1 | 0 | 1, down: -1 | 0 | 1): void {
    const { width, height } = this.screen;
    this.move(panBy(this.view, (-right * width) / 4, (-down * height) / 4));
  }

  private move(view: Viewport): void {
    this.moved = true;
    this.setView(view);
  }

  private setView(view: Viewport): void {
    this.view = keepInView(view, this.size, this.screen);
    this.apply();
  }

  private apply(): void {
    for (const pane of panes) this.views[pane].setViewport(this.view);
  }

  private pixelAt(at: ScreenPoint): { x: number; y: number } | null {
    const point = toImage(this.view, at);
    const pixel = { x: Math.floor(point.x), y: Math.floor(point.y) };
    return pixel.x < 0 || pixel.y < 0 || pixel.x >= this.size.width || pixel.y >= this.size.height ? null : pixel;
  }

  destroy(): void {
    for (const pane of panes) this.views[pane].destroy();
  }
}
