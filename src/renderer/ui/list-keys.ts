const moving = /^(Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down))$/;

/**
 * For a list that does what is chosen at once: keys open it first, and Enter chooses. Left to itself, a closed list chooses with every
 * arrow and letter on most systems.
 */
export function opensFirst(event: KeyboardEvent & { currentTarget: HTMLSelectElement }): void {
  const { currentTarget: list, key } = event;
  const isLetter = key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (list.matches(':open') || (!isLetter && !moving.test(key))) return;
  event.preventDefault();
  list.showPicker();
}
