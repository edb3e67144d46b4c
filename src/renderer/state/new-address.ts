import type { Session } from './session.svelte.ts';

/** An address that opens the workbench in one more browser, once; null in the desktop window. */
export const newAddress = ({ client }: Session): Promise<string | null> => client.app.newAddress();
