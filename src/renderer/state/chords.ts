// Keys as people name them: "Ctrl+Z", "[", "Shift+Enter", "Space". By letter, and by place where a layout gives no Latin letter.

type KeyFacts = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'getModifierState'>;

const symbolAt: Readonly<Record<string, string>> = {
  Minus: '-',
  Equal: '=',
  BracketLeft: '[',
  BracketRight: ']',
  Semicolon: ';',
  Quote: "'",
  Backquote: '`',
  Backslash: '\\',
  Comma: ',',
  Period: '.',
  Slash: '/',
};

/** What stands at a place of a US keyboard; null for a key without a character of its own. */
function characterAt(code: string): string | null {
  const plain = /^(?:Key|Digit)(.)$/.exec(code)?.[1];
  return plain ?? symbolAt[code] ?? null;
}

/** Keys that change what others mean. */
export const modifierKeys: readonly string[] = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock', 'Fn'];

/** Keys by which whoever has no pointer goes about in the window: no command takes them. */
const ways = /^(Shift\+)?(Tab|Enter|Space)$|^Ctrl\+(K|Tab|[1-5])$|^F8$/;
export const isWay = (chord: string): boolean => ways.test(chord);

/**
 * The chords that a press may mean, the likeliest first: the character that it gives, then the place of the key. A layout that gives a
 * Latin letter is taken at its word; with AltGr, Ctrl and Alt are part of the character.
 */
export function chordsOf(event: KeyFacts): string[] {
  const { key, code, shiftKey } = event;
  const isGraph = event.getModifierState('AltGraph');
  const held = [...((event.ctrlKey || event.metaKey) && !isGraph ? ['Ctrl'] : []), ...(event.altKey && !isGraph ? ['Alt'] : [])];
  const chord = (name: string, shift: boolean) => [...held, ...(shift ? ['Shift'] : []), name].join('+');
  if (modifierKeys.includes(key)) return [];
  if (/^[a-z]$/i.test(key)) return [chord(key.toUpperCase(), shiftKey)];
  const named = key === ' ' ? 'Space' : key;
  if (named.length > 1 && named !== 'Dead' && named !== 'Unidentified') return [chord(named, shiftKey)];
  const place = characterAt(code);
  // What gives a character has had its Shift.
  return [...(key.length === 1 ? [chord(key, false)] : []), ...(place ? [chord(place, shiftKey)] : [])];
}
