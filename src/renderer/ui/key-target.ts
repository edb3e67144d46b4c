/** Whether something is being said in a dialog: no key throws that away. */
export const isDialogOpen = (): boolean => document.querySelector('dialog[open]') !== null;

/** Whether a key is for what it was typed into: a field, an open dialog or a menu. */
export function isForField({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (isDialogOpen()) return true;
  // Nothing is typed into these: they have keys of their own.
  if (target.matches('input:is([type=checkbox], [type=radio], [type=range])')) return /^( |Enter|Arrow.*|Home|End|Page.*)$/.test(key);
  return target.matches('input, select, textarea') || target.closest('[role=menu]') !== null;
}
