import { renameSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '#files/atomic-write';
import { isThere } from '#files/file-identity';
import { readJsonFile } from '#files/json-file';
import { AppError } from '#shared/errors';
import { readLimitsSchema, standardLimits, type ReadLimits } from '#shared/data/read-limits';
import type { Logger } from '../log.ts';

const preferencesSchema = z.object({
  recentDatasets: z.array(z.string()).default([]),
  uiState: z.record(z.string(), z.string()).default({}),
  readLimits: readLimitsSchema.default(standardLimits),
  hostPort: z.int().min(1).max(65_535).nullable().default(null),
});

type PreferenceValues = z.infer<typeof preferencesSchema>;

const recentLimit = 8;
const mostUiState = 2_000_000;

/** What the workbench remembers about its user, in `<userData>/settings.json`. */
export class Preferences {
  private readonly log: Logger;
  private readonly file: string;
  private values: PreferenceValues;
  /** Those that are in force here, whatever another workbench has set since. */
  private limits: ReadLimits;
  /** Whether the file lacks what was changed last. */
  private unwritten = false;

  constructor(userData: string, log: Logger) {
    this.log = log;
    this.file = path.join(userData, 'settings.json');
    this.values = this.read(preferencesSchema.parse({}));
    this.limits = this.values.readLimits;
  }

  /** @param otherwise what they are where the file has none that can be read */
  private read(otherwise: PreferenceValues): PreferenceValues {
    try {
      if (isThere(this.file)) return readJsonFile(this.file, preferencesSchema, 'preferences', { follow: true });
    } catch (error) {
      this.log.warn({ err: error }, 'preferences cannot be read, and are set aside');
      this.setAside();
    }
    return otherwise;
  }

  /** Preferences are not worth stopping for, but a broken file is kept for its owner to look at. */
  private setAside(): void {
    try {
      renameSync(this.file, `${this.file}.broken`);
    } catch (error) {
      this.log.warn({ err: error }, 'broken preferences cannot be set aside');
    }
  }

  /**
   * Changes what another workbench of this user may have changed meanwhile: what that has written stays.
   * Preferences that cannot be written last as long as the workbench runs: no reason to stop anything.
   */
  private change(apply: (values: PreferenceValues) => void): void {
    if (!this.unwritten) this.values = this.read(this.values);
    apply(this.values);
    try {
      writeAtomic(this.file, JSON.stringify(this.values, null, 2));
      this.unwritten = false;
    } catch (error) {
      this.unwritten = true;
      this.log.warn({ err: error }, 'preferences cannot be written');
    }
  }

  recentDatasets(): string[] {
    return this.values.recentDatasets;
  }

  rememberDataset(folder: string): void {
    this.change((values) => {
      values.recentDatasets = [folder, ...values.recentDatasets.filter((known) => known !== folder)].slice(0, recentLimit);
    });
  }

  uiState(): Record<string, string> {
    return this.values.uiState;
  }

  /** How far the reading of data sets goes. */
  readLimits(): ReadLimits {
    return this.limits;
  }

  setReadLimits(limits: ReadLimits): void {
    this.limits = limits;
    this.change((values) => (values.readLimits = limits));
  }

  /** The port of 127.0.0.1 that the browser host had last. */
  hostPort(): number | null {
    return this.values.hostPort;
  }

  rememberHostPort(port: number): void {
    if (this.values.hostPort === port) return;
    this.change((values) => (values.hostPort = port));
  }

  /** @throws AppError 'too-large' if more is to be remembered than the next start would read */
  setUiState(key: string, value: string): void {
    const others = Object.entries(this.values.uiState).filter(([known]) => known !== key);
    const size = others.reduce((sum, [known, text]) => sum + known.length + text.length, key.length + value.length);
    if (size > mostUiState) throw new AppError('too-large', `Of the window's state at most ${mostUiState} letters are remembered`);
    this.change((values) => (values.uiState[key] = value));
  }
}
