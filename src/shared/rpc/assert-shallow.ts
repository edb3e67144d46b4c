// MessagePack decoders build whatever a few bytes claim: ten million nested arrays in ten megabytes. What comes from outside is walked
// through first, without building anything.

/** Nothing of ours is nested deeper, and but for lists of images nothing has more values; bytes and texts are one value each. */
const deepest = 16;
const mostValues = 200_000;

interface Head {
  /** Bytes of the head and of what it holds directly: numbers, texts, bytes. */
  length: number;
  /** Values that follow and belong to it. */
  children: number;
}

const fixed: Record<number, number> = { 0xca: 5, 0xcb: 9, 0xcc: 2, 0xcd: 3, 0xce: 5, 0xcf: 9, 0xd0: 2, 0xd1: 3, 0xd2: 5, 0xd3: 9 };
const fixedExtensions: Record<number, number> = { 0xd4: 3, 0xd5: 4, 0xd6: 6, 0xd7: 10, 0xd8: 18 };

function headAt(view: DataView, at: number): Head {
  const code = view.getUint8(at);
  const plain = fixed[code] ?? fixedExtensions[code];
  if (plain) return { length: plain, children: 0 };
  if (code < 0x80 || code >= 0xe0 || code === 0xc0 || code === 0xc2 || code === 0xc3) return { length: 1, children: 0 };
  if (code < 0x90) return { length: 1, children: 2 * (code & 15) };
  if (code < 0xa0) return { length: 1, children: code & 15 };
  if (code < 0xc0) return { length: 1 + (code & 31), children: 0 };
  return longHeadAt(view, at, code);
}

/** Values whose length stands behind their code. */
function longHeadAt(view: DataView, at: number, code: number): Head {
  switch (code) {
    case 0xc4:
    case 0xd9:
      return { length: 2 + view.getUint8(at + 1), children: 0 };
    case 0xc5:
    case 0xda:
      return { length: 3 + view.getUint16(at + 1), children: 0 };
    case 0xc6:
    case 0xdb:
      return { length: 5 + view.getUint32(at + 1), children: 0 };
    case 0xc7:
      return { length: 3 + view.getUint8(at + 1), children: 0 };
    case 0xc8:
      return { length: 4 + view.getUint16(at + 1), children: 0 };
    case 0xc9:
      return { length: 6 + view.getUint32(at + 1), children: 0 };
    case 0xdc:
      return { length: 3, children: view.getUint16(at + 1) };
    case 0xdd:
      return { length: 5, children: view.getUint32(at + 1) };
    case 0xde:
      return { length: 3, children: 2 * view.getUint16(at + 1) };
    case 0xdf:
      return { length: 5, children: 2 * view.getUint32(at + 1) };
    default:
      throw new Error(`it has the unknown code ${code}`);
  }
}

/**
 * Whether MessagePack can be decoded without harm.
 * @param most values that it may have
 * @throws Error in words that name the rule: it is cut off, nested more than 16 deep, or of more values than that
 */
export function assertShallow(bytes: Uint8Array, most = mostValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Values that each open array or map still waits for. */
  const open = [1];
  let at = 0;
  for (let values = 0; open.length > 0;) {
    if (open[open.length - 1]-- === 0) {
      open.pop();
      continue;
    }
    if (at >= bytes.length) throw new Error('it is cut off');
    if (++values > most) throw new Error(`it has more than ${most} values`);
    let head: Head;
    try {
      head = headAt(view, at);
    } catch (error) {
      throw error instanceof RangeError ? new Error('it is cut off') : error;
    }
    at += head.length;
    if (head.children > 0) open.push(head.children);
    if (open.length > deepest + 1) throw new Error(`it is nested more than ${deepest} deep`);
  }
  if (at > bytes.length) throw new Error('it is cut off');
}
