import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};

const isLength = (origin: string): boolean => origin === 'string' || origin === 'array';

function bound(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): string {
  const [word, limit] = issue.code === 'too_big' ? ['at most', issue.maximum] : ['at least', issue.minimum];
  const strictly = issue.inclusive === false ? (issue.code === 'too_big' ? 'less than' : 'more than') : word;
  if (!isLength(issue.origin)) return `must be ${strictly} ${limit}`;
  return `must have ${word} ${limit} ${issue.origin === 'string' ? 'letters' : 'entries'}`;
}

/** In our words; null for a rule whose schema has words of its own. */
function rule(issue: Issue): string | null {
  if (issue.code === 'too_big' || issue.code === 'too_small') return bound(issue);
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing';
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  if (issue.code === 'unrecognized_keys') return `has ${issue.keys.map((key) => `"${key}"`).join(', ')}, which nothing reads`;
  return null;
}

/** What breaks a rule of a schema, in words: `optimizer.learningRate must be at most 10`. @param whole names what has no path */
export function issueText(issue: Issue, whole = 'it'): string {
  const what = issue.path.join('.') || whole;
  const said = rule(issue);
  return said === null ? `${what}: ${issue.message}` : `${what} ${said}`;
}
