import { chordsOf } from '../../state/chords.ts';
import { isDialogOpen } from '../../ui/key-target.ts';
import type { CommandId } from '../../state/commands.ts';

/** What keys can do while annotating. */
export interface KeyActions {
  /** The command of a chord; null for none. */
  commandOf(chord: string): CommandId | null;
  run(command: CommandId): void;
  /** The id of the class that has a key; null for none. */
  classOfKey(key: string): number | null;
  pickClass(id: number): void;
  /** Rolls back what is open. @returns whether anything was */
  cancel(): boolean;
  /** @returns whether the tool took the key */
  toolKey(key: string, shift: boolean): boolean;
  /** The picture is moved while the key is held. */
  space(held: boolean): void;
  /** What a command does while its key is held: whatever is in hand erases, an earlier mask is shown. */
  hold(command: HeldCommand, held: boolean): void;
  pointerOnCanvas(): boolean;
  /** Whether Tab has led to what has the focus, and no press of the pointer has come since. */
  ledByKeys(): boolean;
}

/** Whether a key is typed into something that has its own use for it. */
function isTyped(event: KeyboardEvent, actions: KeyActions): boolean {
  const target = event.target as HTMLElement;
  if (target.matches('input:not([type=range], [type=checkbox], [type=radio]), select, textarea')) return true;
  if (isDialogOpen() || target.closest('[role=menu]') !== null) return true;
  const slides = target.matches('input[type=range]') && event.key.startsWith('Arrow');
  // Arrows choose within a list of classes.
  const chooses = target.matches('[role=radio]') && event.key.startsWith('Arrow');
  // Space and Enter press the button that keys have led to. One that was clicked is not meant while the hand is at the canvas again: there
  // they pan and close. (A browser's own ring comes with any key that is pressed after the click.)
  const isMeant = actions.ledByKeys() || !actions.pointerOnCanvas();
  const presses = (event.key === ' ' || event.key === 'Enter') && target.matches('button, input, summary, a[href]') && isMeant;
  return slides || chooses || presses;
}

/** Commands that last as long as their key is held: the eraser, tapped, is the tool. */
const heldCommands = ['tool.eraser', 'view.compare'] as const;
export type HeldCommand = (typeof heldCommands)[number];
/** Commands that go on while their key is held; any other one is done once. */
const repeated: ReadonlySet<CommandId> = new Set<CommandId>([
  'mask.undo',
  'mask.redo',
  'brush.smaller',
  'brush.larger',
  'view.in',
  'view.out',
  'view.left',
  'view.right',
  'view.up',
  'view.down',
  'image.next',
  'image.previous',
]);

const isHeld = (command: CommandId): command is HeldCommand => heldCommands.some((each) => each === command);

function begin(command: CommandId, event: KeyboardEvent, actions: KeyActions): void {
  if (event.repeat && !repeated.has(command)) return;
  if (isHeld(command)) actions.hold(command, true);
  else actions.run(command);
}

/** Alt picks a class and sizes the brush: let go of, it would give the keys to a window's menu. */
const isMenuKey = ({ key, target }: KeyboardEvent): boolean => key === 'Alt' && isCanvas(target);

/** Runs what a key means here; keys typed into fields are left alone. */
export function handleKey(event: KeyboardEvent, actions: KeyActions): void {
  if (isMenuKey(event)) return event.preventDefault();
  if (!isTyped(event, actions) && take(event, actions)) event.preventDefault();
}

/** Where keys are the canvas's. */
const isCanvas = (target: EventTarget | null): boolean => (target as HTMLElement).matches('body, main, [role=application]');

/** Tab goes on from what it has led to, and is the tool's elsewhere: a button that was clicked keeps the focus, and is not meant. */
const isForTool = ({ key, target }: KeyboardEvent, actions: KeyActions): boolean =>
  key !== 'Tab' || isCanvas(target) || !actions.ledByKeys();

/** @returns whether it means anything here */
function take(event: KeyboardEvent, actions: KeyActions): boolean {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  // Each press of Enter takes or ends one thing: a finger that rests on it takes no more.
  if (event.repeat && event.key === 'Enter') return true;
  if (isPlain && isForTool(event, actions) && actions.toolKey(event.key, event.shiftKey)) {
    // What goes on from here is the tool's as well.
    if (event.key === 'Tab' && !isCanvas(event.target)) (event.target as HTMLElement).blur();
    return true;
  }
  const chords = chordsOf(event);
  const command = chords.map((chord) => actions.commandOf(chord)).find((each) => each !== null);
  const classId = chords.map((chord) => actions.classOfKey(chord)).find((each) => each !== null);
  if (command) begin(command, event, actions);
  else if (classId !== undefined && classId !== null) actions.pickClass(classId);
  else if (isPlain && event.key === ' ') actions.space(true);
  else return isPlain && event.key === 'Escape' && actions.cancel();
  return true;
}

/** Every chord that a key may have been pressed as: Shift, Alt and Ctrl may have come or gone since. */
function chordsOfRelease({ key, code }: KeyboardEvent): string[] {
  const plain = { key, code, metaKey: false, getModifierState: () => false };
  const either = [false, true];
  return either.flatMap((ctrlKey) =>
    either.flatMap((altKey) => either.flatMap((shiftKey) => chordsOf({ ...plain, ctrlKey, altKey, shiftKey }))),
  );
}

/** Ends what lasts as long as a key is held, whatever else is held by then. */
export function releaseKey(event: KeyboardEvent, actions: KeyActions): void {
  if (isMenuKey(event)) event.preventDefault();
  if (event.key === ' ') actions.space(false);
  const commands = chordsOfRelease(event).map((chord) => actions.commandOf(chord));
  // macOS tells of no key that is let go while Cmd is held: all of them end with that.
  for (const command of heldCommands) if (event.key === 'Meta' || commands.includes(command)) actions.hold(command, false);
}
