import { Worker } from 'node:worker_threads';
import { shutOtherDecoders } from '#files/decoders';
import { readLimits } from '#files/read-limits';
import { AppError, messageOf } from '#shared/errors';
import { fromWireError } from '#shared/rpc/wire-errors';
import type { MaskFormat } from '#shared/classes/class-info';
import type { Sample } from '#shared/data/sample';
import type { DecodedSample } from './decode.ts';
import type { Rendered, View } from './render.ts';
import type { WorkerReply, WorkerTask } from './worker-protocol.ts';

interface Waiting {
  resolve: (reply: { decoded: DecodedSample; rendered: Rendered | null }) => void;
  reject: (error: unknown) => void;
}

export interface PoolOptions {
  /** The worker thread's entry file. */
  entry: URL;
  /** Worker threads; they run beside the thread that computes. */
  workers: number;
  /** Memory for decoded samples, in bytes; what does not fit is decoded anew each time. */
  budgetBytes: number;
  /** Whether the oldest make room for new ones: right where each is looked at a few times and then no more, wrong for epochs. */
  evicts?: boolean;
}

const bytesOf = ({ pixels, labels }: DecodedSample): number => pixels.length + (labels?.length ?? 0);
const keyOf = ({ id }: Sample, view: View, size: readonly [number, number]): string => JSON.stringify([id, view, size]);

/**
 * Decodes and augments samples off the thread that trains. Decoded samples are kept in shared memory within a budget; what is made of
 * them is a pure function of sample and view, so the number of workers and their order change nothing.
 */
export class SamplePool {
  private readonly format: MaskFormat | null;
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, Waiting>();
  private readonly cache = new Map<string, DecodedSample>();
  private readonly prefetched = new Map<string, Promise<{ decoded: DecodedSample; rendered: Rendered | null }>>();
  private readonly evicts: boolean;
  private freeBytes: number;
  private nextId = 0;
  private failure: AppError | null = null;
  private closing = false;
  /** What was read of each sample. */
  private readonly revisions = new Map<string, string>();
  private readonly changed: string[] = [];

  constructor(format: MaskFormat | null, options: PoolOptions) {
    shutOtherDecoders();
    this.format = format;
    this.freeBytes = options.budgetBytes;
    this.evicts = options.evicts ?? false;
    this.workers = Array.from({ length: Math.max(1, options.workers) }, () => this.start(options.entry));
  }

  private start(entry: URL): Worker {
    const worker = new Worker(entry);
    worker.on('message', (reply: WorkerReply) => this.settle(reply));
    worker.on('error', (error) => this.fail(new AppError('trainer-failed', `A data worker failed: ${messageOf(error)}`)));
    worker.on('exit', (code) => {
      if (!this.closing) this.fail(new AppError('trainer-failed', `A data worker ended with code ${code}`));
    });
    return worker;
  }

  private settle(reply: WorkerReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.error) waiting?.reject(fromWireError(reply.error));
    else waiting?.resolve(reply);
  }

  private fail(error: AppError): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private async run(sample: Sample, view: WorkerTask['view']): Promise<{ decoded: DecodedSample; rendered: Rendered | null }> {
    if (this.failure) throw this.failure;
    const id = ++this.nextId;
    const task: WorkerTask = { id, limits: readLimits(), sample, format: this.format, decoded: this.cache.get(sample.id) ?? null, view };
    const reply = await new Promise<{ decoded: DecodedSample; rendered: Rendered | null }>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.workers[id % this.workers.length].postMessage(task);
    });
    this.compare(sample, reply.decoded);
    this.remember(reply.decoded);
    return reply;
  }

  /** Files that are others than when they were first read, each told once. */
  takeChanged(): string[] {
    return this.changed.splice(0);
  }

  /** Who keeps all that was read knows files by their content. */
  private compare({ imageFile }: Sample, { id, revisions }: DecodedSample): void {
    if (this.evicts) return;
    const before = this.revisions.get(id);
    this.revisions.set(id, revisions);
    if (before !== undefined && before !== revisions) this.changed.push(imageFile);
  }

  private remember(decoded: DecodedSample): void {
    const bytes = bytesOf(decoded);
    if (this.cache.has(decoded.id)) return;
    if (this.evicts) for (const old of this.cache.values()) if (bytes > this.freeBytes) this.forget(old);
    if (bytes > this.freeBytes) return;
    this.freeBytes -= bytes;
    this.cache.set(decoded.id, decoded);
  }

  private forget(decoded: DecodedSample): void {
    this.cache.delete(decoded.id);
    this.freeBytes += bytesOf(decoded);
  }

  /** The decoded sample. @throws AppError 'corrupt-file' naming the file and the rule */
  async get(sample: Sample): Promise<DecodedSample> {
    return this.cache.get(sample.id) ?? (await this.run(sample, null)).decoded;
  }

  /** A network's input of a sample. @param size [height, width] @throws as `get` */
  async render(sample: Sample, view: View, size: readonly [number, number]): Promise<Rendered> {
    const key = keyOf(sample, view, size);
    const ready = this.prefetched.get(key);
    this.prefetched.delete(key);
    return (await (ready ?? this.run(sample, { view, size }))).rendered!;
  }

  /** Begins to render what will be asked for soon. */
  prefetch(sample: Sample, view: View, size: readonly [number, number]): void {
    const rendering = this.run(sample, { view, size });
    // A failure is reported when the result is asked for.
    rendering.catch(() => undefined);
    this.prefetched.set(keyOf(sample, view, size), rendering);
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
