import { usualFilter, type LibraryFilter } from './image-filter.ts';
import type { Session } from './session.svelte.ts';

/** How images are shown is remembered for all data sets, and which of them for each. */
const shownKey = 'library';
const keyOf = ({ dataset }: Session): string => `library:${dataset?.id}`;

/** The filter that the open data set was left with. */
export function rememberedFilter(session: Session): LibraryFilter {
  const { sort, size } = { ...usualFilter, ...session.remembered<Partial<LibraryFilter>>(shownKey, {}) };
  return { ...usualFilter, ...session.remembered<Partial<LibraryFilter>>(keyOf(session), {}), sort, size };
}

export function rememberFilter(session: Session, { sort, size, ...picked }: LibraryFilter): void {
  session.remember(shownKey, { sort, size });
  session.remember(keyOf(session), picked);
}
