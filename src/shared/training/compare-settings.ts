import { flatSettings } from './flat-settings.ts';
import type { RunConfig } from './run-config.ts';

/** A setting, or a fact of where runs come from, with its value in each of them. */
export interface CompareRow {
  name: string;
  values: string[];
}

/** Every setting of runs, with its value in each. */
const allRows = (configs: readonly RunConfig[]): CompareRow[] => {
  const flat = configs.map(flatSettings);
  const names = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  return names.map((name) => ({ name, values: flat.map((map) => map.get(name) ?? '–') }));
};

/** The settings in which runs differ; none of a single run. */
export const differingRows = (configs: readonly RunConfig[]): CompareRow[] =>
  allRows(configs).filter(({ values }) => new Set(values).size > 1);

/** The settings in which runs differ; all settings for a single run. */
export const settingRows = (configs: readonly RunConfig[]): CompareRow[] =>
  configs.length > 1 ? differingRows(configs) : allRows(configs);
