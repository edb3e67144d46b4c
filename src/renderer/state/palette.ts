/** Something the palette can do. */
export interface Command {
  /** Unique: labels may repeat. */
  key: string;
  label: string;
  hint: string;
  run: () => void;
}

/** What is found at a glance. */
export const shown = 10;

/** The commands that hold every word typed, those that begin with the text first. */
export function matches(commands: readonly Command[], text: string): Command[] {
  const typed = text.trim().toLowerCase();
  const words = typed.split(/\s+/);
  const fits = commands.filter(({ label, hint }) => words.every((word) => `${label} ${hint}`.toLowerCase().includes(word)));
  const begins = ({ label }: Command) => (typed !== '' && label.toLowerCase().startsWith(typed) ? 0 : 1);
  return [...fits].sort((a, b) => begins(a) - begins(b));
}
