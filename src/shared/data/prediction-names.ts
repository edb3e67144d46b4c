// What files of predictions are called, by the ids of their images.

/** The last part of an id. */
const endOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** All of an id as the name of a file. */
export const wholePredictionName = (id: string): string => `${id.replaceAll('/', '+')}.png`;

/** The last part of an id as one. */
export const shortPredictionName = (id: string): string => `${endOf(id)}.png`;

/** A file name for each id: its last part, or all of it where two end alike. */
export function predictionNames(ids: readonly string[]): string[] {
  const ends = new Map<string, number>();
  for (const id of ids) ends.set(endOf(id), (ends.get(endOf(id)) ?? 0) + 1);
  return ids.map((id) => (ends.get(endOf(id)) === 1 ? shortPredictionName(id) : wholePredictionName(id)));
}
