import type { Session } from './session.svelte.ts';

export type Theme = 'dark' | 'light';

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'light' ? 'light' : 'dark';
}

/** Sets the theme and remembers it. */
export function setTheme(session: Session, theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  session.remember('theme', theme);
}

/** Puts the remembered theme back. */
export function restoreTheme(session: Session): void {
  document.documentElement.dataset.theme = session.remembered<Theme>('theme', 'dark') === 'light' ? 'light' : 'dark';
}
