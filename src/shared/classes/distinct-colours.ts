import type { Rgb } from './class-info.ts';

/** Degrees that each further hue is turned by: no two come close for long. */
const goldenAngle = 137.508;

/** A colour of the wheel. @param hue degrees @param value brightness, 0 … 1 */
function wheel(hue: number, saturation: number, value: number): Rgb {
  const channel = (n: number) => {
    const k = (n + hue / 60) % 6;
    return Math.round(255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

/** Fills the gaps of a list of colours with ones that no other entry has, the same ones each time. */
export function distinctColours(given: readonly (Rgb | null)[]): Rgb[] {
  const taken = new Set(given.flatMap((color) => (color ? [color.join()] : [])));
  let turn = 0;
  function next(): Rgb {
    for (;;) {
      const ring = Math.floor(turn / 12);
      const color = wheel((turn * goldenAngle) % 360, 0.85 - 0.25 * (ring % 3), 0.95 - 0.2 * (ring % 4));
      turn++;
      if (!taken.has(color.join()) && color.some((channel) => channel > 40)) {
        taken.add(color.join());
        return color;
      }
    }
  }
  return given.map((color) => color ?? next());
}

/** The same with all but the first entry of a colour as gaps. @returns the colours, and the places of those that are others now */
export function toldApart(given: readonly Rgb[]): { colours: Rgb[]; changed: number[] } {
  const isFirst = (color: Rgb, at: number) => given.findIndex((other) => other.join() === color.join()) === at;
  const colours = distinctColours(given.map((color, at) => (isFirst(color, at) ? color : null)));
  return { colours, changed: given.flatMap((color, at) => (isFirst(color, at) ? [] : [at])) };
}
