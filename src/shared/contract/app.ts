import { z } from 'zod';
import { event, method } from './define.ts';

export interface HostInfo {
  host: 'desktop' | 'browser';
  version: string;
  platform: string;
  /** Whether a native folder dialog can be shown. */
  nativeDialogs: boolean;
}

/** What each place remembers, as JSON text a key. */
export type UiState = Record<string, string>;

export const app = {
  methods: {
    host: method(z.undefined()).returns<HostInfo>(),
    chooseFolder: method(z.undefined()).returns<string | null>(),
    uiState: method(z.undefined()).returns<UiState>(),
    setUiState: method(z.strictObject({ key: z.string().min(1).max(100), value: z.string().max(20_000) })).returns<void>(),
  },
  events: {
    notice: event<{ kind: 'info' | 'error'; text: string }>(),
  },
};
