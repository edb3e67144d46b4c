import { counted } from '#shared/counted';
import type { ReviewResult } from '#shared/contract/review';
import type { RunDetail } from '#shared/contract/runs';
import { looksDiffer, predictionText, protocolText, scoredText } from '#shared/metrics/protocol';
import { localTime } from '#shared/local-time';
import { fraction, signed } from '#shared/metrics/score-text';
import { difference, isClear, otherMeans, type SplitChange } from '#shared/metrics/split-change';
import { settingRows } from '#shared/training/compare-settings';
import { originFacts } from '#shared/training/origin-facts';
import { escaped } from './escaped.ts';
import { curvesSvg } from './report-curves.ts';

/** An image of a report: photo, label and prediction side by side. */
export interface ReportImage {
  id: string;
  miou: number | null;
  /** JPEG; null where it cannot be shown. */
  picture: Uint8Array | null;
  /** Why it cannot. */
  why: string | null;
}

/** What a report tells. */
export interface Report {
  dataset: string;
  madeAt: string;
  run: RunDetail;
  result: ReviewResult;
  worst: readonly ReportImage[];
  best: readonly ReportImage[];
  /** Another run that it is held against; null for a report of one. */
  against: { run: RunDetail; result: ReviewResult; change: SplitChange | null } | null;
}

const style = `
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2rem; font-size: 1.15rem; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border: 1px solid #0003; }
.matrix td { padding: .15rem .35rem; text-align: right; font-size: .75rem; } .matrix th { font-size: .75rem; }
figure { margin: .8rem 0; break-inside: avoid; } figcaption { color: #57606a; }
img { width: 100%; } svg { max-width: 40rem; font-size: 11px; }
.clear { font-weight: 700; } .quiet { color: #57606a; } tr { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } * { print-color-adjust: exact; } }`;

const between = (interval: readonly [number, number] | null): string =>
  interval ? `${fraction(interval[0])} to ${fraction(interval[1])}` : '–';

