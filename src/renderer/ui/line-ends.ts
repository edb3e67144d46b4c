import type uPlot from 'uplot';

/** Height of a line of labels, in CSS pixels. */
const lineHeight = 13;
const gap = 6;
const font = '11px system-ui, sans-serif';
/** Labels beyond this are a list, which the legend is. */
const mostLabels = 12;

interface Labelled {
  label: string;
  y: readonly (number | null)[];
  faint?: boolean;
}

/** Whether labels stand at the ends of lines: where there are several, and few enough to be told apart. */
export function hasLineEnds(series: readonly Labelled[]): boolean {
  const shown = series.filter(({ faint }) => !faint).length;
  return shown > 1 && shown <= mostLabels;
}

/**
 * Places moved apart as little as keeps labels from covering each other, in their order.
 * @param wanted where each would stand, from the top @param size of a label @param within the first and the last place there is
 */
export function spread(wanted: readonly number[], size: number, [first, last]: readonly [number, number]): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [...wanted];
  // Down from the top, then up from the bottom: what does not fit below moves those above.
  order.forEach((index, rank) => {
    const above = rank === 0 ? first : placed[order[rank - 1]] + size;
    placed[index] = Math.max(placed[index], above);
  });
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const below = rank === order.length - 1 ? last : placed[order[rank + 1]] - size;
    placed[order[rank]] = Math.min(placed[order[rank]], below);
  }
  return placed;
}

/** Of a chart's width, what labels may take at most: the lines are what it is for. */
const mostOfChart = 0.3;

/** Room that labels have to the right of the plot, in CSS pixels. @param chart width of the whole chart */
export function roomForLabels(series: readonly Labelled[], chart: number): number {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = font;
  const widths = series.filter(({ faint }) => !faint).map(({ label }) => context.measureText(label).width);
  return Math.min(Math.ceil(Math.max(0, ...widths)) + 2 * gap, Math.floor(mostOfChart * chart));
}

/** A label without its middle where it is wider than its room: names of runs differ at either end. */
export function fitted(label: string, room: number, widthOf: (text: string) => number): string {
  if (widthOf(label) <= room) return label;
  const letters = [...label];
  const kept = (count: number) =>
    `${letters.slice(0, Math.ceil(count / 2)).join('')}…${letters.slice(letters.length - Math.floor(count / 2)).join('')}`;
  const counts = letters.map((_, at) => letters.length - 1 - at);
  return kept(counts.find((count) => widthOf(kept(count)) <= room) ?? 0);
}

/** The colour of a line. */
export function strokeOf(plot: uPlot, index: number): string {
  const { stroke } = plot.series[index];
  return (typeof stroke === 'function' ? stroke(plot, index) : stroke) as string;
}

/** Draws the name of each line at its last value, in its colour. */
export function drawLineEnds(plot: uPlot, series: readonly Labelled[]): void {
  const ratio = devicePixelRatio;
  const { left, top, width, height } = plot.bbox;
  const ends = series.flatMap(({ label, faint }, index) => {
    const values = Array.from<number | null | undefined>(plot.data[index + 1]);
    const last = values.findLast((value) => value != null);
    return faint || last == null ? [] : [{ label, color: strokeOf(plot, index + 1), at: plot.valToPos(last, 'y') }];
  });
  const places = spread(
    ends.map(({ at }) => at),
    lineHeight,
    [lineHeight / 2, height / ratio - lineHeight / 2],
  );
  const { ctx } = plot;
  ctx.save();
  ctx.scale(ratio, ratio);
  ctx.font = font;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  const room = plot.width - (left + width) / ratio - gap;
  const widthOf = (text: string) => ctx.measureText(text).width;
  ends.forEach(({ label, color }, i) => {
    ctx.fillStyle = color;
    ctx.fillText(fitted(label, room, widthOf), (left + width) / ratio + gap, top / ratio + places[i]);
  });
  ctx.restore();
}
