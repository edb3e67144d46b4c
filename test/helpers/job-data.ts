// A data set as training jobs have it. Knows no test runner: benchmarks and soaks take it as well.
import { locateDataset } from '#services/layouts/recognise';
import type { TrainJob } from '#shared/training/messages';

type JobData = Pick<TrainJob, 'classes' | 'maskFormat' | 'train' | 'validation' | 'origin'>;

/** A data set as jobs name it. @param most images of each split */
export function jobData(folder: string, most = { train: Infinity, val: Infinity }): JobData {
  const located = locateDataset(folder);
  const { classes, format } = located.classSet;
  const of = (split: 'train' | 'val') =>
    located.images
      .filter((image) => image.split === split)
      .slice(0, most[split])
      .map(({ id, imageFile, maskFile }) => ({ id, imageFile, maskFile }));
  const origin = { by: 'command line' as const, command: null, codeVersion: 'test', folder, weightsOf: null };
  return { classes, maskFormat: format, train: of('train'), validation: of('val'), origin };
}
