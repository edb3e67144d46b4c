import { z } from 'zod';
import type { MaskFileForm, PixelKind } from '#files/mask-form';
import { isOwnCode } from '#files/mask-legend';
import type { MaskFormat } from '#shared/classes/class-info';
import { parseJson } from '#shared/json';
import { fnv1a } from '#shared/random';

const sample = z.int().min(0).max(65_535);
const byte = z.int().min(0).max(255);
const kindsSchema = z.array(
  z.object({
    code: byte,
    colourType: z.union([z.literal(0), z.literal(2), z.literal(3), z.literal(4), z.literal(6)]),
    depth: z.int().min(1).max(16),
    samples: z.array(sample).min(1).max(4),
    color: z.tuple([byte, byte, byte]).nullable(),
  }),
);

/** As a journal holds what codes stand for. */
export const writeKinds = (kinds: readonly PixelKind[]): string => JSON.stringify(kinds);

/** @throws Error if it is no such text */
export const readKinds = (text: string): PixelKind[] => parseJson(text, kindsSchema);

/** Every code's kind once, the newest of it. */
export const mergedKinds = (kinds: readonly PixelKind[]): PixelKind[] => [...new Map(kinds.map((kind) => [kind.code, kind])).values()];

/** Names what the codes of a class set mean in a mask whose pixels are more than values; nothing where codes are the values. */
export function codesNamed({ legend }: MaskFileForm, format: MaskFormat): { codes?: string } {
  if (!legend) return {};
  const meant = format.toId.map((_, code) => (isOwnCode(code, format) ? (format.colours?.[code] ?? code) : null));
  return { codes: fnv1a(JSON.stringify([format.by, meant])).toString(16) };
}
