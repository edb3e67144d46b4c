const moving = /^(Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down))$/;

/** Whether this browser says that a list is open, and opens one; where it does not, its own way is left. */
const canTell = typeof CSS !== 'undefined' && CSS.supports('selector(:open)') && 'showPicker' in HTMLSelectElement.prototype;

/**
 * For a list that does what is chosen at once: keys open it first, and Enter chooses. Left to itself, a closed list chooses with every
 * arrow and letter on most systems.
 */
export function opensFirst(event: KeyboardEvent & { currentTarget: HTMLSelectElement }): void {
  const { currentTarget: list, key } = event;
  const isLetter = key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!canTell || list.matches(':open') || (!isLetter && !moving.test(key))) return;
  event.preventDefault();
  list.showPicker();
}
