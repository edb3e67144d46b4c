import { createHash } from 'node:crypto';
import type { ClassInfo } from '#shared/classes/class-info';
import type { Sample } from '#shared/data/sample';

/**
 * A mark of what scores are of: runs of the same classes, scored on the same images with the same labels, have the same one.
 * @returns null where nothing is told of what a run is scored on
 */
export function validationMark(classes: readonly ClassInfo[], samples: readonly Sample[]): string | null {
  if (samples.length === 0) return null;
  const hash = createHash('sha256').update(JSON.stringify(classes.map(({ name }) => name)));
  for (const line of samples.map(({ id, revision }) => `${id}|${revision ?? ''}`).sort()) hash.update(`\n${line}`);
  return hash.digest('hex').slice(0, 16);
}
