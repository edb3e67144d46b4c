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

/** Images are many, and are called as their splits are: what one can do or go to comes before them. */
const isImage = ({ hint }: Command): boolean => hint === 'image';

/** The commands that hold every word typed: images last, and of either those of which a word begins with the text first. */
export function matches(commands: readonly Command[], text: string): Command[] {
  const typed = text.trim().toLowerCase();
  const words = typed.split(/\s+/);
  const fits = commands.filter(({ label, hint }) => words.every((word) => `${label} ${hint}`.toLowerCase().includes(word)));
  const begins = ({ label }: Command) => {
    const text = label.toLowerCase();
    return typed !== '' && (text.startsWith(typed) || text.includes(` ${typed}`)) ? 0 : 1;
  };
  return fits.toSorted((a, b) => Number(isImage(a)) - Number(isImage(b)) || begins(a) - begins(b));
}
