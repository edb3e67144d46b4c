import { flatSettings } from '#shared/training/flat-settings';
import { differingSettings, type ScoredRun } from './sweep-scores.ts';

/** An axis of parallel coordinates: a setting in which runs differ, or their score. */
export interface ParallelAxis {
  name: string;
  /** What is written along it, and where: 0 at the bottom to 1 at the top. */
  ticks: { text: string; at: number }[];
  /** Each run's place on it; null where it has none. */
  places: (number | null)[];
}

/** From such a ratio of its values on a setting is laid out by its logarithm: rates are tried so. */
const logarithmicFrom = 20;
/** More axes than these cannot be followed. */
const mostAxes = 7;

function numericAxis(name: string, values: readonly (number | null)[], text: (value: number) => string): ParallelAxis {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const scale = low > 0 && high / low >= logarithmicFrom ? Math.log : (value: number) => value;
  const place = (value: number) => (high > low ? (scale(value) - scale(low)) / (scale(high) - scale(low)) : 0.5);
  const ticks = known.length > 0 ? [...new Set([low, high])].map((value) => ({ text: text(value), at: place(value) })) : [];
  return { name, ticks, places: values.map((value) => (value === null ? null : place(value))) };
}

function namedAxis(name: string, values: readonly string[]): ParallelAxis {
  const kinds = [...new Set(values)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const place = (value: string) => (kinds.length > 1 ? kinds.indexOf(value) / (kinds.length - 1) : 0.5);
  return { name, ticks: kinds.map((text) => ({ text, at: place(text) })), places: values.map(place) };
}

/** The settings in which runs differ, and at last their best mIoU, as axes that each run crosses. */
export function parallelAxes(runs: readonly ScoredRun[]): ParallelAxis[] {
  const flat = runs.map(({ config }) => flatSettings(config));
  const axes = differingSettings(runs)
    .slice(0, mostAxes - 1)
    .map((name) => {
      const values = flat.map((settings) => settings.get(name) ?? '–');
      const areNumbers = values.every((value) => value !== '' && Number.isFinite(Number(value)));
      return areNumbers ? numericAxis(name, values.map(Number), String) : namedAxis(name, values);
    });
  return [
    ...axes,
    numericAxis(
      'best mIoU',
      runs.map(({ miou }) => miou),
      (value) => value.toFixed(3),
    ),
  ];
}
