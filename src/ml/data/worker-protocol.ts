// What the pool and its worker threads say to each other.
import type { WireError } from '#shared/rpc/frames';
import type { MaskFormat } from '#shared/classes/class-info';
import type { ReadLimits } from '#shared/data/read-limits';
import type { Sample } from '#shared/data/sample';
import type { DecodedSample } from './decode.ts';
import type { Rendered, View } from './render.ts';

/** Decodes a sample, unless it comes decoded, and renders it, if a view is given. */
export interface WorkerTask {
  id: number;
  limits: ReadLimits;
  sample: Sample;
  format: MaskFormat | null;
  decoded: DecodedSample | null;
  view: { view: View; size: readonly [number, number] } | null;
}

export type WorkerReply = { id: number; decoded: DecodedSample; rendered: Rendered | null; error: null } | { id: number; error: WireError };
