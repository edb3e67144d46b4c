import type { ClassInfo } from '../classes/class-info.ts';
import type { ImageEntry } from '../contract/datasets.ts';

/** What a split gives a run. */
export interface SplitReport {
  /** Images that are used: labelled, without problems. */
  used: number;
  /** Those with a mask that has problems, and those without one. */
  leftOut: number;
  unlabelled: number;
  /** Pixels of the masks that are used. */
  pixels: number;
  /** Of these, what is labelled as nothing. */
  voidPixels: number;
  /** By class id: pixels, and images that have some. */
  classes: { pixels: number; images: number }[];
}

type Image = Pick<ImageEntry, 'split' | 'hasMask' | 'problems' | 'classPixels'>;

/** What the images of a split are to a run, as far as they have been read. */
export function splitReport(images: Iterable<Image>, split: string, classes: number): SplitReport {
  const report: SplitReport = {
    used: 0,
    leftOut: 0,
    unlabelled: 0,
    pixels: 0,
    voidPixels: 0,
    classes: Array.from({ length: classes }, () => ({ pixels: 0, images: 0 })),
  };
  for (const image of images) if (image.split === split) addImage(report, image);
  return report;
}

function addImage(report: SplitReport, { hasMask, problems, classPixels }: Image): void {
  if (!hasMask) report.unlabelled++;
  else if (problems.length > 0) report.leftOut++;
  else {
    report.used++;
    classPixels?.forEach((count, id) => {
      report.pixels += count;
      const own = report.classes[id];
      // After the classes comes what is not labelled.
      if (!own) report.voidPixels += count;
      else if (count > 0) {
        own.pixels += count;
        own.images++;
      }
    });
  }
}

/** The names of some, as a sentence counts them: at most four, then how many more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

/** What a person should know of the data before a run is started: classes that a split lacks, masks without a labelled pixel. */
export function dataWarnings(train: SplitReport, validation: SplitReport, classes: readonly ClassInfo[]): string[] {
  const warnings: string[] = [];
  const absent = ({ classes: counts, pixels }: SplitReport) =>
    pixels === 0 ? [] : classes.filter(({ id }) => counts[id].pixels === 0).map(({ name }) => name);
  const isVoid = ({ used, pixels, voidPixels }: SplitReport) => used > 0 && pixels > 0 && pixels === voidPixels;
  if (isVoid(train)) warnings.push('No pixel of the training masks is labelled: there is nothing to learn from.');
  if (isVoid(validation)) warnings.push('No pixel of the validation masks is labelled: there will be no scores, and no best epoch.');
  const unlearnt = isVoid(train) ? [] : absent(train);
  if (unlearnt.length > 0) warnings.push(`In no training image, so never predicted well: ${listed(unlearnt)}.`);
  const unscored = isVoid(validation) ? [] : absent(validation).filter((name) => !unlearnt.includes(name));
  if (unscored.length > 0) warnings.push(`In no validation image, so not scored: ${listed(unscored)}.`);
  return warnings;
}

/** What is left of the images where steps are whole; null where nothing is. @param perStep images that a step takes */
export function remainderText({ used }: SplitReport, perStep: number): string | null {
  const rest = used > perStep ? used % perStep : 0;
  return rest > 0 ? `A step takes ${perStep} images: each epoch leaves out ${rest} of the ${used}, others each time.` : null;
}
