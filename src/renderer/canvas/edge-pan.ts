import type { ScreenPoint } from '../editor/units.ts';

/** Screen pixels from an edge within which the picture moves, and how fast it does at the edge itself, in pixels a second. */
const marginPx = 28;
const fastest = 900;

/** How far into the margin a place is: -1 to 1, 0 in the middle. */
function pull(place: number, extent: number): number {
  if (place < marginPx) return Math.min(1, (marginPx - place) / marginPx);
  if (place > extent - marginPx) return -Math.min(1, (place - extent + marginPx) / marginPx);
  return 0;
}

/** Moves the picture while the pointer rests at an edge with something open. Its owner stops it. */
export class EdgePan {
  private readonly pan: (dx: number, dy: number) => void;
  private frame = 0;
  private speed = { x: 0, y: 0 };
  private last = 0;

  constructor(pan: (dx: number, dy: number) => void) {
    this.pan = pan;
  }

  /** Where the pointer is now. */
  at(point: ScreenPoint, size: { width: number; height: number }): void {
    this.speed = { x: pull(point.x, size.width) * fastest, y: pull(point.y, size.height) * fastest };
    const moves = this.speed.x !== 0 || this.speed.y !== 0;
    if (!moves) this.stop();
    else if (this.frame === 0) {
      this.last = performance.now();
      this.frame = requestAnimationFrame((now) => this.step(now));
    }
  }

  private step(now: number): void {
    const seconds = Math.min(0.1, Math.max(0, now - this.last) / 1000);
    this.last = now;
    this.frame = requestAnimationFrame((next) => this.step(next));
    this.pan(this.speed.x * seconds, this.speed.y * seconds);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
}
