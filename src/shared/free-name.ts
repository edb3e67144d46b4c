/** How names are numbered: what comes before a number, and the letters that a name may have, its number included. */
interface Numbering {
  before?: string;
  most?: number;
}

/** The first of `wanted`, `wanted-2`, `wanted-3` and so on that nothing has. */
export function freeName(wanted: string, isTaken: (name: string) => boolean, { before = '-', most = Infinity }: Numbering = {}): string {
  for (let n = 1; ; n++) {
    const number = n === 1 ? '' : `${before}${n}`;
    const name = wanted.slice(0, most - number.length) + number;
    if (!isTaken(name)) return name;
  }
}
