import type { RunConfig } from '#shared/training/run-config';

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, into);
  } else into.set(path, JSON.stringify(value));
}

export interface SettingRow {
  path: string;
  values: string[];
}

/** The settings in which runs differ; all settings for a single run. */
export function settingRows(configs: readonly RunConfig[]): SettingRow[] {
  const flat = configs.map((config) => {
    const map = new Map<string, string>();
    flatten(config, '', map);
    return map;
  });
  const paths = [...new Set(flat.flatMap((map) => [...map.keys()]))];
  const rows = paths.map((path) => ({ path, values: flat.map((map) => map.get(path) ?? '–') }));
  return configs.length > 1 ? rows.filter(({ values }) => new Set(values).size > 1) : rows;
}
