import type { RunSummary } from '#shared/contract/runs';
import { dateTime, duration, fraction, signed } from '../../ui/format.ts';
import { measuredOtherwise } from './against.ts';
import { deviceWords, type RunOrder } from './filter.ts';

/** A column of the table of runs. */
export interface RunColumn {
  by: RunOrder;
  words: string;
  /** Whether it is there until a person chooses. */
  usual: boolean;
  /** Whether it makes room in a narrow window. */
  optional?: true;
  text: (run: RunSummary) => string;
  /** What is to be known of a cell, where there is something. */
  note?: (run: RunSummary) => string | null;
}

/** What a table of runs can show besides their names. @param baseline the run that others are held against */
export function runColumns(baseline: RunSummary | null): RunColumn[] {
  const gain = ({ bestMiou }: RunSummary) => (bestMiou === null || baseline?.bestMiou == null ? null : bestMiou - baseline.bestMiou);
  const otherwise = (run: RunSummary) => (baseline && gain(run) !== null ? measuredOtherwise(baseline, run) : null);
  return [
    {
      by: 'status',
      words: 'Status',
      usual: true,
      text: ({ broken, status }) => (broken ? 'damaged' : status),
      note: (run) => run.broken ?? run.reason,
    },
    { by: 'miou', words: 'Best mIoU', usual: true, text: ({ bestMiou }) => fraction(bestMiou) },
    ...(baseline
      ? [
          {
            by: 'gain',
            words: 'To baseline',
            usual: true,
            text: (run: RunSummary) => (run === baseline ? 'baseline' : `${signed(gain(run))}${otherwise(run) ? ' *' : ''}`),
            note: otherwise,
          } as const,
        ]
      : []),
    { by: 'lastMiou', words: 'Last mIoU', usual: false, text: ({ lastMiou }) => fraction(lastMiou) },
    { by: 'bestEpoch', words: 'Best epoch', usual: false, text: ({ bestEpoch }) => (bestEpoch === null ? '–' : String(bestEpoch)) },
    { by: 'epochs', words: 'Epochs', usual: true, text: ({ epochsDone, epochs }) => `${epochsDone}/${epochs}` },
    { by: 'loss', words: 'Last loss', usual: false, text: ({ lastLoss }) => fraction(lastLoss) },
    { by: 'preset', words: 'Preset', usual: false, text: ({ preset }) => preset },
    { by: 'sweep', words: 'Sweep', usual: false, text: ({ sweep }) => sweep ?? '–' },
    { by: 'device', words: 'Device', usual: false, text: (run) => deviceWords(run) ?? '–' },
    { by: 'duration', words: 'Training time', usual: true, optional: true, text: ({ durationSeconds }) => duration(durationSeconds) },
    { by: 'date', words: 'Date', usual: true, optional: true, text: ({ createdAt }) => dateTime(createdAt) },
  ];
}
