import path from 'node:path';
import { readMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';

/** The mask file of an image of the sample that a test's workbench has open. */
export const maskFile = (userData: string, image = 'street-001'): string => path.join(userData, `sample/trainannot/${image}.png`);

/** Its class ids. */
export const idsOf = (userData: string, image?: string): Uint8Array =>
  readMask(maskFile(userData, image), builtInClassSet('camvid-11').format).ids;

/** What pixels have become that were something else. */
export const changedIn = (before: Uint8Array, after: Uint8Array): number[] => [...after.filter((id, pixel) => id !== before[pixel])];
