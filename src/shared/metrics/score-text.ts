// Scores in words, the same on the screen and in what goes out.

/** A fraction, such as an IoU; a dash where there is none. */
export const fraction = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(3));

/** A difference of fractions, with its sign. */
export const signed = (value: number | null, digits = 3): string =>
  value === null ? '–' : `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}`;
