import type { GridMap } from '#shared/assist/grid-map';
import { placesAmong } from '../editor/cells.ts';

/** A map at another size, bilinearly. */
export function resized(map: GridMap, width: number, height: number): GridMap {
  if (map.width === width && map.height === height) return map;
  const { channels, values: from } = map;
  const values = new Float32Array(width * height * channels);
  const [across, down] = [placesAmong(width, map.width), placesAmong(height, map.height)];
  for (let y = 0, out = 0; y < height; y++) {
    const [top, bottom, dy] = [down.low[y] * map.width, down.high[y] * map.width, down.share[y]];
    for (let x = 0; x < width; x++) {
      const [left, right, dx] = [across.low[x], across.high[x], across.share[x]];
      const [a, b, c, d] = [top + left, top + right, bottom + left, bottom + right].map((cell) => cell * channels);
      for (let k = 0; k < channels; k++, out++) {
        const above = from[a + k] + dx * (from[b + k] - from[a + k]);
        const below = from[c + k] + dx * (from[d + k] - from[c + k]);
        values[out] = above + dy * (below - above);
      }
    }
  }
  return { width, height, channels, values };
}

/** Each channel with mean 0 and deviation 1 over the map, in place. One that does not vary becomes 0. */
export function standardise({ channels, values }: GridMap): void {
  const cells = values.length / channels;
  for (let k = 0; k < channels; k++) {
    let [sum, squares] = [0, 0];
    for (let i = k; i < values.length; i += channels) {
      sum += values[i];
      squares += values[i] * values[i];
    }
    const mean = sum / cells;
    const deviation = Math.sqrt(Math.max(0, squares / cells - mean * mean));
    const scale = deviation > 1e-6 ? 1 / deviation : 0;
    for (let i = k; i < values.length; i += channels) values[i] = (values[i] - mean) * scale;
  }
}

/** How far each cell of a grid is from the nearest of some, in cells: first within its column, then across its row. Without any, far. */
export function distancesTo(cells: Iterable<number>, columns: number, rows: number): Float32Array {
  const far = columns + rows;
  const within = new Float32Array(columns * rows).fill(far);
  for (const cell of cells) within[cell] = 0;
  for (let i = columns; i < within.length; i++) within[i] = Math.min(within[i], within[i - columns] + 1);
  for (let i = within.length - columns - 1; i >= 0; i--) within[i] = Math.min(within[i], within[i + columns] + 1);
  const distances = new Float32Array(within.length);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let nearest = far * far;
      for (let other = 0; other < columns; other++) {
        const down = within[y * columns + other];
        nearest = Math.min(nearest, (other - x) * (other - x) + down * down);
      }
      distances[y * columns + x] = Math.sqrt(nearest);
    }
  return distances;
}
