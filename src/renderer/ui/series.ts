/** Points of one line in order of x; y is null where there is no value. */
export interface Points {
  x: readonly number[];
  y: readonly (number | null)[];
}

/**
 * As many points as a screen can show: of each stretch the lowest and the highest value stay, so that no peak is lost.
 * @param limit points kept at the most, two a stretch
 */
export function envelope({ x, y }: Points, limit: number): Points {
  if (x.length <= limit) return { x, y };
  const stretches = Math.max(1, Math.floor(limit / 2));
  const kept: number[] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const [from, to] = [Math.floor((stretch * x.length) / stretches), Math.floor(((stretch + 1) * x.length) / stretches)];
    let [low, high] = [-1, -1];
    for (let i = from; i < to; i++) {
      const value = y[i];
      if (value === null) continue;
      if (low < 0 || value < y[low]!) low = i;
      if (high < 0 || value > y[high]!) high = i;
    }
    if (low >= 0) kept.push(...(low === high ? [low] : [Math.min(low, high), Math.max(low, high)]));
  }
  return { x: kept.map((index) => x[index]), y: kept.map((index) => y[index]) };
}

/**
 * Exponential smoothing that does not lean to its first value.
 * @param weight of the past, 0 … 1; 0 leaves the values as they are
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return [...values];
  let [average, total] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return average / total;
  });
}

/** Place of a line's newest point among those of all lines, at which it is undefined where it has none; null of an empty line. */
export function lastKnown(values: ArrayLike<number | null | undefined>): number | null {
  // From the end, and without a copy: it is asked for each line whenever a step is drawn.
  for (let place = values.length - 1; place >= 0; place--) if (values[place] !== undefined) return place;
  return null;
}
