import { fraction } from '#shared/metrics/score-text';
import { memoryText } from '#shared/training/memory-text';

export { fraction, signed } from '#shared/metrics/score-text';

/** In which a score would lie over other frames of the same recordings: images are drawn one by one. */
export const intervalText = ([low, high]: readonly [number, number]): string =>
  `From ${fraction(low)} to ${fraction(high)} in 95 of 100 cases, were other frames of these recordings scored; ` +
  'other places may differ far more';

export const percent = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? '–' : `${(100 * value).toFixed(digits)} %`;

/** Seconds in words: 45 s, 18 min, 2 h 5 min. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const megabytes = (mb: number | null): string => (mb === null ? '–' : memoryText(mb));

/** Bytes in words: 512 kB, 113 MB, 2.4 GB. */
export const bytes = (count: number): string =>
  count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`;

/** Local date and time of an ISO text, with its year where that is not this one. */
export function dateTime(iso: string): string {
  const at = new Date(iso);
  const year = at.getFullYear() === new Date().getFullYear() ? {} : ({ year: 'numeric' } as const);
  return at.toLocaleString('en-GB', { day: 'numeric', month: 'short', ...year, hour: '2-digit', minute: '2-digit' });
}

export const timeOfDay = (iso: string): string => new Date(iso).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

export const cssColor = ([red, green, blue]: readonly [number, number, number]): string => `rgb(${red} ${green} ${blue})`;
