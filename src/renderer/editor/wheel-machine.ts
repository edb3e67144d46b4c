import type { ScreenPoint } from './units.ts';

/** What of a wheel event counts. */
export interface WheelFacts {
  at: ScreenPoint;
  dx: number;
  dy: number;
  /** Whether distances are lines, and not pixels. */
  inLines: boolean;
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  /** In milliseconds. */
  time: number;
}

/** What a person has said of wheels: by itself, a mouse's zooms and two fingers move. */
export type WheelMode = 'auto' | 'zoom' | 'pan';

export interface WheelMeanings {
  pan(dx: number, dy: number, at: ScreenPoint): void;
  zoom(at: ScreenPoint, factor: number): void;
  /** The brush, a step larger or smaller. */
  resize(by: 1 | -1): void;
}

/** Events with less between them are one movement, of one device. */
const movementMs = 400;
/** A notch of a mouse's wheel is no less; two fingers begin with less. */
const notchPx = 50;
const linePx = 40;
/** Of a movement that sets the size, for a step of it. */
const stepPx = 40;

/** Tells a mouse's wheel from two fingers on a touchpad, which browsers report alike. */
export class WheelMachine {
  private readonly means: WheelMeanings;
  private readonly mode: () => WheelMode;
  private isMouse = false;
  private lastAt = -Infinity;
  private towardsStep = 0;

  constructor(means: WheelMeanings, mode: () => WheelMode) {
    this.means = means;
    this.mode = mode;
  }

  turn(facts: WheelFacts): void {
    const { at, inLines, ctrl, alt, shift, time } = facts;
    const [dx, dy] = [facts.dx, facts.dy].map((each) => each * (inLines ? linePx : 1));
    if (time - this.lastAt > movementMs) {
      this.isMouse = inLines || (dx === 0 && Math.abs(dy) >= notchPx);
      this.towardsStep = 0;
    }
    this.lastAt = time;
    if (alt) this.step(dy === 0 ? dx : dy);
    // A pinch comes as a wheel with Ctrl held, in small numbers.
    else if (ctrl) this.means.zoom(at, Math.exp(-dy * (this.isMouse ? 0.0025 : 0.01)));
    else if (shift && dx === 0) this.means.pan(-dy, 0, at);
    else if (this.zooms) this.means.zoom(at, Math.exp(-dy * 0.0015));
    else this.means.pan(-dx, -dy, at);
  }

  private get zooms(): boolean {
    const mode = this.mode();
    return mode === 'zoom' || (mode === 'auto' && this.isMouse);
  }

  private step(by: number): void {
    this.towardsStep -= this.isMouse ? Math.sign(by) * stepPx : by;
    const steps = Math.trunc(this.towardsStep / stepPx);
    this.towardsStep -= steps * stepPx;
    for (let i = 0; i < Math.abs(steps); i++) this.means.resize(steps > 0 ? 1 : -1);
  }
}
