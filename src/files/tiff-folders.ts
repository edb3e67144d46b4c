// What the headers of a TIFF may take to read: its decoder follows folders within folders and keeps every value, however many there are.
import { decode, type TiffIfd } from 'tiff';

/** Bytes of a value, by its type. */
const bytesOfType = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];
/** Folders of Exif and of GPS, which masks have nothing of. */
const innerFolders = new Set([0x8769, 0x8825]);
/** No tag's number. */
const noTag = 0;
const mostEntries = 512;
/** Of a mask, and of the picture that may follow it. */
const mostFolders = 2;

/**
 * The same TIFF without folders within its folders.
 * @throws Error in words if its headers claim more than the file holds
 */
function withoutInnerFolders(content: Uint8Array): Uint8Array {
  // A copy: a buffer's slice is none.
  const plain = Uint8Array.from(content);
  const view = new DataView(plain.buffer);
  const little = plain[0] === 0x49;
  let at = view.getUint32(4, little);
  for (let folder = 0; folder < mostFolders && at !== 0; folder++) {
    let bytes = 0;
    const entries = view.getUint16(at, little);
    if (entries > mostEntries) throw new Error(`it has ${entries} tags, and at most ${mostEntries} are read`);
    for (let entry = 0; entry < entries; entry++) {
      const place = at + 2 + 12 * entry;
      if (innerFolders.has(view.getUint16(place, little))) view.setUint16(place, noTag, little);
      bytes += (bytesOfType[view.getUint16(place + 2, little)] ?? 1) * view.getUint32(place + 4, little);
    }
    if (bytes > content.length) throw new Error(`its tags take ${bytes} bytes, and the file has ${content.length}`);
    at = view.getUint32(at + 2 + 12 * entries, little);
  }
  return plain;
}

/**
 * What a TIFF says of its pictures, without their pixels.
 * @returns gives the headers of pictures by their numbers; throws RangeError where there is none of a number
 * @throws Error in words if its headers claim more than the file holds
 */
export function headersIn(content: Uint8Array): (pages: number[]) => TiffIfd[] {
  const plain = withoutInnerFolders(content);
  return (pages) => decode(plain, { ignoreImageData: true, pages });
}
