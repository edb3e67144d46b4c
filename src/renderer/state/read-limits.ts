import type { ReadLimits } from '#shared/data/read-limits';
import type { Session } from './session.svelte.ts';

/** How far the reading of data sets goes. */
export const readLimits = ({ client }: Session): Promise<ReadLimits> => client.app.readLimits();

/** Sets it; what was refused before is read again. @returns whether it was taken; why not is told */
export const setReadLimits = (session: Session, limits: ReadLimits): Promise<boolean> =>
  session.attempt(() => session.client.app.setReadLimits(limits));
