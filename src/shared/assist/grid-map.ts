/** A map over an image: many numbers a cell, row-major, channels last. */
export interface GridMap {
  width: number;
  height: number;
  channels: number;
  /** float32 [height, width, channels] */
  values: Float32Array;
}

/** The same on its way to a window: what carries it knows bytes alone. */
export interface PackedMap extends Omit<GridMap, 'values'> {
  /** float32, in this machine's order of bytes. */
  bytes: Uint8Array;
}

export const packMap = ({ values, ...map }: GridMap): PackedMap => ({
  ...map,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** The map in memory of its own. */
export const unpackMap = ({ bytes, ...map }: PackedMap): GridMap => ({ ...map, values: new Float32Array(bytes.slice().buffer) });
