import type { EpochMetrics } from './messages.ts';

const shown = (value: number | null): string => value?.toFixed(3) ?? '–';

/** An epoch as the reference prints it, with the mIoU that it lacks. What has nothing to be measured on is a dash. */
export function epochLine({ epoch, loss, trainAccuracy, validationAccuracy, miou, timeSeconds }: EpochMetrics): string {
  return (
    `epoch ${epoch} --- loss ${shown(loss)} --- train acc ${shown(trainAccuracy)} --- test acc ${shown(validationAccuracy)} --- ` +
    `miou ${shown(miou)} --- cost time ${timeSeconds.toFixed(1)}`
  );
}
