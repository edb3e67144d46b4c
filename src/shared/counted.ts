/** A number with what it counts, such as `1 image` and `2,000 images`. @param verbs of one and of several, where the sentence goes on */
export function counted(count: number, what: string, verbs?: readonly [one: string, several: string]): string {
  const [ending, verb] = count === 1 ? ['', verbs?.[0]] : ['s', verbs?.[1]];
  return `${count.toLocaleString('en')} ${what}${ending}${verb === undefined ? '' : ` ${verb}`}`;
}
