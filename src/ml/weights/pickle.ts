// Reads the small part of Python's pickle format that PyTorch writes. Nothing in a file is ever executed: a global is looked up
// in the caller's list, and what is not in it is refused.
import { AppError } from '#shared/errors';

/** What a pickle may name: a function of ours that stands for it, by `module.name`; undefined refuses it. */
export interface Globals {
  get(name: string): ((...args: unknown[]) => unknown) | undefined;
}

/** What stands for an object of a class that means nothing here, such as numpy's scalars: it holds nothing and does nothing. */
export class Inert {}

export interface Unpickled {
  value: unknown;
  /** Bytes read, up to and with the STOP. */
  length: number;
}

/** A global that was found in the list but not called. */
export interface GlobalReference {
  global: string;
  call: (...args: unknown[]) => unknown;
}

const mark = Symbol('mark');
const text = new TextDecoder('utf-8');
const depthLimit = 1_000_000;
/** Numbers of more bytes mean nothing, and take long to read. */
const longestLong = 64;

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly fail: (rule: string) => AppError;
  at: number;

  constructor(bytes: Uint8Array, at: number, fail: (rule: string) => AppError) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.fail = fail;
  }

  take(count: number): Uint8Array {
    if (count < 0 || this.at + count > this.bytes.length) throw this.fail('its pickle is cut off');
    return this.bytes.subarray(this.at, (this.at += count));
  }

  byte = (): number => this.take(1)[0];
  uint16 = (): number => this.number(2, (at) => this.view.getUint16(at, true));
  int32 = (): number => this.number(4, (at) => this.view.getInt32(at, true));
  uint32 = (): number => this.number(4, (at) => this.view.getUint32(at, true));
  double = (): number => this.number(8, (at) => this.view.getFloat64(at, false));
  string = (length: number): string => text.decode(this.take(length));

  private number(size: number, read: (at: number) => number): number {
    const { at } = this;
    this.take(size);
    return read(at);
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw this.fail('its pickle is cut off');
    const line = text.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return line;
  }

  /** A little-endian two's complement integer; a bigint where a number would round. */
  long(length: number): number | bigint {
    if (length > longestLong) throw this.fail(`its pickle has a number of ${length} bytes`);
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    if (length > 0 && bytes[length - 1] & 0x80) value -= 1n << BigInt(8 * length);
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }
}

/** The machine's state while one pickle is read. */
class Machine {
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  readonly fail: (rule: string) => AppError;
  private readonly globals: Globals;

  constructor(globals: Globals, fail: (rule: string) => AppError) {
    this.globals = globals;
    this.fail = fail;
  }

  push(value: unknown): void {
    if (this.stack.length > depthLimit) throw this.fail('its pickle is nested too deeply');
    this.stack.push(value);
  }

  pop(): unknown {
    const value = this.top();
    if (value === mark) throw this.fail('its pickle takes a mark for a value');
    this.stack.pop();
    return value;
  }

  top(): unknown {
    if (this.stack.length === 0) throw this.fail('its pickle takes from an empty stack');
    return this.stack.at(-1);
  }

  /** Everything above the newest mark, which goes as well. */
  popToMark(): unknown[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw this.fail('its pickle lacks a mark');
    return this.stack.splice(at).slice(1);
  }

  global(name: string): void {
    const call = this.globals.get(name);
    if (!call) {
      throw this.fail(
        `it names ${name}, which is not in the list of what a weight file may name; nothing of it was run. ` +
          'Save the weights alone: torch.save(model.state_dict(), file)',
      );
    }
    this.push({ global: name, call } satisfies GlobalReference);
  }

  reduce(): void {
    const args = this.pop();
    const reference = this.pop() as Partial<GlobalReference> | null;
    if (typeof reference?.call !== 'function' || !Array.isArray(args)) throw this.fail('its pickle calls what cannot be called');
    this.push(reference.call(...(args as unknown[])));
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw this.fail(`its pickle recalls ${index}, which was never kept`);
    this.push(this.memo.get(index));
  }

  setItems(pairs: unknown[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!(target instanceof Map) || pairs.length % 2 !== 0) throw this.fail('its pickle sets items of what is no dictionary');
    for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i], pairs[i + 1]);
  }

  append(items: unknown[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!Array.isArray(target)) throw this.fail('its pickle appends to what is no list');
    for (const item of items) target.push(item);
  }
}

type Operation = (machine: Machine, reader: Reader, persistent: (id: unknown) => unknown) => void;

const tuple =
  (count: number): Operation =>
  (machine) =>
    machine.push(Array.from({ length: count }, () => machine.pop()).reverse());
const bytesOf = (reader: Reader, length: number): Uint8Array => reader.take(length).slice();

/** A length of eight bytes. */
const length64 = (reader: Reader): number => reader.uint32() + reader.uint32() * 2 ** 32;

