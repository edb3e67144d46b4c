import Konva from 'konva';
import type { Viewport } from '../editor/viewport.ts';
import { listenTo, type StageEvents } from './stage-events.ts';

/**
 * An image with a mask over it on a Konva stage. Photo, mask and overlay have a layer each; the mask's is kept at
 * pixel ratio 1, since its pixels are image pixels and hard-edged.
 */
export class StageView {
  readonly overlay: Konva.Layer;
  /** Of what is proposed and of superpixels, over the mask. */
  readonly guides: Konva.Layer;
  private readonly stage: Konva.Stage;
  private readonly photoLayer: Konva.Layer;
  private readonly maskLayer: Konva.Layer;
  private readonly photo: Konva.Image;
  private readonly mask: Konva.Image;
  private readonly resizes: ResizeObserver;
  private readonly stopListening: () => void;

  constructor(container: HTMLDivElement, events: StageEvents, onResize: () => void) {
    this.stage = new Konva.Stage({ container, width: Math.max(1, container.clientWidth), height: Math.max(1, container.clientHeight) });
    this.photoLayer = new Konva.Layer({ listening: false, imageSmoothingEnabled: false });
    this.maskLayer = new Konva.Layer({ listening: false, imageSmoothingEnabled: false });
    this.guides = new Konva.Layer({ listening: false, imageSmoothingEnabled: false });
    this.overlay = new Konva.Layer({ listening: false });
    this.photo = new Konva.Image({ image: undefined, listening: false });
    this.mask = new Konva.Image({ image: undefined, listening: false });
    this.photoLayer.add(this.photo);
    this.maskLayer.add(this.mask);
    this.stage.add(this.photoLayer, this.maskLayer, this.guides, this.overlay);
    this.maskLayer.getCanvas().setPixelRatio(1);
    this.stopListening = listenTo(container, events);
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

  setPhoto(image: HTMLImageElement | null): void {
    this.photo.image(image ?? undefined);
    if (image) this.photo.size({ width: image.naturalWidth, height: image.naturalHeight });
    this.photoLayer.batchDraw();
  }

  /** @param filter of CSS; empty leaves the photo as it is */
  setPhotoFilter(filter: string): void {
    this.photoLayer.getNativeCanvasElement().style.filter = filter;
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
    this.stopListening();
    this.stage.destroy();
  }
}
