import type { ScreenPoint } from './units.ts';

/** What of a pointer event counts. */
export interface PointerFacts {
  id: number;
  type: 'mouse' | 'pen' | 'touch';
  at: ScreenPoint;
  /** The button that has changed: 0 the main one, 1 the middle one, 5 the eraser's end of a pen; -1 for none. */
  button: number;
  /** The buttons that are down, a bit each: 1 the main one or a contact, 32 a pen's eraser. */
  buttons: number;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
  /** 0 to 1; 0.5 where the device does not tell. */
  pressure: number;
  /** In milliseconds. */
  time: number;
}

/** What pointers mean on a canvas. */
export interface PointerMeanings {
  press(facts: PointerFacts): void;
  /** With or without a press. */
  move(facts: PointerFacts): void;
  release(facts: PointerFacts): void;
  /** The press was not meant: what it has begun is rolled back. */
  abandon(): void;
  /** @param at where the pointer is that moves the picture */
  pan(dx: number, dy: number, at: ScreenPoint): void;
  /** The main button was to move the picture and let go of it where it took it. */
  tap?(at: ScreenPoint): void;
  zoom(at: ScreenPoint, factor: number): void;
  leave(): void;
}

/** A second finger that comes so soon after the first was meant from the beginning. */
const meantMs = 300;
/** A hand that rests beside a pen is no finger, for so long after the pen was seen. */
const palmMs = 600;
/** So far a press may move, on the screen, and still be a click. */
const tapPx = 3;

/** Tells presses from gestures: one finger paints, two move and zoom, a palm beside a pen is nothing, the middle button moves. */
export class PointerMachine {
  private readonly means: PointerMeanings;
  /** Whether the main button moves the picture. */
  private readonly panHeld: () => boolean;
  private readonly touches = new Map<number, ScreenPoint>();
  private readonly palms = new Set<number>();
  /** The pointer that presses, and since when. */
  private pressing: { id: number; type: PointerFacts['type']; since: number; bit: number; last: PointerFacts } | null = null;
  private panning: { id: number; at: ScreenPoint; from: ScreenPoint; isTap: boolean } | null = null;
  /** Two fingers were down: nothing is painted until all are lifted. */
  private gesturing = false;
  private penSeenAt = -Infinity;

  constructor(means: PointerMeanings, panHeld: () => boolean) {
    this.means = means;
    this.panHeld = panHeld;
  }

  down(facts: PointerFacts): void {
    if (facts.type === 'touch') return this.touchDown(facts);
    if (facts.type === 'pen') this.seePen(facts);
    this.begin(facts);
  }

  private begin(facts: PointerFacts): void {
    const pans = facts.button === 1 || (facts.button === 0 && this.panHeld());
    if (pans) this.panning = { id: facts.id, at: facts.at, from: facts.at, isTap: facts.button === 0 };
    else if ((facts.button === 0 || facts.button === 5) && !this.pressing) this.press(facts);
  }

  private press(facts: PointerFacts): void {
    this.pressing = { id: facts.id, type: facts.type, since: facts.time, bit: facts.button === 5 ? 32 : 1, last: facts };
    this.means.press(facts);
  }

  private seePen({ time }: PointerFacts): void {
    this.penSeenAt = time;
    // The hand came down before the pen, and may have more than one place on the screen.
    for (const id of this.touches.keys()) this.palms.add(id);
    if (this.panning && this.touches.has(this.panning.id)) this.panning = null;
    this.touches.clear();
    this.gesturing = false;
    if (this.pressing?.type !== 'touch') return;
    this.pressing = null;
    this.means.abandon();
  }

  private touchDown(facts: PointerFacts): void {
    if (facts.time - this.penSeenAt < palmMs || this.pressing?.type === 'pen') {
      this.palms.add(facts.id);
      return;
    }
    this.touches.set(facts.id, facts.at);
    if (this.touches.size === 1 && !this.gesturing) return this.begin(facts);
    this.gesturing = true;
    this.panning = null;
    if (!this.pressing) return;
    if (facts.time - this.pressing.since < meantMs) this.means.abandon();
    // What was drawn ends where its own finger is.
    else this.means.release({ ...facts, id: this.pressing.id, at: this.touches.get(this.pressing.id) ?? facts.at });
    this.pressing = null;
  }

  move(facts: PointerFacts): void {
    if (this.palms.has(facts.id)) return;
    if (facts.type === 'pen') this.seePen(facts);
    if (this.gesturing) return this.gesture(facts);
    if (this.touches.has(facts.id)) this.touches.set(facts.id, facts.at);
    if (this.panning?.id === facts.id) return this.pan(facts.at);
    if (this.pressing && this.pressing.id !== facts.id) return;
    // Let go while nobody told: another button is down still, or the window was not the one that heard it.
    if (this.pressing && !isDown(facts, this.pressing.bit)) this.endPress();
    if (this.pressing) this.pressing.last = facts;
    this.means.move(facts);
  }

  /** The press ends where its pointer was last. */
  private endPress(): void {
    const { last } = this.pressing!;
    this.pressing = null;
    this.means.release(last);
  }

  private pan(at: ScreenPoint): void {
    const { panning } = this;
    const before = panning!.at;
    panning!.at = at;
    panning!.isTap &&= Math.hypot(at.x - panning!.from.x, at.y - panning!.from.y) <= tapPx;
    this.means.pan(at.x - before.x, at.y - before.y, at);
  }

  private gesture({ id, at }: PointerFacts): void {
    if (!this.touches.has(id)) return;
    const before = spanOf([...this.touches.values()]);
    this.touches.set(id, at);
    const after = spanOf([...this.touches.values()]);
    if (!before || !after) return;
    this.means.pan(after.middle.x - before.middle.x, after.middle.y - before.middle.y, after.middle);
    if (before.length > 0 && after.length > 0) this.means.zoom(after.middle, after.length / before.length);
  }

  up(facts: PointerFacts): void {
    const isTap = this.panning?.id === facts.id && this.panning.isTap;
    if (!this.goes(facts.id)) return isTap ? this.means.tap?.(facts.at) : undefined;
    this.pressing = null;
    this.means.release(facts);
  }

  /** The system has taken the pointer away, and says nothing of where it is. A finger's press that was short was a gesture or a palm. */
  cancel({ id, time }: PointerFacts): void {
    if (!this.goes(id)) return;
    const { type, since } = this.pressing!;
    if (type !== 'touch' || time - since >= meantMs) return this.endPress();
    this.pressing = null;
    this.means.abandon();
  }

  /** A pointer is there no more. @returns whether it is the one that presses */
  private goes(id: number): boolean {
    this.lift(id);
    if (this.palms.delete(id)) return false;
    if (this.panning?.id === id) this.panning = null;
    return this.pressing?.id === id;
  }

  private lift(id: number): void {
    this.touches.delete(id);
    if (this.touches.size === 0) this.gesturing = false;
  }

  leave(facts: PointerFacts): void {
    if (!this.pressing) this.means.leave();
    if (facts.type === 'touch') this.lift(facts.id);
  }
}

/** Whether what presses is down still. A pen whose barrel button is held may say that alone. */
const isDown = ({ type, buttons }: PointerFacts, bit: number): boolean => (type === 'pen' ? buttons !== 0 : (buttons & bit) !== 0);

/** The middle of the first two fingers, and how far they are apart; null for fewer. */
function spanOf([a, b]: readonly ScreenPoint[]): { middle: ScreenPoint; length: number } | null {
  if (!a || !b) return null;
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, length: Math.hypot(a.x - b.x, a.y - b.y) };
}
