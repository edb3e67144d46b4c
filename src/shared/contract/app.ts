import { z } from 'zod';
import { readLimitsSchema, type ReadLimits } from '../data/read-limits.ts';
import { event, latest, method } from './define.ts';

export interface HostInfo {
  host: 'desktop' | 'browser';
  version: string;
  platform: string;
  /** Whether a native folder dialog can be shown. */
  nativeDialogs: boolean;
  /** The log file; null where it goes to stderr. */
  logFile: string | null;
}

/** What each place remembers, as JSON text a key. */
export type UiState = Record<string, string>;

export const app = {
  methods: {
    host: method(z.undefined()).returns<HostInfo>(),
    chooseFolder: method(z.undefined()).returns<string | null>(),
    /** Answers at once: the window asks whether the workbench is still there. */
    ping: method(z.undefined()).returns<void>(),
    /** An address that opens the workbench in one more browser, once; null in the desktop window. */
    newAddress: method(z.undefined()).returns<string | null>(),
    /** The last lines of the log. */
    log: method(z.undefined()).returns<{ file: string | null; lines: string[] }>(),
    uiState: method(z.undefined()).returns<UiState>(),
    /** How far the reading of data sets goes. */
    readLimits: method(z.undefined()).returns<ReadLimits>(),
    /** Sets it, and reads again what was refused before. */
    setReadLimits: method(readLimitsSchema).returns<void>(),
    setUiState: method(z.strictObject({ key: z.string().min(1).max(100), value: z.string().max(20_000) })).returns<void>(),
  },
  events: {
    /** The workbench is ending, and what it waits for. */
    closing: latest<{ waitsFor: string[] }>(),
    notice: event<{ kind: 'info' | 'error'; text: string }>(),
  },
};
