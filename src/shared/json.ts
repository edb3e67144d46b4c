import { type z } from 'zod';
import { messageOf } from './errors.ts';
import { issueText } from './issue-text.ts';

/** Nothing of ours is nested deeper: what is was made to break whoever walks through it. */
const deepest = 32;
/** Nor has anything of ours more values: each takes many times the memory of its letters. */
const mostValues = 5_000_000;

/** How deep a JSON text is nested, and how many values it has at least. Texts inside it count as what they are. */
function extentOf(text: string): { depth: number; values: number } {
  let depth = 0;
  let most = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfText(text, at);
    else if (code === 0x5b || code === 0x7b) most = Math.max(most, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === 0x2c) values++;
  }
  return { depth: most, values };
}

function endOfText(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  return at;
}

/** What an engine says of a text that is no JSON, in fewer words. */
function whereBroken(said: string): string {
  const [what] = said.split(/, (?:\.\.\.)?"| in JSON| at position| is not valid/);
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(said) ?? [];
  return `${what}${line ? ` at line ${line}, column ${column}` : ''}`;
}

/** Parses JSON that may be nested at most 32 deep, of at most five million values. @throws Error in words that name the rule */
export function boundedJson(text: string): unknown {
  const { depth, values } = extentOf(text);
  if (depth > deepest) throw new Error(`it is nested ${depth} deep, and at most ${deepest} is read`);
  if (values > mostValues) throw new Error(`it has ${values} values, and at most ${mostValues} are read`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`it is not JSON: ${whereBroken(messageOf(error))}`, { cause: error });
  }
}

/** Parses JSON of a known form. @throws Error in words that name the rule and where it is broken */
export function parseJson<T>(text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(boundedJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(issueText(parsed.error.issues[0]));
}
