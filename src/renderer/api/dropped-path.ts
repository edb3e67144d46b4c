import { bridge } from './bridge.ts';

/** The path of a file or folder that was dropped; null in a browser, which tells none. */
export const droppedPath = (file: File): string | null => bridge()?.pathOf(file) ?? null;
