import { printable } from '#shared/printable';

/** Says something to a person, on stderr. Names come from files: nothing in them is obeyed by a terminal. */
export const say = (text: string): void => console.error(printable(text, true));

/** Gives a result, on stdout. */
export const give = (text: string): void => console.log(printable(text, true));
