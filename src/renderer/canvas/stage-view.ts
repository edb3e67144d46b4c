import Konva from 'konva';
import type { Viewport } from '../editor/viewport.ts';
import type { ScreenPoint } from '../editor/units.ts';

/** Pointer and wheel events of a view, in screen pixels of its element. */
export interface StageEvents {
  pointer?(kind: 'down' | 'move' | 'up', at: ScreenPoint, event: PointerEvent): void;
  leave?(): void;
  wheel?(at: ScreenPoint, event: WheelEvent): void;
  doubleClick?(at: ScreenPoint): void;
}

/**
 * An image with a mask over it on a Konva stage. Photo, mask and overlay have a layer each; the mask's is kept at
 * pixel ratio 1, since its pixels are image pixels and hard-edged.
 */
export class StageView {
  readonly overlay: Konva.Layer;
  private readonly stage: Konva.Stage;
  private readonly photoLayer: Konva.Layer;
  private readonly maskLayer: Konva.Layer;
  private readonly photo: Konva.Image;
  private readonly mask: Konva.Image;
  private readonly container: HTMLDivElement;
  private readonly resizes: ResizeObserver;
  private readonly cleanUps: (() => void)[] = [];

  constructor(container: HTMLDivElement, events: StageEvents, onResize: () => void) {
    this.container = container;
    this.stage = new Konva.Stage({ container, width: Math.max(1, container.clientWidth), height: Math.max(1, container.clientHeight) });
    this.photoLayer = new Konva.Layer({ listening: false, imageSmoothingEnabled: false });
    this.maskLayer = new Konva.Layer({ listening: false, imageSmoothingEnabled: false });
    this.overlay = new Konva.Layer({ listening: false });
    this.photo = new Konva.Image({ image: undefined, listening: false });
    this.mask = new Konva.Image({ image: undefined, listening: false });
    this.photoLayer.add(this.photo);
    this.maskLayer.add(this.mask);
    this.stage.add(this.photoLayer, this.maskLayer, this.overlay);
    this.maskLayer.getCanvas().setPixelRatio(1);
    this.listen(events);
    this.resizes = new ResizeObserver(() => {
      this.stage.size({ width: Math.max(1, container.clientWidth), height: Math.max(1, container.clientHeight) });
      this.maskLayer.getCanvas().setPixelRatio(1);
      onResize();
    });
    this.resizes.observe(container);
  }

  get size(): { width: number; height: number } {
    return { width: this.stage.width(), height: this.stage.height() };
  }

  private listen(events: StageEvents): void {
    const at = (event: MouseEvent): ScreenPoint => {
      const box = this.container.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const add = <K extends keyof HTMLElementEventMap>(
      name: K,
      work: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ) => {
      this.container.addEventListener(name, work, options);
      this.cleanUps.push(() => this.container.removeEventListener(name, work, options));
    };
    add('pointerdown', (event) => {
      this.container.setPointerCapture(event.pointerId);
      events.pointer?.('down', at(event), event);
    });
    add('pointermove', (event) => {
      // Events that the browser merged into one are all part of the stroke.
      const all = event.getCoalescedEvents?.() ?? [];
      for (const each of all.length > 0 ? all : [event]) events.pointer?.('move', at(each), event);
    });
    add('pointerup', (event) => events.pointer?.('up', at(event), event));
    add('pointercancel', (event) => events.pointer?.('up', at(event), event));
    add('pointerleave', () => events.leave?.());
    add('dblclick', (event) => events.doubleClick?.(at(event)));
    add('contextmenu', (event) => event.preventDefault());
    add(
      'wheel',
      (event) => {
        event.preventDefault();
        events.wheel?.(at(event), event);
      },
      { passive: false },
    );
  }

  setPhoto(image: HTMLImageElement | null): void {
    this.photo.image(image ?? undefined);
    if (image) this.photo.size({ width: image.naturalWidth, height: image.naturalHeight });
    this.photoLayer.batchDraw();
  }

  /** @param brightness 1 leaves the photo as it is */
  setPhotoBrightness(brightness: number): void {
    this.photoLayer.getNativeCanvasElement().style.filter = brightness === 1 ? '' : `brightness(${brightness})`;
  }

  setMask(canvas: HTMLCanvasElement | null): void {
    this.mask.image(canvas ?? undefined);
    if (canvas) this.mask.size({ width: canvas.width, height: canvas.height });
    this.maskLayer.batchDraw();
  }

  setMaskOpacity(opacity: number): void {
    this.maskLayer.opacity(opacity);
    this.maskLayer.batchDraw();
  }

  setMaskVisible(visible: boolean): void {
    this.maskLayer.visible(visible);
  }

  setPhotoVisible(visible: boolean): void {
    this.photoLayer.visible(visible);
  }

  /** Draws the mask again, after its canvas has changed. */
  redrawMask(): void {
    this.maskLayer.batchDraw();
  }

  setViewport(view: Viewport): void {
    this.stage.setAttrs({ x: view.x, y: view.y, scaleX: view.scale, scaleY: view.scale });
    this.stage.batchDraw();
  }

  destroy(): void {
    this.resizes.disconnect();
    for (const cleanUp of this.cleanUps) cleanUp();
    this.stage.destroy();
  }
}
