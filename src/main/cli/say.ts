import { printable } from '#shared/printable';

/** Says something to a person, on stderr. Names come from files: nothing in them is obeyed by a terminal. */
export const say = (text: string): void => console.error(printable(text, true));

/** Gives a result, on stdout: to a terminal as a person may read it, to a file or a program as it is. */
export const give = (text: string): void => console.log(process.stdout.isTTY ? printable(text, true) : text);
