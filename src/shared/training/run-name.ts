import { localTime } from '../local-time.ts';
import type { RunConfig } from './run-config.ts';

/** What a run is called that nobody has named: its preset, and when it was asked for. */
export const datedName = ({ preset }: Pick<RunConfig, 'preset'>, at = new Date()): string => `${preset} ${localTime(at).slice(0, 16)}`;
