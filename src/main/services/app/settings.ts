import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '#files/atomic-write';

const settingsSchema = z.object({
  recentDatasets: z.array(z.string()).default([]),
  uiState: z.record(z.string(), z.string()).default({}),
});

const recentLimit = 8;

/** What the workbench remembers about its user, in `<userData>/settings.json`. */
export class Settings {
  private readonly file: string;
  private readonly values: z.infer<typeof settingsSchema>;

  constructor(userData: string) {
    this.file = path.join(userData, 'settings.json');
    this.values = this.read();
  }

  private read(): z.infer<typeof settingsSchema> {
    if (!existsSync(this.file)) return settingsSchema.parse({});
    try {
      return settingsSchema.parse(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch {
      // Preferences are not worth stopping for, but the broken file is kept for its owner to look at.
      renameSync(this.file, `${this.file}.broken`);
      return settingsSchema.parse({});
    }
  }

  private save(): void {
    writeAtomic(this.file, JSON.stringify(this.values, null, 2));
  }

  recentDatasets(): string[] {
    return this.values.recentDatasets;
  }

  rememberDataset(folder: string): void {
    this.values.recentDatasets = [folder, ...this.values.recentDatasets.filter((known) => known !== folder)].slice(0, recentLimit);
    this.save();
  }

  uiState(): Record<string, string> {
    return this.values.uiState;
  }

  setUiState(key: string, value: string): void {
    this.values.uiState[key] = value;
    this.save();
  }
}
