/**
 * A text without what a terminal or a page would obey instead of showing: control characters, and marks that turn the direction of writing.
 * Line breaks stay where they are asked for.
 */
export function printable(text: string, keepLines = false): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (mark) =>
    keepLines && (mark === '\n' || mark === '\t') ? mark : `\\x${mark.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
