/** What one pass through the network takes. */
export interface Batch {
  /** float32 [count, height, width, 3], normalised. */
  images: Float32Array;
  /** Class ids [count, height, width], 255 = void. */
  labels: Uint8Array;
  count: number;
  size: readonly [number, number];
  ids: string[];
}
