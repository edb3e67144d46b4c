import type { Session } from './session.svelte.ts';

export type Theme = 'dark' | 'light';

/** The page has one theme, whichever control sets it. */
let shown = $state<Theme>('dark');

export const currentTheme = (): Theme => shown;

function show(theme: Theme): void {
  shown = theme;
  document.documentElement.dataset.theme = theme;
}

/** Sets the theme and remembers it. */
export function setTheme(session: Session, theme: Theme): void {
  show(theme);
  session.remember('theme', theme);
}

/** Puts the remembered theme back. */
export function restoreTheme(session: Session): void {
  show(session.remembered<Theme>('theme', 'dark') === 'light' ? 'light' : 'dark');
}
