import type { Protocol } from '#shared/metrics/protocol';
import type { ImageLook } from '#shared/contract/review';

/** How the images are looked at, by its name: null as the run validates. */
export const looks = {
  run: null,
  mirrored: { scales: [1], flip: true },
  scales: { scales: [0.75, 1, 1.25], flip: true },
} satisfies Record<string, ImageLook | null>;
export type Look = keyof typeof looks;

/** How a prediction was made, as far as it is one of these; else as its run validates. */
export function lookOf({ scales, flip }: Protocol): Look {
  const names = Object.keys(looks) as Look[];
  const isSame = (name: Look) => looks[name]?.flip === flip && looks[name].scales.join() === scales.join();
  return names.find(isSame) ?? 'run';
}
