import { flatSettings } from '#shared/training/flat-settings';
import type { RunConfig } from '#shared/training/run-config';

/** A setting, or a fact of where runs come from, with its value in each of them. */
export interface CompareRow {
  name: string;
  values: string[];
}

/** The settings in which runs differ; all settings for a single run. */
export function settingRows(configs: readonly RunConfig[]): CompareRow[] {
  const flat = configs.map(flatSettings);
  const paths = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  const rows = paths.map((path) => ({ name: path, values: flat.map((map) => map.get(path) ?? '–') }));
  return configs.length > 1 ? rows.filter(({ values }) => new Set(values).size > 1) : rows;
}
