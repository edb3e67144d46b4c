// TensorBoard's event files: records of protobuf messages, each framed by its length and two masked CRC-32C sums.
import { appendFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import protobuf from 'protobufjs';
import { readPictureFile } from '#files/plain-file';

// The part of TensorFlow's event.proto and summary.proto that scalars and images need.
const schema = `
syntax = "proto3";
message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
// As in the original a oneof: outside of one a value of 0 would be left out.
message Value { string tag = 1; oneof value { float simple_value = 2; Image image = 4; } }
message Summary { repeated Value value = 1; }
message SessionLog { int32 status = 1; }
message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
`;
const eventType = protobuf.parse(schema, { keepCase: true }).root.lookupType('Event');

const polynomial = 0x82f63b78;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value >>> 0;
});

/** CRC-32C (Castagnoli), which zlib does not have. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** TensorFlow's masking: a sum over sums would be weak otherwise. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

function frame(payload: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + payload.length + 4);
  out.writeBigUInt64LE(BigInt(payload.length), 0);
  out.writeUInt32LE(masked(crc32c(out.subarray(0, 8))), 8);
  out.set(payload, 12);
  out.writeUInt32LE(masked(crc32c(payload)), 12 + payload.length);
  return out;
}

/** A PNG for an image summary. */
export interface EventImage {
  tag: string;
  file: string;
}

const sessionStart = 1;
const rgb = 3;

/** Appends a run's curves to an event file in its folder, which TensorBoard can watch while the run goes on. */
export class TensorBoardWriter {
  private readonly file: string;

  /**
   * @param folder the run's `tensorboard` folder
   * @param firstStep step from which this session's events replace those of earlier ones: a resume does some steps again
   */
  constructor(folder: string, firstStep: number) {
    mkdirSync(folder, { recursive: true });
    const seconds = Date.now() / 1000;
    this.file = path.join(folder, `events.out.tfevents.${seconds.toFixed(3)}.${os.hostname().replace(/[^\w.-]/g, '-')}.${process.pid}`);
    this.append([
      { wall_time: seconds, file_version: 'brain.Event:2' },
      { wall_time: seconds, step: firstStep, session_log: { status: sessionStart } },
    ]);
  }

  private append(events: Record<string, unknown>[]): void {
    appendFileSync(this.file, Buffer.concat(events.map((event) => frame(eventType.encode(eventType.create(event)).finish()))));
  }

  /** Scalars by tag, each a list of [step, value]. */
  scalars(series: Record<string, readonly (readonly [step: number, value: number])[]>): void {
    const seconds = Date.now() / 1000;
    this.append(
      Object.entries(series).flatMap(([tag, points]) =>
        points.map(([step, value]) => ({ wall_time: seconds, step, summary: { value: [{ tag, simple_value: value }] } })),
      ),
    );
  }

  images(step: number, images: readonly EventImage[]): void {
    const seconds = Date.now() / 1000;
    this.append(
      images.map(({ tag, file }) => {
        const png = Buffer.from(readPictureFile(file));
        // A PNG begins with its signature and the header that tells its size.
        const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
        const image = { height, width, colorspace: rgb, encoded_image_string: png };
        return { wall_time: seconds, step, summary: { value: [{ tag, image }] } };
      }),
    );
  }
}
