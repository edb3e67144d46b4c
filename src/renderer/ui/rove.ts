const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/**
 * Goes on within a group of tabs, radio buttons or menu items by arrows, Home and End, as whoever uses keys expects of one.
 * @param selector what its items are
 * @returns the item that has the focus now; null where the key is none of these
 */
export function rove(event: KeyboardEvent & { currentTarget: HTMLElement }, selector: string): HTMLElement | null {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)].filter((item) => !item.matches(':disabled'));
  const at = items.findIndex((item) => item === document.activeElement);
  const to =
    { Home: 0, End: items.length - 1 }[event.key] ?? (event.key in steps ? (at + steps[event.key] + items.length) % items.length : -1);
  if (to < 0 || items.length === 0 || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault();
  // Places have arrows of their own.
  event.stopPropagation();
  items[to].focus();
  return items[to];
}