/** Opcodes by byte; what PyTorch's pickles hold, protocols 2 to 5. */
const operations = new Map<number, Operation>(
  Object.entries<Operation>({
    '\x80': (_, reader) => void reader.byte(),
    '\x95': (_, reader) => void reader.take(8),
    '}': (machine) => machine.push(new Map()),
    ']': (machine) => machine.push([]),
    ')': (machine) => machine.push([]),
    '(': (machine) => machine.push(mark),
    X: (machine, reader) => machine.push(reader.string(reader.uint32())),
    '\x8c': (machine, reader) => machine.push(reader.string(reader.byte())),
    U: (machine, reader) => machine.push(reader.string(reader.byte())),
    T: (machine, reader) => machine.push(reader.string(reader.int32())),
    B: (machine, reader) => machine.push(bytesOf(reader, reader.uint32())),
    C: (machine, reader) => machine.push(bytesOf(reader, reader.byte())),
    q: (machine, reader) => void machine.memo.set(reader.byte(), machine.top()),
    r: (machine, reader) => void machine.memo.set(reader.uint32(), machine.top()),
    '\x8d': (machine, reader) => machine.push(reader.string(length64(reader))),
    '\x8e': (machine, reader) => machine.push(bytesOf(reader, length64(reader))),
    '\x96': (machine, reader) => machine.push(bytesOf(reader, length64(reader))),
    '\x94': (machine) => void machine.memo.set(machine.memo.size, machine.top()),
    h: (machine, reader) => machine.recall(reader.byte()),
    j: (machine, reader) => machine.recall(reader.uint32()),
    c: (machine, reader) => machine.global(`${reader.line()}.${reader.line()}`),
    '\x93': (machine) => {
      const [name, module] = [machine.pop(), machine.pop()];
      if (typeof name !== 'string' || typeof module !== 'string') throw machine.fail('its pickle names a global by what is no text');
      machine.global(`${module}.${name}`);
    },
    t: (machine) => machine.push(machine.popToMark()),
    '\x85': tuple(1),
    '\x86': tuple(2),
    '\x87': tuple(3),
    J: (machine, reader) => machine.push(reader.int32()),
    K: (machine, reader) => machine.push(reader.byte()),
    M: (machine, reader) => machine.push(reader.uint16()),
    '\x8a': (machine, reader) => machine.push(reader.long(reader.byte())),
    '\x8b': (machine, reader) => machine.push(reader.long(reader.uint32())),
    G: (machine, reader) => machine.push(reader.double()),
    '\x88': (machine) => machine.push(true),
    '\x89': (machine) => machine.push(false),
    N: (machine) => machine.push(null),
    Q: (machine, _, persistent) => machine.push(persistent(machine.pop())),
    R: (machine) => machine.reduce(),
    '\x81': (machine) => machine.reduce(),
    // With named arguments, which nothing here takes.
    '\x92': (machine) => {
      machine.pop();
      machine.reduce();
    },
    // Sets hold no weights.
    '\x8f': (machine) => machine.push(new Inert()),
    '\x90': (machine) => machine.append(machine.popToMark()),
    '\x91': (machine) => {
      machine.popToMark();
      machine.push(new Inert());
    },
    '1': (machine) => void machine.popToMark(),
    '2': (machine) => machine.push(machine.top()),
    s: (machine) => {
      const value = machine.pop();
      machine.setItems([machine.pop(), value]);
    },
    u: (machine) => machine.setItems(machine.popToMark()),
    a: (machine) => machine.append([machine.pop()]),
    e: (machine) => machine.append(machine.popToMark()),
    // A state put on an object, such as an OrderedDict's _metadata: weights are never in it.
    b: (machine) => void machine.pop(),
    '0': (machine) => void machine.pop(),
  }).map(([key, operation]) => [key.charCodeAt(0), operation]),
);

const stop = '.'.charCodeAt(0);

/**
 * Reads one pickle. Dictionaries become Maps, tuples and lists arrays.
 * @param globals what it may name; anything else is refused before it could do anything
 * @param persistent turns a persistent id into a value
 * @throws AppError 'corrupt-file' naming the file and the rule
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  options: { file: string; globals: Globals; persistent: (id: unknown) => unknown },
): Unpickled {
  const fail = (rule: string) => new AppError('corrupt-file', `${options.file} cannot be read: ${rule}`, { file: options.file });
  const reader = new Reader(bytes, start, fail);
  const machine = new Machine(options.globals, fail);
  for (;;) {
    const code = reader.byte();
    if (code === stop) return { value: machine.pop(), length: reader.at - start };
    const operation = operations.get(code);
    if (!operation) throw fail(`its pickle has the unknown code ${code}`);
    operation(machine, reader, options.persistent);
  }
}
