import type { ToolName } from '../../editor/tools/tool.ts';

/** What keys can do while annotating. */
export interface KeyActions {
  tool(name: ToolName): void;
  pickClass(id: number): void;
  /** The id of the class that has a key; null for none. */
  classOfKey(key: string): number | null;
  findClass(): void;
  resizeBrush(factor: number): void;
  undo(): void;
  redo(): void;
  save(): void;
  fit(): void;
  zoom(factor: number): void;
  toggleMask(): void;
  step(by: 1 | -1): void;
  /** @returns whether anything was open */
  cancel(): boolean;
  /** @returns whether the tool took the key */
  toolKey(key: string): boolean;
  space(held: boolean): void;
  pointerOnCanvas(): boolean;
}

const toolKeys: Record<string, ToolName> = { b: 'brush', e: 'eraser', p: 'polygon', f: 'fill' };

function withControl(event: KeyboardEvent, actions: KeyActions): boolean {
  const key = event.key.toLowerCase();
  if (key === 'z' && event.shiftKey) actions.redo();
  else if (key === 'z') actions.undo();
  else if (key === 'y') actions.redo();
  else if (key === 's') actions.save();
  else if (key === '0') actions.fit();
  else if (key === '+' || key === '=') actions.zoom(1.25);
  else if (key === '-') actions.zoom(0.8);
  else return false;
  return true;
}

function plain(event: KeyboardEvent, actions: KeyActions): boolean {
  const { key } = event;
  if (actions.toolKey(key)) return true;
  const tool = toolKeys[key.toLowerCase()];
  const classId = actions.classOfKey(key);
  if (tool) actions.tool(tool);
  else if (classId !== null) actions.pickClass(classId);
  else if (key === '/') actions.findClass();
  else if (key === '[') actions.resizeBrush(1 / 1.25);
  else if (key === ']') actions.resizeBrush(1.25);
  else if (key === 'h' || key === 'H') actions.toggleMask();
  else if (key === 'a' || key === 'A' || key === 'ArrowLeft') actions.step(-1);
  else if (key === 'd' || key === 'D' || key === 'ArrowRight') actions.step(1);
  else if (key === 'Escape') return actions.cancel();
  else if (key === ' ') actions.space(true);
  else return false;
  return true;
}

/** Runs what a key means here; keys typed into fields are left alone. */
export function handleKey(event: KeyboardEvent, actions: KeyActions): void {
  const target = event.target as HTMLElement;
  const typing = target.matches('input:not([type=range]), select, textarea') || target.closest('dialog[open]') !== null;
  if (typing || event.altKey) return;
  const slider = target.matches('input[type=range]') && event.key.startsWith('Arrow');
  // Space and Enter press the button in focus, but not while the hand is at the canvas: there they pan and close.
  const pressing = (event.key === ' ' || event.key === 'Enter') && target.matches('button') && !actions.pointerOnCanvas();
  if (slider || pressing) return;
  const done = event.ctrlKey || event.metaKey ? withControl(event, actions) : plain(event, actions);
  if (done) event.preventDefault();
}
