type Rgb = [number, number, number];

/** The numbers of `rgb(r g b)` or `#rrggbb`; null for anything else. */
export function parseColour(text: string): Rgb | null {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (hex) return [hex[1], hex[2], hex[3]].map((part) => Number.parseInt(part, 16)) as Rgb;
  const rgb = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(text);
  return rgb ? [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])] : null;
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours after WCAG, 1 … 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** What a thin line needs to be seen. */
const enough = 2.5;

/** A colour moved towards the text's until a line of it stands out from the surface. @returns CSS colour */
export function lineColour(colour: string, surface: string, text: string): string {
  const [own, ground, ink] = [colour, surface, text].map(parseColour);
  if (!own || !ground || !ink) return colour;
  for (let share = 0; share <= 1; share += 0.1) {
    const mixed = own.map((value, channel) => Math.round(value + share * (ink[channel] - value))) as Rgb;
    if (contrast(mixed, ground) >= enough) return `rgb(${mixed.join(' ')})`;
  }
  return text;
}

/** `#rrggbb` of a colour. */
export const hexOf = (color: Rgb): string => `#${color.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

/** A colour of `#rrggbb`; grey for anything else. */
export const rgbOf = (hex: string): Rgb => parseColour(hex) ?? [128, 128, 128];
