import { isMainThread } from 'node:worker_threads';
import sharp from 'sharp';

let isShut = false;

/**
 * Shuts libvips' loaders for drawings and documents. The switch is the whole process's, and what another thread is just decoding fails
 * while it is moved: it is moved once, by the main thread, before there is any other. Whoever starts threads calls this first.
 */
export function shutOtherDecoders(): void {
  if (isShut || !isMainThread) return;
  isShut = true;
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadTiff'] });
}
