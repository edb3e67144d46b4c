import { messageOf } from '#shared/errors';
import { eraser, type Ink } from './ink.ts';
import { createTool } from './tools/index.ts';
import type { Draft, Follows, Press, Preview, Tool, ToolContext, ToolName } from './tools/tool.ts';
import type { Viewport } from './viewport.ts';

/** What was left open with tools on an image. */
export type Drafts = ReadonlyMap<ToolName, Draft>;

/** What a hand is told of at every event. */
export type HandContext = Omit<ToolContext, 'later'>;

/** How an image was left. */
export interface LeftOpen {
  drafts: Drafts;
  /** How it was looked at, where a person has chosen that. */
  view: Viewport | null;
}

/**
 * The tool in hand, and those that were put down with something open. A press goes to its end with the tool and the class that it began
 * with: what is chosen meanwhile counts from the next one on.
 */
export class Hand {
  private readonly context: () => HandContext;
  private readonly changed: () => void;
  private readonly tools = new Map<ToolName, Tool>();
  private name: ToolName;
  /** What is chosen while a press is under way. */
  private next: ToolName | null = null;
  private pressedWith: { ink: Ink; subtract: Ink } | null = null;
  /** Answers that a person waits for. */
  private readonly owed = new Set<Promise<unknown>>();
  /** What goes on with answers that came in mid-press. */
  private readonly waiting: (() => void)[] = [];
  private left = false;

  /** @param context read anew at every event @param changed told when an answer has come that a tool waited for */
  constructor(name: ToolName, drafts: Drafts, context: () => HandContext, changed: () => void = () => undefined) {
    this.name = name;
    this.context = context;
    this.changed = changed;
    for (const [each, draft] of drafts) this.tools.set(each, createTool(each, draft));
  }

  private get tool(): Tool {
    const known = this.tools.get(this.name);
    if (known) return known;
    const made = createTool(this.name);
    this.tools.set(this.name, made);
    return made;
  }

  private now(): ToolContext {
    return { ...this.context(), ...this.pressedWith, later: (answer, then, follows) => void this.later(answer, then, follows) };
  }

  private async later<T>(answer: Promise<T>, then: (context: ToolContext, answer: T) => void, follows: Follows): Promise<void> {
    if (follows === 'owed') this.owed.add(answer);
    const next = await answer.then(
      (found) => () => then(this.now(), found),
      (error: unknown) => () => this.context().tell(messageOf(error)),
    );
    const goOn = () => {
      this.owed.delete(answer);
      if (!this.left) this.goOn(next);
    };
    if (this.pressing && follows !== 'look') this.waiting.push(goOn);
    else goOn();
  }

  private goOn(next: () => void): void {
    try {
      next();
    } catch (error) {
      this.context().tell(messageOf(error));
    }
    this.changed();
  }

  get pressing(): boolean {
    return this.pressedWith !== null;
  }

  get preview(): Preview | null {
    return this.tool.preview;
  }

  /** Whether it waits for more presses. */
  get isOpen(): boolean {
    return this.tool.draft !== null;
  }

  choose(name: ToolName): void {
    if (this.pressing) this.next = name;
    else this.put(name);
  }

  private put(name: ToolName): void {
    this.next = null;
    if (name === this.name) return;
    this.tool.finish(this.now());
    this.name = name;
  }

  /** @param erases whether this press erases, whatever is chosen */
  down(press: Press, erases = false): void {
    const { ink, subtract } = this.context();
    this.pressedWith = erases ? { ink: eraser, subtract: eraser } : { ink, subtract };
    this.tool.down(this.now(), press);
  }

  move(press: Press): void {
    this.tool.move(this.now(), press);
  }

  slide(press: Press): void {
    this.tool.slide(this.now(), press);
  }

  jump(press: Press): void {
    this.tool.jump(this.now(), press);
  }

  up(press: Press): void {
    if (!this.pressing) return;
    this.tool.up(this.now(), press);
    this.letGo();
  }

  private letGo(): void {
    this.pressedWith = null;
    if (this.next) this.put(this.next);
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  /** What is proposed is another. */
  renew(): void {
    this.tool.renew(this.now());
  }

  doubleClick(): void {
    this.tool.doubleClick(this.now());
  }

  /** @returns whether the key was for the tool */
  key(key: string, shift = false): boolean {
    return this.tool.key(this.now(), key, shift);
  }

  /** The press in hand was not meant. @returns whether it had done anything */
  abandon(): boolean {
    if (!this.pressing) return false;
    const did = this.tool.abandon(this.now());
    this.letGo();
    return did;
  }

  /** Rolls back what is open. @returns whether anything was */
  cancel(): boolean {
    const open = this.tool.cancel(this.now());
    this.letGo();
    return open;
  }

  /** Undo while something is open: the press goes, or the last corner. @returns whether anything was */
  undoOpen(): boolean {
    return this.abandon() || (this.isOpen && this.key('Backspace'));
  }

  /** The press in hand is done, and the hand stays with the image. */
  rest(): void {
    this.tool.finish(this.now());
    this.letGo();
  }

  /** The image is left: the press in hand is done. @returns what waits for more */
  leave(): Drafts {
    this.rest();
    this.left = true;
    if (this.owed.size > 0) this.context().tell('The image was left before what was asked for had been found: nothing was painted.');
    const drafts = [...this.tools].flatMap(([name, { draft }]): [ToolName, Draft][] => (draft ? [[name, draft]] : []));
    return new Map(drafts);
  }
}
