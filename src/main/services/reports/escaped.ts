const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A text as it stands in a page: names come from folders and files of others. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter]);
