import { escaped } from './escaped.ts';

/** A curve over epochs. */
export interface Curve {
  name: string;
  /** One value an epoch; null where nothing was measured. */
  values: readonly (number | null)[];
}

const size = { width: 460, height: 200 };
const margin = { left: 44, right: 130, top: 10, bottom: 26 };
const colours = ['#1f6feb', '#b35900', '#1a7f37', '#8250df'];

/** Curves as a drawing of their own, each named at its end. */
export function curvesSvg(title: string, curves: readonly Curve[]): string {
  const known = curves.flatMap(({ values }) => values.filter((value) => value !== null && Number.isFinite(value)) as number[]);
  if (known.length === 0) return '';
  const epochs = Math.max(...curves.map(({ values }) => values.length));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = high - low || 1;
  const x = (epoch: number) => margin.left + ((size.width - margin.left - margin.right) * epoch) / Math.max(1, epochs - 1);
  const y = (value: number) => margin.top + (size.height - margin.top - margin.bottom) * (1 - (value - low) / span);
  const marks = [low, low + span / 2, high].map(
    (value) =>
      `<line x1="${margin.left}" x2="${size.width - margin.right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 6}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(value < 10 ? 3 : 1)}</text>`,
  );
  const lines = curves.map((curve, n) => lineOf(curve, { x, y, colour: colours[n % colours.length] }));
  return `<figure><figcaption>${escaped(title)}</figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(title)}">${marks.join('')}${lines.join('')}
<text x="${margin.left}" y="${size.height - 6}">epoch 1</text>
<text x="${size.width - margin.right}" y="${size.height - 6}" text-anchor="end">${epochs}</text></svg></figure>`;
}

interface Place {
  x: (epoch: number) => number;
  y: (value: number) => number;
  colour: string;
}

/** What was not measured is no part of the line. */
function lineOf({ name, values }: Curve, { x, y, colour }: Place): string {
  const points = values.flatMap((value, epoch) => (value !== null && Number.isFinite(value) ? [[x(epoch), y(value)] as const] : []));
  const last = points.at(-1);
  if (!last) return '';
  const way = points.map(([u, v]) => `${u.toFixed(1)},${v.toFixed(1)}`).join(' ');
  return (
    `<polyline points="${way}" fill="none" stroke="${colour}" stroke-width="1.5"/>` +
    `<circle cx="${last[0]}" cy="${last[1]}" r="2.5" fill="${colour}"/>` +
    `<text x="${last[0] + 6}" y="${last[1] + 4}" fill="${colour}">${escaped(name)}</text>`
  );
}
