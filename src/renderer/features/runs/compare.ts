import { flatSettings } from '#shared/training/flat-settings';
import type { RunConfig } from '#shared/training/run-config';

export interface SettingRow {
  path: string;
  values: string[];
}

/** The settings in which runs differ; all settings for a single run. */
export function settingRows(configs: readonly RunConfig[]): SettingRow[] {
  const flat = configs.map(flatSettings);
  const paths = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  const rows = paths.map((path) => ({ path, values: flat.map((map) => map.get(path) ?? '–') }));
  return configs.length > 1 ? rows.filter(({ values }) => new Set(values).size > 1) : rows;
}
