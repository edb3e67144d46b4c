const steps = {
  across: { ArrowRight: 1, ArrowLeft: -1 },
  down: { ArrowDown: 1, ArrowUp: -1 },
  both: { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 },
} as const;

/**
 * Goes on within a group of tabs, radio buttons or menu items by arrows, Home and End, as whoever uses keys expects of one.
 * @param selector what its items are
 * @param along the arrows that are the group's: the others stay what they are around it
 * @returns the item that has the focus now; null where the key is none of these
 */
export function rove(
  event: KeyboardEvent & { currentTarget: HTMLElement },
  selector: string,
  along: keyof typeof steps = 'both',
): HTMLElement | null {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)].filter((item) => !item.matches(':disabled'));
  const at = items.findIndex((item) => item === document.activeElement);
  const by = (steps[along] as Readonly<Record<string, number>>)[event.key];
  // From the group itself to its first, or its last.
  const next = at < 0 ? (by > 0 ? 0 : items.length - 1) : (at + by + items.length) % items.length;
  const to = { Home: 0, End: items.length - 1 }[event.key] ?? (by === undefined ? -1 : next);
  if (to < 0 || items.length === 0 || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault();
  // Places have arrows of their own.
  event.stopPropagation();
  items[to].focus();
  return items[to];
}

const towards: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const pressable = 'button:not(:disabled), input:not(:disabled)';

/**
 * Goes on among what can be pressed in the cells of a table, in the direction of an arrow: past cells that have nothing, and where none
 * is left in that row or column to the next before or after it.
 * @param event of the body of the table
 */
export function roveCells(event: KeyboardEvent & { currentTarget: HTMLTableSectionElement }): void {
  const by = towards[event.key];
  const { currentTarget: body, target } = event;
  const cell = target instanceof Element ? target.closest('td') : null;
  if (!by || !cell || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  // Places have arrows of their own.
  event.preventDefault();
  event.stopPropagation();
  const all = [...body.querySelectorAll<HTMLElement>(pressable)];
  const beside = all[all.indexOf(target as HTMLElement) + by[0] + by[1]];
  (straight(body, cell, by) ?? beside)?.focus();
}

/** What can be pressed in the next cell of a row or a column that has something. */
function straight(body: HTMLTableSectionElement, cell: HTMLTableCellElement, [down, right]: readonly [number, number]): HTMLElement | null {
  const rows = [...body.rows];
  let [row, column] = [rows.indexOf(cell.parentElement as HTMLTableRowElement) + down, cell.cellIndex + right];
  for (; rows[row]?.cells[column]; [row, column] = [row + down, column + right]) {
    const found = rows[row].cells[column].querySelector<HTMLElement>(pressable);
    if (found) return found;
  }
  return null;
}
