import { differingRows } from '#shared/training/compare-settings';
import { flatSettings } from '#shared/training/flat-settings';
import type { RunConfig } from '#shared/training/run-config';

/** A run as far as its score by its settings is told. */
export interface ScoredRun {
  name: string;
  config: RunConfig;
  miou: number | null;
}

/** The runs that have one value of a setting, and how well they did. */
export interface SettingScore {
  value: string;
  runs: { name: string; miou: number }[];
  mean: number | null;
  /** Of a sample (over n - 1); null of fewer than two runs. */
  deviation: number | null;
}

/** What is no choice, but chance: runs that differ in it alone are told by their mean. */
export const isChance = (path: string | null): boolean => path === 'seed' || path === 'fold.index';

/** The settings in which runs differ; those last that nobody chooses for their score. */
export function differingSettings(runs: readonly Pick<ScoredRun, 'config'>[]): string[] {
  const differing = differingRows(runs.map(({ config }) => config)).map(({ name }) => name);
  return [...differing.filter((path) => !isChance(path)), ...differing.filter(isChance)];
}

function meanAndDeviation(values: readonly number[]): { mean: number | null; deviation: number | null } {
  if (values.length === 0) return { mean: null, deviation: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null };
}

/** The scores of runs by the values of a setting, in the values' own order. @param path null takes all runs together */
export function scoresBySetting(runs: readonly ScoredRun[], path: string | null): SettingScore[] {
  const groups = new Map<string, ScoredRun[]>();
  for (const run of runs) {
    const value = path === null ? 'all' : (flatSettings(run.config).get(path) ?? '–');
    groups.set(value, [...(groups.get(value) ?? []), run]);
  }
  const areNumbers = [...groups.keys()].every((value) => Number.isFinite(Number(value)));
  const sorted = [...groups].sort(([a], [b]) => (areNumbers ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true })));
  return sorted.map(([value, of]) => {
    const scored = of.flatMap(({ name, miou }) => (miou === null ? [] : [{ name, miou }]));
    return { value, runs: scored, ...meanAndDeviation(scored.map(({ miou }) => miou)) };
  });
}
