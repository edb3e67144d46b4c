/** Whether a key is for what it was typed into: a field, an open dialog or a menu. */
export function isForField({ target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector('dialog[open]') !== null) return true;
  return target.matches('input, select, textarea') || target.closest('[role=menu]') !== null;
}
