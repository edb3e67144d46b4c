/** Whether something is being said in a dialog: no key throws that away. */
export const isDialogOpen = (): boolean => document.querySelector('dialog[open]') !== null;

/** Whether Enter and the space bar are for what has the focus: it is pressed, unfolded or followed. */
export const isPressable = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, summary, a[href]') !== null;

/** What a place tells of its lists: of the window, and of what holds them. */
interface ListEvents {
  onkeydowncapture: () => void;
  onpointerdowncapture: () => void;
  onpointermove: (event: PointerEvent) => void;
  onchange: (event: Event) => void;
}

const isList = (target: unknown): target is HTMLElement => target instanceof HTMLSelectElement;
const isSwitch = (target: unknown): target is HTMLElement =>
  target instanceof HTMLInputElement && ['checkbox', 'radio', 'range'].includes(target.type);

/**
 * A list that was opened by the pointer gives the keys back once it is chosen from, or left, and a switch or slider once it was set;
 * whoever uses keys stays in it.
 */
export function freeFields(): ListEvents {
  let byPointer = false;
  const free = (field: unknown) => byPointer && isList(field) && field.blur();
  return {
    onkeydowncapture: () => void (byPointer = false),
    onpointerdowncapture: () => void (byPointer = true),
    onpointermove: ({ target }) => void (target !== document.activeElement && free(document.activeElement)),
    onchange: ({ target }) => void (byPointer && (isList(target) || isSwitch(target)) && target.blur()),
  };
}

/** Whether a key is for what it was typed into: a field, an open dialog or a menu. */
export function isForField({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (isDialogOpen()) return true;
  // Nothing is typed into these: they have keys of their own.
  if (target.matches('input[type=checkbox]')) return /^( |Enter)$/.test(key);
  if (target.matches('input:is([type=radio], [type=range])')) return /^( |Enter|Arrow.*|Home|End|Page.*)$/.test(key);
  return target.matches('input, select, textarea') || target.closest('[role=menu]') !== null;
}