function table(head: readonly string[], rows: readonly (readonly string[])[], numbers = true): string {
  const cell = (kind: 'th' | 'td') => (text: string, at: number) =>
    `<${kind}${numbers && at > 0 ? ' class="number"' : ''}>${text}</${kind}>`;
  const lines = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`);
  return `<table><thead><tr>${head.map(cell('th')).join('')}</tr></thead><tbody>${lines.join('\n')}</tbody></table>`;
}

const swatch = ([red, green, blue]: readonly number[]): string =>
  `<span class="swatch" style="background:rgb(${red},${green},${blue})"></span>`;

function perClass({ prediction, perClass: scores }: ReviewResult): string {
  const head = ['Class', 'IoU', '95 % interval', 'precision', 'recall', 'boundary F'];
  const rows = prediction.classes.map(({ id, name, color }) => {
    const { iou, interval, precision, recall, shapes } = scores[id];
    return [
      `${swatch(color)}${escaped(name)}`,
      fraction(iou),
      between(interval),
      fraction(precision),
      fraction(recall),
      fraction(shapes?.boundaryF),
    ];
  });
  return table(head, rows);
}

/** Shares of each label, in per cent. */
function matrix({ prediction: { classes }, confusion }: ReviewResult): string {
  const head = `<tr><th></th>${classes.map(({ name }) => `<th>${escaped(name.slice(0, 5))}</th>`).join('')}</tr>`;
  const rows = confusion.map((row, label) => {
    const sum = row.reduce((total, count) => total + count, 0);
    const cells = row.map((count, predicted) => {
      const part = sum > 0 ? count / sum : 0;
      const colour = label === predicted ? `rgba(31,111,235,${part.toFixed(2)})` : `rgba(207,34,46,${Math.min(1, 2 * part).toFixed(2)})`;
      return `<td style="background:${colour}">${part >= 0.005 ? Math.round(100 * part) : ''}</td>`;
    });
    return `<tr><th>${escaped(classes[label].name)}</th>${cells.join('')}</tr>`;
  });
  return `<table class="matrix"><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table>`;
}

/** What of a prediction is not as it would be now: its numbers are of what it was. */
function standing({ renewal }: ReviewResult, { summary }: RunDetail): string {
  const { changed: others, missing, newWeights, otherClasses } = renewal;
  const parts = [
    others.length > 0 ? `the labels or photos of ${counted(others.length, 'image')} have changed since` : '',
    missing.length > 0 ? `${counted(missing.length, 'image')} of the split not predicted` : '',
    newWeights ? 'the run has other weights by now' : '',
    otherClasses === null ? '' : escaped(otherClasses),
  ].filter(Boolean);
  return parts.length > 0 ? `<p class="clear">Prediction of ${escaped(summary.name)}: ${parts.join('; ')}.</p>` : '';
}

/** Warns where the two are not of one protocol. */
function lookedOtherwise({ prediction: now }: ReviewResult, { prediction: before }: ReviewResult): string {
  if (!looksDiffer(now.protocol, before.protocol)) return '';
  const [was, is] = [before, now].map(({ protocol }) => escaped(protocolText(protocol)));
  return `<p class="clear">They looked at the images in other ways, before by ${was}, now by ${is}: a part of the change is that.</p>`;
}

/** Warns where the two means are not over as many classes. */
function overOthers(change: SplitChange): string {
  const told = otherMeans(change);
  return told === null ? '' : `<p class="clear">${told}</p>`;
}

function changed({ result, against }: Report): string {
  if (!against) return '';
  const { change, run } = against;
  const title = `<h2>Against ${escaped(run.summary.name)}</h2>`;
  if (!change) return `${title}<p>It knows other classes: nothing of them can be compared.</p>`;
  const rows = change.perClass.map((each, id) => {
    const { before, after, interval } = each;
    const { name, color } = result.prediction.classes[id];
    const gain = signed(difference(before, after));
    const told = isClear(each) ? `<span class="clear">${gain}</span>` : gain;
    return [`${swatch(color)}${escaped(name)}`, fraction(before), fraction(after), told, between(interval)];
  });
  const { miou } = change;
  return `${title}<p>mIoU ${fraction(miou.before)} → ${fraction(miou.after)},
<strong>${signed(difference(miou.before, miou.after))}</strong>
(${between(miou.interval)} in 95 of 100 cases).
Of ${counted(change.images, 'image')} ${change.better} are better, ${change.worse} worse.</p>
${overOthers(change)}${lookedOtherwise(result, against.result)}
${table(['IoU of', 'before', 'now', 'change', '95 % interval of the change'], rows)}
<p class="quiet">What is bold is more than other frames of these recordings might undo.</p>`;
}

function curves(runs: readonly RunDetail[]): string {
  const many = runs.length > 1;
  const of = (what: string, value: (epoch: RunDetail['epochs'][number]) => number | null) =>
    runs.map(({ epochs }, n) => ({ name: many ? `${what} ${n === 0 ? 'before' : 'now'}` : what, values: epochs.map(value) }));
  return [
    curvesSvg(
      'mIoU of the validation images',
      of('mIoU', ({ miou }) => miou),
    ),
    // Validation has no other terms: the two are not to be held against each other.
    curvesSvg('Loss', [
      ...of('training, all terms', ({ loss }) => loss),
      ...of('validation, cross-entropy', ({ validationLoss }) => validationLoss),
    ]),
  ].join('\n');
}

function settings(runs: readonly RunDetail[]): string {
  const rows = settingRows(runs.map(({ config }) => config)).map(({ name, values }) => [name, ...values].map(escaped));
  if (rows.length === 0) return '<p>Their settings are the same.</p>';
  return table(['Setting', ...runs.map(({ summary }) => escaped(summary.name))], rows, false);
}

function origins(runs: readonly RunDetail[]): string {
  const facts = runs.map(originFacts);
  const rows = facts[0].map(([name], at) => [name, ...facts.map((of) => of[at][1])].map(escaped));
  return table(['', ...runs.map(({ summary }) => escaped(summary.name))], rows, false);
}

function pictures(title: string, images: readonly ReportImage[]): string {
  if (images.length === 0) return '';
  const figures = images.map(({ id, miou, picture, why }) => {
    if (!picture) return `<p>${escaped(id)}, mIoU ${fraction(miou)}, cannot be shown: ${escaped(why ?? '')}.</p>`;
    const source = `data:image/jpeg;base64,${Buffer.from(picture).toString('base64')}`;
    const told = `<figcaption>${escaped(id)}, mIoU ${fraction(miou)}: photo, label, prediction</figcaption>`;
    return `<figure><img src="${source}" alt="Photo, label and prediction of ${escaped(id)}">${told}</figure>`;
  });
  return `<h2>${title}</h2>${figures.join('\n')}`;
}

/** A page that needs nothing besides itself: to be kept, sent and printed. */
export function reportHtml(report: Report): string {
  const { run, result, against, dataset, madeAt } = report;
  const runs = against ? [against.run, run] : [run];
  const { prediction, miou, interval, pixelAccuracy } = result;
  const title = against ? `${run.summary.name} against ${against.run.summary.name}` : run.summary.name;
  const parts = [
    `<h1>${escaped(title)}</h1>`,
    `<p>EncNet on ${escaped(dataset)}, ${scoredText(result.images)} of ${escaped(predictionText(prediction))}.
Made on ${escaped(localTime(madeAt).slice(0, 10))}.</p>`,
    `<p>mIoU <strong>${fraction(miou)}</strong> (${between(interval)} over other images of the same kind),
pixel accuracy <strong>${fraction(pixelAccuracy)}</strong>.</p>`,
    standing(result, run),
    against ? standing(against.result, against.run) : '',
    changed(report),
    `<h2>Classes</h2>${perClass(result)}`,
    `<h2>Confusion</h2><p class="quiet">Rows are labels, columns predictions, in per cent of the label.</p>${matrix(result)}`,
    `<h2>Curves</h2>${curves(runs)}`,
    pictures('The worst images', report.worst),
    pictures('The best images', report.best),
    `<h2>${against ? 'Settings that differ' : 'Settings'}</h2>${settings(runs)}`,
    `<h2>Origin</h2>${origins(runs)}`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>${style}</style></head><body>
${parts.filter(Boolean).join('\n')}
</body></html>
`;
}
